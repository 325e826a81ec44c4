"""Characters that people cannot see or cannot tell apart, and how to name them."""

from __future__ import annotations

import unicodedata

#: Not of category Cf, but drawn as nothing: Hangul fillers, the Braille blank, variation selectors.
_DRAWN_AS_NOTHING = frozenset("\u115f\u1160\u3164\uffa0\u2800\ufe0e\ufe0f\u034f")
_SHOWN = 60


def is_invisible(char: str) -> bool:
    """True for characters without any drawing and width: zero-width space, marks of direction, BOM."""
    return char in _DRAWN_AS_NOTHING or unicodedata.category(char) == "Cf"


def code_point(char: str) -> str:
    """``U+200B``."""
    return f"U+{ord(char):04X}"


def name_of(char: str) -> str:
    """``U+200B zero width space``; only the code point for characters without a name."""
    name = unicodedata.name(char, "").lower()
    return f"{code_point(char)} {name}".rstrip()


def shown(text: str, limit: int = _SHOWN) -> str:
    """A text cut for a message, with characters nobody sees written as ``<U+200B>``."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(_visible(char) for char in cut)


def _visible(char: str) -> str:
    hidden = is_invisible(char) or unicodedata.category(char) in {"Cc", "Cs", "Co", "Zl", "Zp"}
    return f"<{code_point(char)}>" if hidden else char
