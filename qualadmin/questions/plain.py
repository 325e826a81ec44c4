"""Formatted content made harmless: of a stranger's markup only a few plain elements pass, without attributes.

Pictures lie on other sites and are named, not loaded. What Amazon's own page would show may look richer.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from typing import Final

PLAIN: Final = frozenset(
    {
        *("b", "blockquote", "br", "code", "em", "hr", "i", "li", "ol", "p", "pre", "strong", "sub", "sup"),
        *("table", "tbody", "td", "th", "thead", "tr", "u", "ul"),
    }
)
_ALONE = frozenset({"br", "hr"})
_BREAKS = frozenset({"blockquote", "br", "hr", "li", "ol", "p", "pre", "table", "tr", "ul"})


def plain_markup(xhtml: str) -> str:
    """Well-formed HTML of plain elements only, everything else escaped or left out: safe to put into a page."""
    reader = _Markup()
    reader.feed(xhtml)
    reader.close()
    return reader.result()


def plain_words(xhtml: str) -> str:
    """The text alone, with a line for each paragraph, list item and table row. Not escaped."""
    reader = _Words()
    reader.feed(xhtml)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).splitlines())
    return "\n".join(filter(None, lines))


def _picture(attributes: list[tuple[str, str | None]]) -> str:
    words = dict(attributes)
    return f"[image, not loaded: {words.get('alt') or words.get('src') or ''}]"


class _Markup(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, list[str]]] = [("", [])]

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        if name == "img":
            self._add(escape(_picture(attributes)))
        elif name in _ALONE:
            self._add(f"<{name}>")
        elif name in PLAIN:
            self._open.append((name, []))

    def handle_endtag(self, name: str) -> None:
        if any(name == each for each, _ in self._open[1:]):
            while self._open[-1][0] != name:
                self._close()
            self._close()

    def handle_data(self, data: str) -> None:
        self._add(escape(data))

    def _add(self, piece: str) -> None:
        self._open[-1][1].append(piece)

    def _close(self) -> None:
        name, pieces = self._open.pop()
        self._add(f"<{name}>{''.join(pieces)}</{name}>")

    def result(self) -> str:
        while len(self._open) > 1:
            self._close()
        return "".join(self._open[0][1])


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        if name == "img":
            self.pieces.append(_picture(attributes))
        elif name in _BREAKS:
            self.pieces.append("\n")
        elif name in {"td", "th"}:
            self.pieces.append(" ")

    def handle_endtag(self, name: str) -> None:
        if name in _BREAKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
