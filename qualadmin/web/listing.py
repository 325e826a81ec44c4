"""The one way lists are made: filters, search, sorting and pages from the address, and nothing but the address.

Pages are found by the last row seen (keyset), never by OFFSET, so the thousandth page costs what the first does.
The address names that row by its key, never by its values: a value may be a worker id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, Self, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from .counts import Count, Counted, count_each
from .filters import BadValue, Box, Filter, refusal
from .http import Request, is_fragment
from .united import PARTS_MAX, united

Row = TypeVar("Row", bound=Model)


SIZES: Final = (25, 50, 100, 250)
PRINT_SIZE: Final = 2_000
#: Of the rows of a page of a list: it is counted for each page, and nobody turns so many pages.
LIST_COUNT_LIMIT: Final = 3_000
_STATE_KEYS: Final = ("sort", "size", "after", "before", "print")


@dataclass(frozen=True, slots=True)
class Column:
    """A column head. `path` is the field that sorts it; empty: it does not sort."""

    key: str
    label: str
    path: str = ""
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """A column head as the template draws it."""

    key: str
    label: str
    numeric: bool
    url: str
    aria_sort: str


@dataclass(frozen=True, slots=True)
class Chip:
    key: str
    label: str
    text: str
    without: str


@dataclass(slots=True)
class Results(Generic[Row]):
    """One page of a list, and everything the list's templates show around it."""

    rows: list[Row]
    size: int
    count: Count
    total: Count | None  # without filters; None where there are none
    chips: list[Chip]
    boxes: list[Box]
    heads: list[Head]
    newer_url: str
    older_url: str
    newer_label: str
    older_label: str
    clear_url: str
    print_url: str
    address: str
    sizes: list[tuple[int, str]]
    kept: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_filtered(self) -> bool:
        return bool(self.chips)

    @property
    def count_text(self) -> str:
        """`471 of 12,408`, or `12,408`; `10,000+` where counting stopped."""
        return f"{self.count} of {self.total}" if self.total else str(self.count)


def _counts(
    rows: Counted, unfiltered: Counted | None, whole: int | None, *, disjoint: bool
) -> tuple[Count, Count | None]:
    """Of the filtered list and, where there are filters, of all; at most one query.

    `whole` is the number of rows of a list that is one page: nothing is left to be counted.
    """
    wanted = [unfiltered] if whole is not None else [rows, unfiltered]
    numbers = count_each([one for one in wanted if one is not None], LIST_COUNT_LIMIT, disjoint=disjoint)
    if whole is not None:
        numbers.insert(0, Count(whole, False))
    return numbers[0], numbers[1] if unfiltered is not None else None


