"""A search of the log in words: `actor:mira -action:audit.viewed created:2026-11-01..2026-11-07`.

Text only: what the words mean in the tables is for others to say. A word is a key, a colon and a value; values
with spaces stand in quotes, and a minus in front turns the word round.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

MOST_WORDS: Final = 20
MINUS: Final = "-−–"  # word processors and telephones write others than the one on the keyboard
#: What closes a value that the quote opens.
QUOTES: Final = {'"': '"', "“": "”“", "„": "“”", "”": "”"}
YEARS: Final = range(1970, 2201)


class WordsFault(Exception):
    """Words that mean nothing. The text says what is wrong and what would do; `start` and `end` say where.

    Both count characters from 0, `end` is behind the last one.
    """

    def __init__(self, message: str, start: int = 0, end: int = 0) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, end

    def __str__(self) -> str:
        return f"At character {self.start + 1}: {self.message}"


@dataclass(frozen=True, slots=True)
class Word:
    """One condition. Without a key where only a value was written. `start` and `end` are its place in the text."""

    key: str
    value: str
    negated: bool = False
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    def fault(self, message: str) -> WordsFault:
        """What to raise when this word is the trouble."""
        return WordsFault(message, self.start, self.end)


def parse(text: str) -> list[Word]:
    """The words of a text, in order. Raises WordsFault and nothing else."""
    _refuse_no_text(text)
    words: list[Word] = []
    place = _skip(text, 0)
    while place < len(text):
        word = _word(text, place)
        words.append(word)
        if len(words) > MOST_WORDS:
            raise word.fault(f"A search has at most {MOST_WORDS} words. Leave some out.")
        place = _skip(text, word.end)
    return words


def write(words: Sequence[Word]) -> str:
    """The text that `parse` reads as these words."""
    return " ".join(f"{'-' if one.negated else ''}{one.key}:{quoted(one.value)}" for one in words)


def quoted(value: str) -> str:
    """A value as it stands behind a colon: in quotes only where it must."""
    plain = value and value[0] not in QUOTES and not any(char.isspace() for char in value)
    if plain:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def check_keys(words: Sequence[Word], known: Collection[str]) -> None:
    """Raises WordsFault for a word without a key or with one that is not known, and names those that are."""
    has = f"Keys are {', '.join(known)}."
    for word in words:
        if not word.key:
            raise word.fault(f"“{word.value[:60]}” has no key, and the log is not searched for plain text. {has}")
        if word.key not in known:
            raise word.fault(f"There is no key “{word.key[:40]}:”. {has}")


def day(word: Word, value: str) -> date:
    """A day of a word. Raises WordsFault."""
    try:
        found = date.fromisoformat(value) if len(value) == 10 else None
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise word.fault(f"“{value[:40]}” is no day. Write a day like {word.key}:2026-11-23.")
    return found


def span(word: Word) -> tuple[date | None, date | None]:
    """First and last day of `2026-11-01..2026-11-07`; either end may be open, and one day is a span too.

    Raises WordsFault.
    """
    first, dots, last = word.value.partition("..")
    if not dots:
        first = last = word.value
    if not first and not last:
        raise word.fault(f"A span needs a day, for example {word.key}:2026-11-01..2026-11-07.")
    begin, end = (day(word, one) if one else None for one in (first, last))
    if begin and end and end < begin:
        raise word.fault(f"This span ends before it begins. Write {word.key}:{last}..{first}.")
    return begin, end


def _refuse_no_text(text: str) -> None:
    for place, char in enumerate(text):
        if char == "\0" or "\ud800" <= char <= "\udfff":  # no database takes either
            raise WordsFault("Here is a character that no text has. Leave it out.", place, place + 1)


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _word(text: str, start: int) -> Word:
    negated = text[start] in MINUS
    place = start + negated
    key, place = _key(text, place)
    if place == len(text) or text[place].isspace():
        said = f"After “{key}:” a value is missing" if key else "Here a word is missing"
        raise WordsFault(f"{said}. Write it without a space, for example {key or 'action'}:…", start, place)
    value, end = _quoted(text, place) if text[place] in QUOTES else _bare(text, place)
    return Word(key, value, negated, start, end)


def _key(text: str, place: int) -> tuple[str, int]:
    """The key that begins here, or "" where a value does; and the place behind its colon."""
    end = place
    while end < len(text) and not text[end].isspace() and text[end] not in QUOTES:
        if text[end] == ":":
            return text[place:end].lower(), end + 1
        end += 1
    return "", place


def _bare(text: str, start: int) -> tuple[str, int]:
    end = start
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[start:end], end


def _quoted(text: str, start: int) -> tuple[str, int]:
    closing, value, place = QUOTES[text[start]], "", start + 1
    while place < len(text) and text[place] not in closing:
        if text[place] == "\\" and text[place + 1 : place + 2] in {"\\", *closing}:
            place += 1
        value += text[place]
        place += 1
    if place == len(text):
        raise WordsFault(f"This quote is never closed. Put a {closing[0]} behind the value.", start, place)
    end = place + 1
    if end < len(text) and not text[end].isspace():
        raise WordsFault("Put a space between this word and the next one.", start, end)
    if not value.strip():
        raise WordsFault(
            "There is nothing between these quotes. Write a value, or leave the word out.", start, end
        )
    return value, end
