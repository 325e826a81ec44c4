"""Markup from values. Every text is escaped here; only what `tag` has built passes unchanged."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any, TypeAlias


class Html(str):
    """Markup that is safe because `tag` or `fragment` made it."""

    __slots__ = ()


Child: TypeAlias = "str | int | float | Iterable[Child] | None"
_VOID = {"br", "hr", "input", "link", "meta"}


def tag(name: str, /, *children: Child, **attributes: Any) -> Html:
    """One element. An attribute's `_` is a `-`, a trailing one is dropped; None and False leave it out."""
    opening = f"<{name}{''.join(_attribute(*each) for each in attributes.items())}>"
    return Html(opening if name in _VOID else f"{opening}{fragment(*children)}</{name}>")


def fragment(*children: Child) -> Html:
    """Children one after the other; None is nothing."""
    return Html("".join(map(_text, children)))


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int | float):
        return escape(str(child))
    return fragment(*child)


def _attribute(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
