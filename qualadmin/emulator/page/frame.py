"""What the pages are put together from: the frame around all, forms, tables, empty states."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from qualadmin.emulator.page.html import Child, Html, tag
from qualadmin.emulator.page.visit import HOME, PREFIX, Visit

NAVIGATION = (
    ("Start", HOME),
    ("Qualifications", f"{PREFIX}qualifications"),
    ("HITs", f"{PREFIX}hits"),
    ("Mail", f"{PREFIX}mail"),
    ("Calls", f"{PREFIX}calls"),
    ("Clock", f"{PREFIX}clock"),
    ("Misbehave", f"{PREFIX}misbehave"),
    ("Reset", f"{PREFIX}reset"),
)
ROWS = 50


def document(visit: Visit, title: str, body: Html) -> bytes:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · Emulator ({visit.world.environment})"),
        tag("link", rel="icon", href="data:,"),
        tag("link", rel="stylesheet", href=f"{PREFIX}style.css"),
    )
    main = tag("main", tag("h1", title), _notice(visit), body, id="main", tabindex="-1")
    skip = tag("a", "Skip to main content", class_="skip", href="#main")
    return f"<!doctype html>\n{tag('html', head, tag('body', skip, _header(visit), main), lang='en')}\n".encode(
        errors="replace"
    )


def _header(visit: Visit) -> Html:
    links = (
        tag("a", name, href=path, aria_current="page" if path == visit.path else None) for name, path in NAVIGATION
    )
    acting = ["Acting as ", tag("b", visit.worker_id)] if visit.worker_id else "No worker chosen"
    return tag(
        "header",
        tag(
            "div",
            tag("p", tag("b", "Emulator"), " of Amazon Mechanical Turk, ", visit.world.environment),
            tag("p", acting, class_="acting"),
            class_="bar",
        ),
        tag("nav", links, aria_label="Pages"),
    )


def _notice(visit: Visit) -> Html | None:
    if visit.notice is None:
        return None
    role = "alert" if visit.notice.kind == "refused" else "status"
    return tag("p", visit.notice.text, class_=f"notice {visit.notice.kind}", role=role)


def section(title: str, *children: Child, note: Child = None) -> Html:
    return tag("section", tag("h2", title), None if note is None else tag("p", note, class_="note"), children)


def empty(text: str, *children: Child) -> Html:
    return tag("p", text, children, class_="empty")


def no_worker() -> Html:
    return empty("No worker is chosen yet. ", tag("a", "Choose or register one", href=HOME), " to go on.")


# forms


def form(visit: Visit, *children: Child, action: str | None = None, class_: str | None = None) -> Html:
    """A form that is posted, to the page itself unless told, with the proof that it is ours."""
    token = tag("input", type="hidden", name="token", value=visit.token)
    return tag("form", token, children, method="post", action=action or visit.path, class_=class_)


def search(visit: Visit, *children: Child) -> Html:
    """A form whose fields stand in the address."""
    return tag("form", children, tag("button", "Show"), method="get", action=visit.path, class_="row")


def button(text: str, do: str, *, kind: str = "", about: str = "") -> Html:
    """`about` tells a listener which of many equal buttons this one is."""
    hidden = tag("span", f" {about}", class_="sr") if about else None
    return tag("button", text, hidden, name="do", value=do, class_=kind or None)


def hidden(name: str, value: object) -> Html:
    return tag("input", type="hidden", name=name, value=value)


def field(name: str, label: str, value: object = "", *, hint: str = "", **attributes: Any) -> Html:
    """A labelled one-line field."""
    box = tag("input", id=f"f-{name}", name=name, value=value, **_described(name, hint), **attributes)
    return _labelled(name, label, box, hint)


def select(name: str, label: str, options: Iterable[tuple[str, str]], chosen: str = "", *, hint: str = "") -> Html:
    """`options`: value and text."""
    rows = (tag("option", text, value=value, selected=value == chosen) for value, text in options)
    return _labelled(name, label, tag("select", rows, id=f"f-{name}", name=name, **_described(name, hint)), hint)


def _described(name: str, hint: str) -> dict[str, str]:
    return {"aria_describedby": f"h-{name}"} if hint else {}


def _labelled(name: str, label: str, box: Html, hint: str) -> Html:
    below = tag("span", hint, class_="hint", id=f"h-{name}") if hint else None
    return tag("div", tag("label", label, for_=f"f-{name}"), box, below, class_="field")


# tables


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Child]]) -> Html:
    """A table that scrolls sideways inside itself where it is too wide."""
    top = tag("tr", (tag("th", head, scope="col") for head in heads))
    body = (
        tag("tr", (tag("td", tag("div", cell), data_head=head) for head, cell in zip(heads, row, strict=True)))
        for row in rows
    )
    whole = tag("table", tag("caption", caption, class_="sr"), tag("thead", top), tag("tbody", body))
    return tag("div", whole, class_="scroll", role="region", aria_label=caption, tabindex="0")


def pager(visit: Visit, shown: int, total: int) -> Html | None:
    """Links to the pages before and after. `shown` rows stand on this page, `total` there are in all."""
    number = visit.page_number()
    first = (number - 1) * ROWS + 1
    links = []
    if number > 1:
        links.append(tag("a", "Newer", href=_address(visit, page=number - 1)))
    if first + ROWS <= total:
        links.append(tag("a", "Older", href=_address(visit, page=number + 1)))
    if not links:
        return None
    place = f"{first:,} to {first + shown - 1:,} of {total:,}" if shown else f"nothing here; there are {total:,}"
    return tag("nav", tag("span", place), links, class_="pager", aria_label="Pages of this list")


def _address(visit: Visit, **changes: object) -> str:
    return f"{visit.path}?{urlencode({**visit.query, **changes})}"


def moment(at: float) -> Html:
    return tag("time", time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at)), " UTC")


def span(seconds: float) -> str:
    """A duration in words: 90 = 1 minute 30 seconds."""
    parts = []
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count, seconds = divmod(int(seconds), size)
        if count:
            parts.append(f"{count} {word}{'s' if count > 1 else ''}")
    return " ".join(parts[:2]) or "no time"
