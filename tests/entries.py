"""Looking at what a piece of code wrote into the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.db import connection

from qualadmin.audit import canonical
from qualadmin.audit.models import AuditEntry, AuditPayload


class Entries(list[AuditEntry]):
    """The entries of one block, oldest first."""

    @property
    def actions(self) -> list[str]:
        return [entry.action for entry in self]

    @property
    def only(self) -> AuditEntry:
        """The single entry; fails if there are more or none."""
        assert len(self) == 1, f"expected one entry, found {self.actions}"
        return self[0]


@contextmanager
def new_entries() -> Iterator[Entries]:
    """`with new_entries() as entries: act()`; afterwards `entries` holds what was written inside."""
    before = AuditEntry.objects.count()
    found = Entries()
    yield found
    found.extend(AuditEntry.objects.filter(seq__gte=before).order_by("seq"))


def newest(action: str) -> AuditEntry:
    """The newest entry of this action; fails if there is none."""
    return AuditEntry.objects.filter(action=action).latest("seq")


def take_the_next_number() -> None:
    """What somebody does who writes into the log by hand: from now on it takes no entry more."""
    names = "stream, recorded_at, actor_kind, actor_label, action, outcome, severity, core, leaf"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO audit_entry (seq, id, stream_seq, {names}) SELECT (SELECT size FROM audit_head), %s,"
            f" 999999999, {names} FROM audit_entry WHERE seq = 0",
            [str(uuid4()) if connection.vendor == "postgresql" else uuid4().hex],
        )


def payload_of(entry: AuditEntry) -> dict[str, object]:
    """The erasable part of an entry; empty if it has none."""
    row = AuditPayload.objects.filter(seq=entry.seq).first()
    return canonical.decode(bytes(row.body)) if row else {}
