"""Erasing the texts beside entries. Entries stay, and one of them tells whose texts went: the log still adds up.

The log itself explains what is missing: an entry `audit.texts.erased` names the numbers, in the stream of these
entries, so that whoever reads one stream can check it by itself. The table of erasures only lets the guard of the
payloads know.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.base import BaseDatabaseWrapper

from qualadmin.audit import canonical
from qualadmin.audit.models import AuditErasure, AuditPayload
from qualadmin.audit.record import Transaction

ACTION: Final = "audit.texts.erased"
AT_ONCE: Final = 500  # numbers that one entry names; also below SQLite's oldest limit of parameters


def erase_texts(
    tx: Transaction,
    texts: Mapping[str, Sequence[int]],
    *,
    subject: UUID,
    parent: UUID,
    using: str = DEFAULT_DB_ALIAS,
) -> int:
    """Delete the payloads of these entries, by stream, and have an entry for each stream say so.

    `parent` is the entry of the erasure itself. Returns how many texts went. Call inside `tx`'s transaction.
    """
    gone = 0
    for stream in sorted(texts):
        numbers = sorted(texts[stream])
        for start in range(0, len(numbers), AT_ONCE):
            part = numbers[start : start + AT_ONCE]
            entry = tx.record(
                ACTION, stream=stream, subject=subject, parent=parent, changes={"texts": [None, part]}
            )
            AuditErasure.objects.using(using).bulk_create(AuditErasure(seq=seq, entry_id=entry) for seq in part)
            gone += AuditPayload.objects.using(using).filter(seq__in=part).delete()[0]
    return gone


def erased_texts(connection: BaseDatabaseWrapper) -> frozenset[int]:
    """The entries whose texts went, as the log tells. Entries that cannot be read tell nothing."""
    found: set[int] = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT core FROM audit_entry WHERE action = %s ORDER BY seq", [ACTION])
        for (core,) in cursor.fetchall():
            try:
                numbers = canonical.decode(bytes(core))["changes"]["texts"][1]
                found.update(number for number in numbers if isinstance(number, int))
            except (canonical.NotCanonical, KeyError, TypeError, IndexError):
                continue  # the walk says what is wrong with it
    return frozenset(found)
