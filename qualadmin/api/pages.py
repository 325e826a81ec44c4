"""Lists page by page: where the next page begins travels in `next`, signed, and fits the same question only."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet

from .answers import Refused, invalid
from .operation import Answer, Call
from .parameters import Integer, Text

MOST: Final = 100  # as at Amazon
_SALT: Final = "qualadmin.api.next"
_PAGING: Final = ("NextToken", "MaxResults")
PAGING: Final = (
    Integer("MaxResults", "How many at most.", default=MOST, least=1, most=MOST),
    Text("NextToken", "What the page before gave as next, with all else the same.", default="", longest=2000),
)
Row = TypeVar("Row", bound=Model)


def page_of(
    call: Call,
    rows: "QuerySet[Row]",
    by: Sequence[str],
    shown: Callable[[Row], dict[str, Any]],
    *,
    backwards: bool = False,
) -> Answer:
    """The next rows in the order of the columns `by`, unique together. Raises Refused for a foreign token.

    Entered at the last row seen, so the thousandth page costs what the first one does.
    """
    after = place_after(call, len(by))
    if after is not None:
        rows = rows.filter(_beyond(by, after, "lt" if backwards else "gt"))
    most = call.values["MaxResults"]
    found = list(rows.order_by(*(f"-{name}" if backwards else name for name in by))[: most + 1])
    further = None
    if len(found) > most:
        further = following(call, [getattr(found[most - 1], name) for name in by])
    return Answer([shown(row) for row in found[:most]], next=further)


def following(call: Call, last: Sequence[Any]) -> str:
    """The `next` of a page that ends at this place, by the columns of the order."""
    return signing.dumps([_question(call), [_plain(value) for value in last]], salt=_SALT)


def _beyond(by: Sequence[str], after: Sequence[Any], way: str) -> Q:
    """Rows beyond `after` in the order of all columns: first the last column, then those before it."""
    wanted = Q()
    for place, name in enumerate(by):
        same = {one: after[n] for n, one in enumerate(by[:place])}
        wanted |= Q(**same, **{f"{name}__{way}": after[place]})
    return wanted


def place_after(call: Call, columns: int) -> list[Any] | None:
    """Where the page before ended; None for the first page. Raises Refused for the `next` of another list."""
    token = call.values["NextToken"]
    if not token:
        return None
    try:
        question, after = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise _foreign() from None
    if question != _question(call) or len(after) != columns:
        raise _foreign()
    return list(after)


def _foreign() -> Refused:
    return invalid({"NextToken": ["Is not the next of a page of this very list. Begin again without it."]})


def _question(call: Call) -> list[Any]:
    """What was asked, without the paging itself."""
    return sorted([name, str(value)] for name, value in call.values.items() if name not in _PAGING)


def _plain(value: Any) -> Any:
    """A value of a column as JSON holds it, and as a filter takes it back."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int) else str(value)
