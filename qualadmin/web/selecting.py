"""What somebody selected on a list. No JavaScript is needed: boxes in a form, and a bar of buttons below them.

"All that match" travels as the filter of the list, never as thousands of keys; the server finds the rows again.
"""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Model, QuerySet
from django.http import QueryDict

from qualadmin.core.errors import NotVisible
from qualadmin.core.models import Verb

from .forms.selections import SelectionForm
from .http import Request
from .listing import SIZES, Listing, Results

Row = TypeVar("Row", bound=Model)
MOST_TICKED: Final = SIZES[-1]  # a page shows no more boxes


@dataclass(frozen=True, slots=True)
class Selected(Generic[Row]):
    """Rows of a list. `filter` says in words what was filtered by; `query` leads back to the same list."""

    rows: QuerySet[Row]
    deed: str
    matching: bool
    filter: str
    query: str
    counted: int | None  # how many there were when the page was made; None for ticked rows

    @property
    def verb(self) -> Verb:
        """What is to be done, where that is to grant or to take away."""
        return Verb(self.deed)


def selected(
    request: Request, listing: Listing, rows: QuerySet[Row], form_class: type[SelectionForm] = SelectionForm
) -> Selected[Row]:
    """What was posted by the selection bar of `listing`, whose rows the person may see are `rows`.

    Raises BadRequest for a form that no page of ours sends, NotVisible for a row that is not one of `rows`.
    """
    form = form_class(request.POST)
    if not form.is_valid():
        raise BadRequest("The selection came incomplete. Nothing was done. Open the list again and select there.")
    given = form.cleaned_data
    asked = QueryDict(given["filter"].removeprefix("?"))
    matching, chips = listing.matching(asked, rows)
    kept = {chip.key: asked[chip.key] for chip in chips}
    return Selected(
        rows=matching if given["matching"] else _ticked(rows, given["row"]),
        deed=given["verb"],
        matching=given["matching"],
        filter=", ".join(f"{chip.label}: {chip.text}" for chip in chips),
        query=f"?{urlencode(kept)}" if kept else "",
        counted=given["counted"] if given["matching"] else None,
    )


def _ticked(rows: QuerySet[Row], keys: list[Any]) -> QuerySet[Row]:
    wanted = set(keys)
    if len(wanted) > MOST_TICKED:
        raise BadRequest(f"A page has at most {MOST_TICKED} rows to tick. Nothing was done.")
    found = rows.filter(pk__in=wanted)
    if wanted and found.count() != len(wanted):
        raise NotVisible
    return found


def can_select(results: Results[Any]) -> bool:
    """Whether this page of the list gets boxes: not the long one that is made for paper."""
    return bool(results.rows) and results.size <= MOST_TICKED
