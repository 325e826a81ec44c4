"""A log on a page: newest first, with links to newer and older rows that read nothing in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

from qualadmin.emulator.packed import Look
from qualadmin.emulator.page.frame import ROWS
from qualadmin.emulator.page.html import Html, tag
from qualadmin.emulator.page.visit import Visit

Row = TypeVar("Row")


class Log(NamedTuple, Generic[Row]):
    """`first` and `last` are the numbers of its oldest and newest row, wanted or not."""

    look: Callable[..., Look[Row]]
    """`packed.look` of this log with the page's filter."""
    first: int
    last: int
    filtered: bool


class Leaf(NamedTuple, Generic[Row]):
    """What one page shows, newest first. All from `top` down to `bottom` was looked at; nothing was if that is
    above it."""

    rows: list[Row]
    top: int
    bottom: int


def leaf(visit: Visit, log: Log[Row]) -> Leaf[Row]:
    """The rows the address asks for: those above `after`, those below `before`, or the newest."""
    after, before = visit.whole_of_query("after"), visit.whole_of_query("before")
    if after is not None:
        found = log.look(ROWS, since=after)
        if found.last is not None and not found.ended:
            return Leaf([row for _, row in reversed(found.rows)], found.last, max(after + 1, log.first))
        before = None  # these are the newest, and there may be room for more
    found = log.look(ROWS, before=before)
    top = log.last if before is None else min(before - 1, log.last)
    return Leaf([row for _, row in found.rows], top, top + 1 if found.last is None else found.last)


def older_are_left(log: Log[Row], shown: Leaf[Row]) -> bool:
    return shown.bottom > log.first


def pager(visit: Visit, log: Log[Row], shown: Leaf[Row]) -> Html | None:
    links = []
    if shown.top < log.last:
        links.append(tag("a", "Newer", href=_address(visit, after=shown.top)))
    if older_are_left(log, shown):
        links.append(tag("a", "Older", href=_address(visit, before=shown.bottom)))
    if not links:
        return None
    return tag("nav", tag("span", _place(log, shown)), links, class_="pager", aria_label="Pages of this list")


def _place(log: Log[Row], shown: Leaf[Row]) -> str:
    total = log.last - log.first + 1
    if shown.top < shown.bottom:
        return f"nothing here; there are {total:,}"
    place = f"{log.last - shown.top + 1:,} to {log.last - shown.bottom + 1:,} of {total:,}"
    return f"looked through {place}" if log.filtered else place


def _address(visit: Visit, **place: int) -> str:
    kept = {name: value for name, value in visit.query.items() if name not in ("after", "before")}
    return f"{visit.path}?{urlencode({**kept, **place})}"
