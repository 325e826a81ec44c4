"""All qualification types of a world, with the orders that keep their list quick."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any

from qualadmin.emulator.errors import Environment
from qualadmin.emulator.ordered import Ordered
from qualadmin.emulator.records import QualificationType
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.system_types import system_types

Place = tuple[str, str]
"""Name and id: where a type stands in a list."""
_ALL = None


class TypeBook:
    """A part of the world; see `qualadmin.emulator.world.Part`. Deleted types stay, on a list of their own."""

    def __init__(self, environment: Environment) -> None:
        self.rows: dict[str, QualificationType] = {}
        self.named: dict[tuple[str, str], str] = {}
        """Owner and name to the id of the latest type so called."""
        self._listed: defaultdict[str | None, Ordered[Place]] = defaultdict(Ordered)
        """By owner, and all together: the types that are not deleted."""
        self._deleted: Ordered[tuple[float, str]] = Ordered()
        self._texts: dict[str, tuple[str, str]] = {}
        for row in system_types(environment):
            self._put(row)

    def takers(self) -> dict[str, Callable[..., None]]:
        return {"type": self._take_type}

    def _take_type(self, *fields: Any) -> None:
        row = QualificationType(*fields)
        old = self.rows.get(row.type_id)
        if old is not None:
            self._leave(old)
            self._texts.pop(row.type_id, None)
        self.named[row.owner, row.name] = row.type_id
        self._put(row)

    def _put(self, row: QualificationType) -> None:
        self.rows[row.type_id] = row
        if row.deleted_at is not None:
            self._deleted.put((row.deleted_at, row.type_id))
            return
        for owner in (row.owner, _ALL):
            self._listed[owner].put(_place(row))

    def _leave(self, row: QualificationType) -> None:
        if row.deleted_at is not None:
            self._deleted.take((row.deleted_at, row.type_id))
            return
        for owner in (row.owner, _ALL):
            self._listed[owner].take(_place(row))

    # reading

    def listed(
        self, now: float, settings: Settings, *, owner: str | None = None, after: str = ""
    ) -> Iterator[QualificationType]:
        """Types the search index shows, by name, behind the one whose id is `after`; of all owners without one.

        The index learns of new and deleted types late, so those of the last seconds are looked at one by one.
        """
        start = _place(self.rows[after]) if after in self.rows else None
        known = self._listed.get(owner)
        places = known.above(start) if known is not None else iter(())
        still = self._still_shown(now - settings.delete_lag_seconds, owner, start)
        known_before = now - settings.list_lag_seconds
        for _, type_id in heapq.merge(places, still) if still else places:
            row = self.rows[type_id]
            if row.created_at <= known_before or row.is_system:
                yield row

    def text(self, row: QualificationType, *, descriptions: bool) -> str:
        """What a search looks into, with folded case. Kept, for a search looks at many types that do not fit."""
        found = self._texts.get(row.type_id)
        if found is None:
            brief = f"{row.name}\n{row.keywords or ''}".casefold()
            found = self._texts[row.type_id] = brief, f"{brief}\n{row.description.casefold()}"
        return found[descriptions]

    def _still_shown(self, since: float, owner: str | None, start: Place | None) -> list[Place]:
        """The types deleted after `since`, behind `start`."""
        latest = takewhile(lambda deleted: deleted[0] > since, self._deleted.below())
        rows = [self.rows[type_id] for _, type_id in latest]
        places = (_place(row) for row in rows if owner in (None, row.owner))
        return sorted(place for place in places if start is None or place > start)


def _place(row: QualificationType) -> Place:
    return row.name, row.type_id