@dataclass(frozen=True)
class Listing:
    """What a list can do, declared once beside its view.

    `sort` is a column key, with "-" for descending. Sorting by a column without an index is slow on large tables:
    give `path` only to columns that have one (with the account or type the list is restricted to in front).
    """

    columns: Sequence[Column]
    filters: Sequence[Filter] = ()
    sort: str = ""
    newer_label: str = "Newer"
    older_label: str = "Older"
    #: With these filters a list of several parts is still read part by part; None: with every filter.
    part_filters: frozenset[str] | None = None
    #: No row is in two of the parts.
    disjoint: bool = False

    def _ready(self) -> Self:
        """The same for one request: what filters take from the database is asked for once."""
        return replace(self, filters=[one.ready() for one in self.filters])

    def results(self, request: Request, rows: QuerySet[Row], parts: Sequence[QuerySet[Row]] = ()) -> Results[Row]:
        """The page that the address asks for. `rows` is what the person may see, with its select_related.

        `parts` are lists that are `rows` together, each quicker to read than all at once; a row may be in several.

        Raises BadRequest that names the key for unknown keys, doubled keys and values without meaning. A page
        position that no longer exists gives the first page.
        """
        return self._ready()._results(request, rows, parts if len(parts) <= PARTS_MAX else ())

    def _results(self, request: Request, rows: QuerySet[Row], parts: Sequence[QuerySet[Row]]) -> Results[Row]:
        values = self._values(request.GET)
        state = {key: value for key, value in values.items() if key not in {"after", "before", "print"}}
        filtered, chips = self._filter(rows, values, state)
        path, descending = self._sorting(values.get("sort", self.sort))
        size = PRINT_SIZE if "print" in values else _size(values)
        apart: list[QuerySet[Row]] = []
        if self.part_filters is None or {chip.key for chip in chips} <= self.part_filters:
            apart = [self._filter(part, values, {})[0] for part in parts]
        pages = _Pages(filtered, path, descending, apart)
        page, newer, older = pages.page(values.get("after", ""), values.get("before", ""), size)
        link = _Link(state)
        whole = len(page) if not (newer or older) else None
        count, total = _counts(
            apart or filtered, (parts or rows) if chips else None, whole, disjoint=self.disjoint
        )
        return Results(
            rows=page,
            size=size,
            count=count,
            total=total,
            chips=chips,
            boxes=[one.box(values.get(one.key, "")) for one in self.filters],
            heads=[self._head(column, values.get("sort", self.sort), link) for column in self.columns],
            newer_url=link(before=page[0].pk) if newer else "",
            older_url=link(after=page[-1].pk) if older else "",
            newer_label=self.newer_label,
            older_label=self.older_label,
            clear_url=_Link({key: state[key] for key in ("sort", "size") if key in state})(),
            print_url=link(print="all"),
            address=_Link({key: value for key, value in values.items() if value})(),
            sizes=[(one, link(size=one)) for one in SIZES],
            kept=[(key, state[key]) for key in ("sort", "size") if key in state],
        )

    def narrowed(self, request: Request, rows: QuerySet[Row]) -> QuerySet[Row]:
        """All rows that the filters of the address leave, for exports. Raises BadRequest as `results` does."""
        return self.matching(request.GET, rows)[0]

    def matching(self, asked: QueryDict, rows: QuerySet[Row]) -> tuple[QuerySet[Row], list[Chip]]:
        """All rows that `asked` leaves, and its filters in words. It is read, and refused, as an address is."""
        return self._ready()._filter(rows, self._values(asked), {})

    def render(
        self,
        request: Request,
        rows: QuerySet[Row],
        template: str,
        context: dict[str, Any] | None = None,
        results: Results[Row] | None = None,
    ) -> HttpResponse:
        """The whole page, or for htmx its partial named `results`. The template gets `results`."""
        page = results or self.results(request, rows)
        name = f"{template}#results" if is_fragment(request) else template
        response = render(request, name, {**(context or {}), "results": page})
        if is_fragment(request):
            # The address without empty keys: what reload, bookmark and a sent link will show again.
            address = f"{request.path}{page.address}".removesuffix("?")
            # A part that only renews itself must not cost a press of "back".
            if address != request.htmx.current_url_abs_path:
                response.headers["HX-Push-Url"] = address
        return response

    def _values(self, asked: QueryDict) -> dict[str, str]:
        known = [*(one.key for one in self.filters), *_STATE_KEYS]
        unknown = [key for key in asked if key not in known]
        if unknown:
            raise BadRequest(refusal(unknown, known))
        doubled = next((key for key in asked if len(asked.getlist(key)) > 1), None)
        if doubled:
            raise BadRequest(
                f"“{doubled}” was given twice. Nothing was shown, because it is not clear which counts."
            )
        given = {key: str(value).strip() for key, value in asked.items()}
        return {key: value for key, value in given.items() if value}

    def _filter(
        self, rows: QuerySet[Row], values: dict[str, str], state: dict[str, str]
    ) -> tuple[QuerySet[Row], list[Chip]]:
        chips = []
        for one in self.filters:
            value = values.get(one.key)
            if not value:
                continue
            try:
                rows = rows.filter(one.condition(value))
                text = one.chip(value)
            except BadValue as error:
                raise BadRequest(str(error)) from None
            without = _Link({key: kept for key, kept in state.items() if key != one.key})()
            chips.append(Chip(one.key, one.label, text, without))
        return rows, chips

    def _sorting(self, sort: str) -> tuple[str, bool]:
        key = sort.removeprefix("-")
        for column in self.columns:
            if column.path and column.key == key:
                return column.path, sort.startswith("-")
        if not sort:
            return "pk", True
        known = ", ".join(column.key for column in self.columns if column.path)
        raise BadRequest(f"This list can’t be sorted by “{sort[:40]}”. It can be: {known}.")

    def _head(self, column: Column, sort: str, link: "_Link") -> Head:
        if not column.path:
            return Head(column.key, column.label, column.numeric, "", "")
        if column.key != sort.removeprefix("-"):
            return Head(column.key, column.label, column.numeric, link(sort=column.key), "")
        down = sort.startswith("-")
        url = link(sort=column.key if down else f"-{column.key}")
        return Head(column.key, column.label, column.numeric, url, "descending" if down else "ascending")


