"""Reading a list of Amazon's to its end.

Amazon sends a token with every page that is not empty, the last full one too; the end is an empty page
without one. So only a missing token ends a list. A token that came before means a circle, and a cap ends what
never ends.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from qualadmin.mturk.calls import Answer
from qualadmin.mturk.errors import ListingBroken
from qualadmin.mturk.reading import Reader, read

Value = TypeVar("Value")

PAGE_SIZE = 100
"""Items per page; Amazon allows 1 to 100."""

MAX_PAGES = 20_000
"""Two million items: more than any requester has workers."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Value]):
    """One page of a list. ``token`` leads to the next page; ``None``: this was the last."""

    items: tuple[Value, ...]
    token: str | None


def read_page(
    fetch: Callable[[str | None], Answer], token: str | None, key: str, reader: Reader[Value]
) -> Page[Value]:
    """Return the page that ``token`` leads to, ``None`` for the first one. Raises ``MTurkError``.

    ``ListingBroken`` when the token leads to itself; longer circles are for whoever counts the pages.
    """
    answer = fetch(token)
    items = tuple(read(reader, item, answer.call, mutating=False) for item in answer.payload.get(key, ()))
    following = answer.payload.get("NextToken") or None
    if following is not None and following == token:
        raise ListingBroken(replace(answer.call, code="RepeatedToken"))
    return Page(items, following)


def read_pages(
    fetch: Callable[[str | None], Answer], key: str, reader: Reader[Value], *, max_pages: int = MAX_PAGES
) -> Iterator[Value]:
    """Yield the items under ``key`` of every page, asking for the next page only when it is wanted.

    ``fetch`` takes the token, ``None`` for the first page. Raises ``MTurkError``; ``ListingBroken`` when a
    token comes back or after ``max_pages``. Items yielded before an error are true, but are not the whole
    list.
    """
    seen: set[str] = set()
    token: str | None = None
    for _ in range(max_pages):
        answer = fetch(token)
        for item in answer.payload.get(key, ()):
            yield read(reader, item, answer.call, mutating=False)
        token = answer.payload.get("NextToken")
        if not token:
            return
        if token in seen:
            raise ListingBroken(replace(answer.call, code="RepeatedToken"))
        seen.add(token)
    raise ListingBroken(replace(answer.call, code="TooManyPages"))
