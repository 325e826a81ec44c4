"""The log as one person may read it, on pages and by programs, and that it was read."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.http import urlencode

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.audit_log import record_audit_viewed
from qualadmin.core.actor import Actor

from .audit_names import Names
from .audit_scope import entries_apart, listing_for, streams_of, visible_entries
from .cache_gone import CACHE_GONE
from .listing import Listing
from .united import PARTS_MAX, united

VIEWED_SECONDS: Final = 600  # the same page read again within this time is one entry
NOTED_ELSEWHERE_SECONDS: Final = 60
NOTED_KEPT: Final = 10_000
FILTER_LENGTH: Final = 500  # characters
#: Until when this process need not ask the shared cache whether a reading was noted: it is asked at each page.
_noted: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class OpenLog:
    """The log as one person may read it. `parts` are `entries` together, each quicker to read; or none."""

    names: Names
    listing: Listing
    entries: "QuerySet[AuditEntry]"
    parts: "Sequence[QuerySet[AuditEntry]]"

    def within(self, stream: str) -> "OpenLog":
        """The same, of one stream only."""
        names = replace(self.names, streams=[one for one in self.names.streams if one[0] == stream])
        return OpenLog(names, listing_for(names), self.entries.filter(stream=stream), ())

    def newest(self, asked: Mapping[str, str], *, before: int | None, most: int) -> list[AuditEntry]:
        """The newest entries with these filters of an address, below the number `before`. Raises BadRequest."""
        values = query_of(asked)
        rows, chips = self.listing.matching(values, self.entries)
        by_parts = self.listing.part_filters
        apart = by_parts is None or {chip.key for chip in chips} <= by_parts
        parts = self.parts if apart and len(self.parts) <= PARTS_MAX else ()

        def cut(some: "QuerySet[AuditEntry]") -> "QuerySet[AuditEntry]":
            return (some if before is None else some.filter(seq__lt=before)).order_by("-seq")[:most]

        if not parts:
            return list(cut(rows))
        either: Q = united([self.listing.matching(values, part)[0] for part in parts], cut)
        return list(AuditEntry.objects.filter(either).order_by("-seq")[:most])


def open_log_for(actor: Actor, asked: Mapping[str, str]) -> OpenLog:
    """The log as this person may read it. `asked` are the filters of an address."""
    streams = streams_of(actor)
    names = Names(actor, streams, asked)
    return OpenLog(names, listing_for(names), visible_entries(actor, streams), entries_apart(actor, streams))


def query_of(asked: Mapping[str, str]) -> QueryDict:
    """These filters as an address has them."""
    return QueryDict(urlencode(asked))


def filter_words(asked: Mapping[str, str]) -> str:
    """The same as entries and manifests name them. No worker id stands in there."""
    return urlencode(asked)[:FILTER_LENGTH]


def note_reading_by(actor: Actor, reader: str, what: str) -> None:
    """One entry per reader (session, token), filter and ten minutes: turning pages is one act of reading."""
    key = hashlib.sha256(f"{reader}\n{what}".encode()).hexdigest()[:32]
    now = time.time()
    if _noted.get(key, 0) > now:
        return
    if len(_noted) >= NOTED_KEPT:
        _noted.clear()
    try:
        first = cache.add(f"audit-viewed:{key}", True, VIEWED_SECONDS)
    except CACHE_GONE:
        first = True  # rather noted twice than not at all
    if first:
        record_audit_viewed(actor=actor, filter=what)
    # What another process noted may be over sooner than this one can know.
    _noted[key] = now + (VIEWED_SECONDS if first else NOTED_ELSEWHERE_SECONDS)
