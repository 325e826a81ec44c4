"""What the sealer remembers, in a file of its own: only what it signed itself is believed, not the database."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qualadmin.audit.durable import write_whole
from qualadmin.audit.tree import Frontier
from qualadmin.audit.types import AuditError

VERSION = 1


class StateLost(AuditError):
    """The sealer does not know what it signed last. Nothing is signed until somebody shows it the newest note."""


class AlreadySealing(AuditError):
    """Another sealer holds the lock of this state file."""


@dataclass(frozen=True, slots=True)
class SealState:
    """The log as it was signed last. `streams` and `last_time` let the next reading begin right there."""

    origin: str
    tree: Frontier
    streams: dict[str, int] = field(default_factory=dict)
    last_time: str = ""
    note: str = ""

    def write(self, path: Path) -> None:
        """Put it on the disk in one step."""
        content = {
            "v": VERSION,
            "origin": self.origin,
            "size": self.tree.size,
            "frontier": self.tree.to_bytes().hex(),
            "streams": self.streams,
            "last_time": self.last_time,
            "note": self.note,
        }
        write_whole(path, json.dumps(content, indent=1).encode(), mode=0o600)


def read_state(path: Path) -> SealState:
    """What was written last. Raises StateLost."""
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        if content["v"] != VERSION:
            raise ValueError(f"version {content['v']}")
        tree = Frontier.from_bytes(int(content["size"]), bytes.fromhex(content["frontier"]))
        streams = {str(name): int(size) for name, size in content["streams"].items()}
        return SealState(str(content["origin"]), tree, streams, str(content["last_time"]), str(content["note"]))
    except FileNotFoundError:
        why = "is not there"
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    except (AttributeError, KeyError, TypeError, ValueError):
        why = "is damaged"
    raise StateLost(
        f"The sealer's memory {path} {why}. Nothing was signed. Take the newest note from a place the log's "
        "checkpoints are published to, and start once with: manage.py audit_seal --once --resume-from NOTE"
    )


@contextmanager
def only_sealer(path: Path) -> Iterator[None]:
    """Hold the lock beside the state file. Raises AlreadySealing at once if somebody else does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadySealing(f"Another sealer works with {path}. This one did nothing.") from None
        yield
