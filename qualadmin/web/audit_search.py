"""The search box of the log: from words to the values of the address, and back to words.

The words and the filter boxes are two views of one state, which is the address. A worker id stands in the words
only: the address gets our id of the worker.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from qualadmin.audit.sentences import OUTCOME_WORDS
from qualadmin.audit.words import YEARS, Word, check_keys, day, parse, span, write
from qualadmin.core.models import WORKER_ID

from . import audit_finding as finding
from .audit_filters import EFFECTS, HOURS_NEED, KINDS, bounded
from .audit_names import Names
from .audit_scope import SYSTEM
from .filters import SEVERAL_MAX, separate


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the words. `read` gives the value for the address, or raises WordsFault."""

    parameter: str
    read: Callable[[Word], str]
    example: str
    about: str


AFTER, BEFORE, CREATED = "after", "before", "created"
DAYS: Final = {
    AFTER: ("after:2026-11-01", "On that day or later"),
    BEFORE: ("before:2026-11-08", "Before that day began"),
    CREATED: ("created:2026-11-01..2026-11-07", "From the first to the last of these days"),
}


class Search:
    """The words that one person can use."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._keys = _keys(names)

    @property
    def example(self) -> str:
        """A search that this person can write."""
        rest = 'type:"Wave 2" -action:audit.viewed'
        return f"{self._keys['actor'].example} {rest}" if "actor" in self._keys else rest

    @property
    def help(self) -> list[tuple[str, str]]:
        """An example and what it finds, for each key; and of the minus."""
        rows = [(key.example, key.about) for key in self._keys.values() if key.example]
        return [*rows, *DAYS.values(), ("-action:audit.viewed", "A minus leaves out what the word would find")]

    def parameters(self, text: str) -> dict[str, str]:
        """What the address says for this text. Raises WordsFault with the place in it."""
        words = _words(text)
        check_keys(words, [*self._keys, *DAYS])
        found: dict[str, list[str]] = {}
        for word in (one for one in words if one.key not in DAYS):
            key = self._keys[word.key]
            values = found.setdefault(f"not-{key.parameter}" if word.negated else key.parameter, [])
            values += [one for one in separate(key.read(word)) if one not in values]
            if len(values) > SEVERAL_MAX:
                raise word.fault(f"“{word.key}:” takes at most {SEVERAL_MAX} values.")
        said = {key: ",".join(values) for key, values in found.items()} | _days(words)
        for word in (one for one in words if one.key == "hours" and not bounded(said)):
            raise word.fault(HOURS_NEED)
        return {key: said[key] for key in self._order() if key in said}

    def _order(self) -> list[str]:
        """The keys of the address, always in one order: the same search has one address."""
        keys = list(dict.fromkeys(key.parameter for key in self._keys.values()))
        return [*keys, "from", "to", *(f"not-{key}" for key in keys)]

    def words(self, values: Mapping[str, str]) -> str:
        """The words for what an address says. Its values must be ones that the filters take."""
        words = [*self._said(values, negated=False), *_days_said(values), *self._said(values, negated=True)]
        return write(words)

    def _said(self, values: Mapping[str, str], *, negated: bool) -> list[Word]:
        said = []
        for parameter in dict.fromkeys(key.parameter for key in self._keys.values()):
            for value in separate(values.get(f"not-{parameter}" if negated else parameter, "")):
                said.append(self._word(parameter, value, negated=negated))
        return said

    def _word(self, parameter: str, value: str, *, negated: bool) -> Word:
        if parameter == "stream":
            kind, _, slug = value.partition(":")
            return Word(kind, slug, negated) if slug else Word("stream", value, negated)
        if parameter == "person":
            return Word("actor", finding.person_word(self.names, value), negated)
        return Word(parameter, finding.word_of(self.names, parameter, value), negated)


def _keys(names: Names) -> dict[str, Key]:
    """In the order in which they are named and written."""
    keys = {
        "actor": Key(
            "person", lambda word: finding.person(names, word), "actor:mira", "Done by or for this person"
        ),
        "action": Key(
            "action", finding.action, "action:job.created", "This kind of entry, or job.* for all of a group"
        ),
        "outcome": Key("outcome", finding.outcome, "outcome:failed", f"One of {', '.join(OUTCOME_WORDS)}"),
        "type": Key(
            "type",
            lambda word: finding.row(names, word),
            'type:"Wave 2"',
            "About this type: its name or Amazon’s ID",
        ),
        "worker": Key(
            "worker",
            lambda word: finding.worker(names, word),
            "worker:A1EXAMPLE2ID3",
            "About this worker, by ID",
        ),
        "study": Key(
            "stream",
            lambda word: finding.stream(names, word),
            "study:memory",
            "In the log of this study: its title or short name",
        ),
        "account": Key(
            "stream", lambda word: finding.stream(names, word), "account:practice", "In the log of this account"
        ),
        "stream": Key(
            "stream", lambda word: finding.stream(names, word), f"stream:{SYSTEM}", "About the whole installation"
        ),
        "job": Key(
            "job", lambda word: finding.row(names, word), "job:wave-7.csv", "Of the job with this title or number"
        ),
        "request": Key("request", finding.request, "", ""),
        "effect": Key("effect", finding.effect, "effect:lowered", _one_of("What Amazon did", EFFECTS)),
        "environment": Key(
            "environment", finding.environment, "environment:production", "Of jobs that reach real workers"
        ),
        "by": Key("by", finding.kind, "by:person", _one_of("Written by", KINDS)),
        "entries": Key(
            "entries", finding.numbers, "entries:1200..1450", "From the first to the last of these numbers"
        ),
        "hours": Key(
            "hours",
            finding.hours,
            "-hours:mon-fri@7-20",
            "Outside these hours in your time zone; needs days as well",
        ),
    }
    if not names.streams:  # they see their own acts only
        for key in ("actor", "study", "account", "stream"):
            del keys[key]
    return keys


def _one_of(about: str, choices: Sequence[tuple[str, str]]) -> str:
    return f"{about}: {', '.join(name for name, _ in choices)}"


def _words(text: str) -> list[Word]:
    """The words of the text. A worker id by itself is what people paste: it needs no key."""
    alone = text.strip()
    if WORKER_ID.fullmatch(alone) and any(char.isdigit() for char in alone):
        start = text.index(alone)
        return [Word("worker", alone, start=start, end=start + len(alone))]
    return parse(text)


def _days(words: Sequence[Word]) -> dict[str, str]:
    """`from` and `to`, both inclusive, of the words with days."""
    found: dict[str, str] = {}
    for word in words:
        if word.key not in DAYS:
            continue
        for parameter, value in _ends(word).items():
            if parameter in found:
                raise word.fault("The search names such an end of the time already. Leave one of the words out.")
            found[parameter] = value.isoformat()
    return found


def _ends(word: Word) -> dict[str, date]:
    if word.key == CREATED:
        if word.negated:
            raise word.fault("A span of days can’t be left out. Write before: or after: instead.")
        begin, end = span(word)
        return {key: value for key, value in (("from", begin), ("to", end)) if value}
    found = day(word, word.value)
    if (word.key == AFTER) != word.negated:
        return {"from": found}
    if found == date(YEARS.start, 1, 1):
        raise word.fault("This is before the first day that can be searched.")
    return {"to": found - timedelta(days=1)}


def _days_said(values: Mapping[str, str]) -> list[Word]:
    begin, end = values.get("from", ""), values.get("to", "")
    next_day = date.fromisoformat(end) + timedelta(days=1) if end else None
    if begin and end and begin <= end:
        return [Word(CREATED, f"{begin}..{end}")]
    said = [Word(AFTER, begin)] if begin else []
    if next_day:
        late = next_day.year not in YEARS
        said.append(Word(CREATED, f"..{end}") if late else Word(BEFORE, next_day.isoformat()))
    return said
