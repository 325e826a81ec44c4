"""A sealer's files for tests, and what somebody could do to a log who owns its database."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qualadmin.audit import seal, testing, tree
from qualadmin.audit.models import AuditCheckpoint, AuditEntry
from qualadmin.audit.notes import SigningKey
from qualadmin.audit.types import Context
from tests.audit.damage import sql

ORIGIN = "localhost/qualadmin"


@dataclass
class Sealer:
    """The key and the memory of a sealer, in a folder of its own."""

    context: Context
    state: Path
    keys: list[SigningKey]

    @classmethod
    def new(cls, context: Context, folder: Path) -> "Sealer":
        seal.begin(folder / "state")
        return cls(context, folder / "state", [SigningKey.generate(ORIGIN)])

    def seal(self, reached: Callable[[str], None] = lambda _: None) -> AuditCheckpoint:
        return seal.seal(self.context, self.state, self.keys, reached=reached)


def head_from_entries() -> None:
    """Write the head that the entries as they are now give."""
    forged = tree.Frontier()
    streams: dict[str, int] = {}
    for stream, core in AuditEntry.objects.order_by("seq").values_list("stream", "core"):
        forged.push(tree.leaf_hash(bytes(core)))
        streams[stream] = streams.get(stream, 0) + 1
    with testing.disable_guards():
        sql("UPDATE audit_head SET size = %s, frontier = %s", forged.size, forged.to_bytes())
        for name, size in streams.items():
            sql("UPDATE audit_stream SET size = %s WHERE name = %s", size, name)
