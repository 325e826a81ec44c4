"""What must hold, whatever went wrong: judged by the emulator's own record of calls and mails.

The judging is plain functions of plain values, so that tests can show each of them a case it must not pass.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MAY: Final = frozenset({"planned", "sending", "unknown", "person"})  # may have had an effect, or not
WITHOUT: Final = frozenset({"failed", "cancelled", "skipped"})  # had none
FULFILLED: Final = frozenset({"done", "skipped"})  # what was asked for is so


@dataclass(frozen=True, slots=True)
class Did:
    """One change of ours, with what became of it. `value` None: taken away. `mails`: the worker is to be told."""

    job: object
    value: int | None
    state: str
    mails: bool = False


def wrong_effects(changes: Sequence[Did], effects: Sequence[int | None]) -> list[str]:
    """Compare our changes of one pair, in the order they were sent, with what really happened at Amazon.

    Each effect belongs to one change, and each change has at most one. A change that is done has one, unless what
    it asks for was so already.
    """
    wrong = []
    left = list(effects)
    held: int | None = None
    for one in changes:
        if one.state in WITHOUT:
            continue
        if left and left[0] == one.value:
            held = left.pop(0)
        elif one.state not in MAY and held != one.value:
            wrong.append(f"done, yet Amazon never did it: {_words(one.value)}")
    return wrong + [f"an effect too many: {_words(value)}" for value in left]


def wrong_mails(changes: Iterable[Did], mails: int) -> list[str]:
    """No worker is told more often than somebody asked for it."""
    most = sum(one.mails and one.state not in WITHOUT for one in changes)
    return [f"{mails} mails, at most {most} were asked for"] if mails > most else []


def wrong_end(asked: Sequence[tuple[object, int | None]], changes: Sequence[Did], held: int | None) -> list[str]:
    """The newest wish that was carried out is what the worker holds. `asked`: job and value, oldest first.

    A job without a change for the pair was told "already so". A wish that failed or was given up leaves the older
    one; one that a person must decide says nothing.
    """
    became = {one.job: one.state for one in changes}
    wanted: int | None = None
    for job, value in reversed(asked):
        state = became.get(job, "skipped")
        if state == "person":
            return []
        if state in FULFILLED:
            wanted = value
            break
        if state in MAY:
            return [f"not ended: {_words(value)}"]
    return [] if held == wanted else [f"holds {_words(held)}, was to hold {_words(wanted)}"]


def calls_before_entries(starts: Sequence[float], calls: Sequence[float]) -> list[str]:
    """The n-th call for a pair left after the n-th `started` entry was written. Both in order, in seconds."""
    if len(calls) > len(starts):
        return [f"{len(calls)} calls, only {len(starts)} were noted before"]
    early = [call for start, call in zip(starts, calls, strict=False) if call < start]
    return [f"{len(early)} calls left before they were noted"] if early else []


def wrong_counters(counters: Mapping[str, int], states: Mapping[str, int]) -> list[str]:
    """The counters of a job that has ended, against its changes."""
    names = {"person": "needs_person"}
    counted = {names.get(state, state): number for state, number in states.items()}
    return [
        f"{name} is {number}, there are {counted.get(name, 0)}"
        for name, number in counters.items()
        if number != counted.get(name, 0)
    ]


def _words(value: int | None) -> str:
    return "nothing" if value is None else f"score {value}"
