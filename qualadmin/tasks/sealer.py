"""The sealer's round: sign what is due, publish what is not published yet, and raise the alarm when it cannot.

It runs in a process of its own (`manage.py audit_seal`), with its key and its memory; nothing waits for it.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from qualadmin.audit.durable import write_whole
from qualadmin.audit.intervals import signers_of
from qualadmin.audit.keys import read_signing_keys, write_signing_keys
from qualadmin.audit.models import AuditCheckpoint, AuditEntry
from qualadmin.audit.notes import SigningKey
from qualadmin.audit.record import record_now
from qualadmin.audit.rotation import tell
from qualadmin.audit.seal import LogRewritten, seal
from qualadmin.audit.seal_state import read_state
from qualadmin.audit.types import AuditError, Context, Target
from qualadmin.core import killpoints
from qualadmin.core.permissions import Role
from qualadmin.offsite import Conflict, Place, Unreachable
from qualadmin.tasks.notices import send

log = logging.getLogger(__name__)

EVERY: Final = timedelta(minutes=15)
IDLE_EVERY: Final = timedelta(hours=24)  # an idle log is signed too: the newest note says that the sealer lives
STALE_SECONDS: Final = 30 * 60
JOB_ENDS: Final = ("job.finished", "job.stopped")
CONTEXT: Final = Context.system("sealer")
GOOD, REFUSED, STALE = 0, 1, 2


@dataclass
class PlaceState:
    """How far one place is. `failing_since` is seconds since 1970, 0 while it works."""

    size: int = 0
    failing_since: float = 0
    told: bool = False


class Sealing:
    """What goes on from one round to the next. The bookkeeping may be lost: a note is never published twice."""

    def __init__(
        self,
        places: Sequence[Place],
        *,
        clock: Callable[[], float] = time.time,
        reached: Callable[[str], None] = killpoints.reached,
    ) -> None:
        self.places = places
        self.clock = clock
        self.reached = reached
        self.state_path: Path = settings.AUDIT_STATE_PATH
        self.refused = ""
        self._read()

    def round(self, *, force: bool = False) -> int:
        """Sign if due (or forced), then publish. GOOD, REFUSED, or STALE when a place is behind for 30 minutes."""
        verdict = GOOD
        try:
            if force or due():
                self._sign()
            self.refused = ""
        except AuditError as error:
            verdict = REFUSED
            self._alarm(error)
        late = [place.name for place in self.places if not self._publish(place)]
        if late and verdict == GOOD:
            verdict = STALE
        return verdict

    def _sign(self) -> None:
        keys = self._keys()
        stored = seal(CONTEXT, self.state_path, keys, reached=self.reached)
        if len(keys) > 1:  # the old key has signed beside the new one: from now on the new one is alone
            write_signing_keys(settings.AUDIT_KEY_PATH, keys[-1:])
            self.reached("key_dropped")
        log.info("Signed a checkpoint of %s entries.", stored.size)

    def _keys(self) -> list[SigningKey]:
        """The key, or old and new if they did not sign together yet; known to everybody before they sign."""
        keys = read_signing_keys(settings.AUDIT_KEY_PATH)
        publics = [key.public for key in keys]
        tell(CONTEXT, publics)
        if len(keys) > 1 and len(signers_of(read_state(self.state_path).note, publics)) > 1:
            keys = keys[-1:]  # a crash came between their checkpoint and the end of the old key
            write_signing_keys(settings.AUDIT_KEY_PATH, keys)
        return keys

    def _alarm(self, error: AuditError) -> None:
        """Loud each time in the process's log; mailed and written down once for each cause."""
        log.critical("The audit log was not signed. %s", error)
        if self.refused == str(error):
            return
        self.refused = str(error)
        if isinstance(error, LogRewritten):
            with suppress(AuditError, DatabaseError):  # the log itself may be what is broken; the mail tells
                payload = {"cause": str(error)[:2000]}
                record_now(CONTEXT, "audit.checkpoint.refused", outcome="failed", payload=payload)
        send(
            Role.MANAGER,
            "The audit log was not signed",
            f"{error}\n\nNo checkpoint is made until this is cleared up.",
        )

    def _publish(self, place: Place) -> bool:
        """Bring the place up to date. False if it is behind for too long."""
        known = self.states.setdefault(place.name, PlaceState())
        waiting = AuditCheckpoint.objects.filter(size__gt=known.size).order_by("size")
        try:
            for checkpoint in waiting.iterator(chunk_size=100):
                place.put(checkpoint.size, checkpoint.note)
                self.reached("published")
                note_published(checkpoint.size, place.name)
                self.reached("noted")
                known.size, known.failing_since, known.told = checkpoint.size, 0, False
                self._write()
                self.reached("place_done")
        except (Unreachable, Conflict) as error:
            return self._failed(place.name, known, error)
        return True

    def _failed(self, name: str, known: PlaceState, error: Unreachable | Conflict) -> bool:
        now = self.clock()
        if not known.failing_since:
            known.failing_since = now
            record_now(
                CONTEXT,
                "audit.checkpoint.publish_failed",
                outcome="failed",
                changes={"place": [None, name]},
                payload={"cause": str(error)[:2000]},
            )
        log.error("A checkpoint could not be published; it is kept and tried again. %s", error)
        stale = now - known.failing_since >= STALE_SECONDS or isinstance(error, Conflict)
        if stale and not known.told:
            known.told = True
            log.critical("Checkpoints do not reach %s. %s", name, error)
            text = f"{error}\n\nThey are kept and tried again. Until then this place proves nothing newer."
            send(Role.MANAGER, f"Checkpoints do not reach {name}", text)
        self._write()
        return not stale

    # --- bookkeeping

    @property
    def _path(self) -> Path:
        return self.state_path.with_name(f"{self.state_path.name}.published")

    def _read(self) -> None:
        self.states: dict[str, PlaceState] = {}
        with suppress(OSError, ValueError, TypeError, AttributeError):
            stored = json.loads(self._path.read_bytes())
            self.states = {str(name): PlaceState(**one) for name, one in stored.items()}

    def _write(self) -> None:
        content = {name: asdict(one) for name, one in self.states.items()}
        write_whole(self._path, json.dumps(content, indent=1).encode(), mode=0o600)


def due() -> bool:
    """Whether a checkpoint should be made now: a job ended, 15 minutes with something new, or a day without."""
    newest = AuditCheckpoint.objects.order_by("-size").only("size", "sealed_at").first()
    if newest is None:
        return True
    age = timezone.now() - newest.sealed_at
    since = AuditEntry.objects.filter(seq__gte=newest.size)
    if age >= EVERY and since.exclude(action__startswith="audit.checkpoint.").exists():
        return True
    return age >= IDLE_EVERY or since.filter(action__in=JOB_ENDS).exists()


def note_published(size: int, name: str) -> None:
    """Write down, once, that this place has the checkpoint of `size` entries."""
    target = Target("checkpoint", str(size), f"Checkpoint of {size} entries")
    told = AuditEntry.objects.filter(
        action="audit.checkpoint.published", target_type=target.type, target_id=target.id
    )
    if not any(entry.changes["place"][1] == name for entry in told):
        record_now(CONTEXT, "audit.checkpoint.published", target=target, changes={"place": [None, name]})