class _Link:
    """Addresses of the same list with some keys changed."""

    def __init__(self, state: dict[str, str]) -> None:
        self._state = state

    def __call__(self, **changes: object) -> str:
        return f"?{urlencode({**self._state, **{key: str(value) for key, value in changes.items()}})}"


def _size(values: dict[str, str]) -> int:
    wanted = values.get("size", str(SIZES[1]))
    if wanted not in {str(size) for size in SIZES}:
        raise BadRequest(f"“size” must be one of {', '.join(map(str, SIZES))}, not “{wanted[:40]}”.")
    return int(wanted)


class _Pages(Generic[Row]):
    """Rows ordered by one field and then by key, entered anywhere."""

    def __init__(
        self, rows: QuerySet[Row], path: str, descending: bool, parts: Sequence[QuerySet[Row]] = ()
    ) -> None:
        self._rows, self._path, self._descending, self._parts = rows, path, descending, parts
        self._nullable = path != "pk" and _is_nullable(rows.model, path)

    def page(self, after: str, before: str, size: int) -> tuple[list[Row], bool, bool]:
        """The rows, whether there are newer ones (towards the start), whether there are older ones."""
        if before and (edge := self._edge(before)):
            backwards = self._first(size + 1, self._beyond(edge, backwards=True), backwards=True)
            if len(backwards) > size:  # fewer: this is the start, which the first page shows in full
                return backwards[:size][::-1], True, True
        elif after and (edge := self._edge(after)):
            rows = self._first(size + 1, self._beyond(edge))
            if rows:
                return rows[:size], True, len(rows) > size
        rows = self._first(size + 1)
        return rows[:size], False, len(rows) > size

    def _first(self, limit: int, beyond: Q | None = None, *, backwards: bool = False) -> list[Row]:
        def cut(rows: QuerySet[Row]) -> QuerySet[Row]:
            return self._ordered(rows.filter(beyond) if beyond else rows, backwards=backwards)[:limit]

        if not self._parts:
            return list(cut(self._rows))
        return list(self._ordered(self._rows.filter(united(self._parts, cut)), backwards=backwards)[:limit])

    def _edge(self, key: str) -> tuple[Any, Any] | None:
        """The sort value and key of a row, or None for a row that is gone or not the reader's to see."""
        if "\0" in key:  # PostgreSQL refuses to look for one
            return None
        try:
            pk = self._rows.model._meta.pk.to_python(key)
            if self._path == "pk" and isinstance(pk, int):
                # A number is a place in the order, whether its row is there or not: nothing to ask.
                return (pk, pk) if 0 < pk < 2**63 else None
            found = self._rows.order_by().filter(pk=pk).values_list(self._path, "pk").first()
        except (ValidationError, ValueError, OverflowError):
            return None
        return (found[0], found[1]) if found else None

    def _ordered(self, rows: QuerySet[Row], *, backwards: bool = False) -> QuerySet[Row]:
        down = self._descending != backwards
        if self._path == "pk":
            return rows.order_by("-pk" if down else "pk")
        # Rows without a value come last, in both directions and on both databases.
        nulls = {"nulls_first": True} if backwards else {"nulls_last": True}
        order = OrderBy(F(self._path), descending=down, **(nulls if self._nullable else {}))
        return rows.order_by(order, "-pk" if down else "pk")

    def _beyond(self, edge: tuple[Any, Any], *, backwards: bool = False) -> Q:
        """What follows `edge` in reading direction."""
        value, pk = edge
        sign = "lt" if self._descending != backwards else "gt"
        further = Q(**{f"pk__{sign}": pk})
        if self._path == "pk":
            return further
        if value is None:
            same = Q(**{f"{self._path}__isnull": True}) & further
            return same | Q(**{f"{self._path}__isnull": False}) if backwards else same
        # `<=` first and the exact condition within it lets both databases enter the index at the edge.
        within = Q(**{f"{self._path}__{sign}e": value}) & (Q(**{f"{self._path}__{sign}": value}) | further)
        if self._nullable and not backwards:
            return within | Q(**{f"{self._path}__isnull": True})
        return within


def _is_nullable(model: type[Model], path: str) -> bool:
    current: Any = model
    for name in path.split("__"):
        try:
            field_ = current._meta.get_field(name)
        except FieldDoesNotExist:
            return True  # an annotation: nothing is known about it
        if field_.null:
            return True
        current = field_.related_model
    return False
