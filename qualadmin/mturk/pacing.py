"""How fast to call Amazon, learned from Amazon.

Amazon publishes no rate. This law finds it by touching it now and then. It is clocked by answers instead of
seconds, because every touch costs one or two throttled answers whatever the rate is:

* Calls get evenly spaced slots. A slot carries the *epoch* of the rate it was spaced by; every step of the rate
  starts a new epoch. Else the calls still queued at the old rate would push the new one down, or up, again and
  again.
* Accepted: the rate grows so that a cut of 3 % is regained in 300 calls. When a throttle is overdue the limit must
  have been raised: then the rate takes steps, each twice as big as the last, and each waits for 60 answers, or a
  second's, at its own rate.
* Throttled: the rate stays for 8 more answers. None of them throttled: cut by 3 %; one: by 3 % twice; more: to the
  share that was accepted of the answers of half a second, since the allowance is used up and that share is the
  limit itself. It is a small sample: after 60 answers without a throttle steps of 10 % and more correct it.
* At the start the rate doubles every 8 accepted calls, or quarter of a second, until the first throttle.

Pure: no clock, no randomness, no input or output. Times are seconds of one clock the caller chooses, rates are
calls per second. Everybody who calls for an account must share one state, one row in a database for instance.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

DEFAULT_RATE = 4.0
"""Calls per second to begin with, where nothing is known. Labs report limits between 1 and 6 per second."""

LOWEST_RATE = 0.05
HIGHEST_RATE = 10_000.0
FARTHEST_SLOT = 30.0
"""Seconds ahead. More than the slowest rate's gap: a next slot beyond it only means that a clock was set back."""

DOUBLING_ANSWERS = 8
DOUBLING_SECONDS = 0.25  # at least that much of the new rate is seen before the next doubling
PROBE_ANSWERS = 8
LONG_PROBE_SECONDS = 0.5  # a share is measured over so much of the rate
LONG_PROBE_ANSWERS = 64  # at most
CUT = 0.97
REGAIN_ANSWERS = 300
GROWTH = (1 / CUT - 1) / REGAIN_ANSWERS
"""Per accepted answer."""

STEP_ANSWERS = 60
FIRST_STEP = 2 * GROWTH * STEP_ANSWERS
FIRST_STEP_MEASURED = 0.1
BIGGEST_STEP = 0.5
MEASURED_SHARE = 0.98  # of a measured limit, so that the allowance can fill again
DEEPEST_CUT = 1 / 16


@dataclass(frozen=True, slots=True)
class PaceState:
    """What must be remembered and shared. ``start`` makes the first one."""

    rate: float
    epoch: int
    next_at: float
    starting: bool
    cut_epoch: int
    """The epoch of the last cut. Since then the rate only rose."""
    accepted_since_cut: int
    accepted_in_epoch: int
    steps: int
    """Steps taken since the last cut, because a throttle was overdue."""
    measured: bool
    """The last cut went by a share of few answers, so the rate may be well below the limit."""
    probe_left: int
    """Answers still to come before the cut; 0 when no throttle waits for one."""
    probe_throttled: int

    def to_dict(self) -> dict[str, float | int | bool]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, float | int | bool]) -> "PaceState":
        """Rebuild what ``to_dict`` gave. Raises ``KeyError`` when something is missing."""
        values = {field.name: stored[field.name] for field in fields(cls)}
        return cls(
            rate=float(values["rate"]),
            epoch=int(values["epoch"]),
            next_at=float(values["next_at"]),
            starting=bool(values["starting"]),
            cut_epoch=int(values["cut_epoch"]),
            accepted_since_cut=int(values["accepted_since_cut"]),
            accepted_in_epoch=int(values["accepted_in_epoch"]),
            steps=int(values["steps"]),
            measured=bool(values["measured"]),
            probe_left=int(values["probe_left"]),
            probe_throttled=int(values["probe_throttled"]),
        )


@dataclass(frozen=True, slots=True)
class Slots:
    """Moments at which one call each may leave, in order; report their answers with this ``epoch``."""

    times: tuple[float, ...]
    epoch: int


def start(rate: float = DEFAULT_RATE, now: float = 0.0) -> PaceState:
    """Return the state of an account nothing is known about."""
    return PaceState(
        rate=_bounded(rate),
        epoch=0,
        next_at=now,
        starting=True,
        cut_epoch=0,
        accepted_since_cut=0,
        accepted_in_epoch=0,
        steps=0,
        measured=False,
        probe_left=0,
        probe_throttled=0,
    )


def reserve(state: PaceState, now: float, horizon: float, limit: int | None = None) -> tuple[PaceState, Slots]:
    """Take every free slot from ``now`` to ``now + horizon`` seconds, at most ``limit``.

    Keep the horizon short (a quarter of a second): slots already taken do not slow down with the rate.
    """
    gap = 1 / state.rate
    at = max(state.next_at, now) if state.next_at <= now + FARTHEST_SLOT else now
    times: list[float] = []
    while at <= now + horizon and (limit is None or len(times) < limit):
        times.append(at)
        at += gap
    if not times:
        return state, Slots((), state.epoch)
    return replace(state, next_at=at), Slots(tuple(times), state.epoch)


def accepted(state: PaceState, count: int, epoch: int) -> PaceState:
    """Take in ``count`` answers that were not throttled, whatever else they said."""
    for _ in range(count):
        if epoch != state.epoch:
            break  # the rest was spaced by a rate that is no longer in force
        state = _probed(state) if state.probe_left else _grown(state)
    return state


def throttled(state: PaceState, epoch: int, now: float) -> PaceState:
    """Take in one throttled answer that came at ``now``."""
    if epoch < state.cut_epoch:
        return state  # the rate it speaks of was cut already
    if not state.probe_left:
        # Also for an earlier epoch: the rate only rose since, so what was too fast then is too fast now.
        at = max(state.next_at, now)
        return replace(state, starting=False, probe_left=_probe_answers(state.rate), probe_throttled=0, next_at=at)
    if epoch != state.epoch:
        return state
    return _probed(replace(state, probe_throttled=state.probe_throttled + 1))


def patience(rate: float) -> float:
    """Return after how many accepted answers since a cut a throttle is overdue.

    A cut is regained after 300. From then on the rate runs ahead of the limit by ``GROWTH`` per call, and so
    empties an allowance of two seconds' calls within ``sqrt(4 * rate / GROWTH)`` more.
    """
    return REGAIN_ANSWERS + math.sqrt(4 * rate / GROWTH)


def _grown(state: PaceState) -> PaceState:
    in_epoch = state.accepted_in_epoch + 1
    total = state.accepted_since_cut + 1
    state = replace(state, accepted_in_epoch=in_epoch, accepted_since_cut=total)
    if state.starting:
        return _stepped(state, 2.0) if in_epoch >= max(DOUBLING_ANSWERS, DOUBLING_SECONDS * state.rate) else state
    if total > (STEP_ANSWERS if state.measured else patience(state.rate)):
        first = FIRST_STEP_MEASURED if state.measured else FIRST_STEP
        step = min(first * 2.0 ** min(state.steps, 16), BIGGEST_STEP)
        due = state.steps == 0 or in_epoch >= max(STEP_ANSWERS, state.rate)
        return replace(_stepped(state, 1 + step), steps=state.steps + 1) if due else state
    return replace(state, rate=_bounded(state.rate * (1 + GROWTH)))


def _stepped(state: PaceState, factor: float) -> PaceState:
    return replace(state, rate=_bounded(state.rate * factor), epoch=state.epoch + 1, accepted_in_epoch=0)


def _probed(state: PaceState) -> PaceState:
    left = state.probe_left - 1
    more = state.probe_throttled
    seen = _probe_answers(state.rate) - left
    if left and not (seen >= PROBE_ANSWERS and more < 2):
        return replace(state, probe_left=left)
    share = (seen - more) / seen * MEASURED_SHARE
    factor = CUT if more == 0 else CUT**2 if more == 1 else max(share, DEEPEST_CUT)
    return replace(
        _stepped(state, factor),
        cut_epoch=state.epoch + 1,
        accepted_since_cut=0,
        steps=0,
        # A throttle right after a measured cut only says that the allowance is still empty.
        measured=more > 1 or (state.measured and state.accepted_since_cut < STEP_ANSWERS),
        probe_left=0,
        probe_throttled=0,
    )


def _probe_answers(rate: float) -> int:
    """How many answers after a throttle are watched at most."""
    return max(PROBE_ANSWERS, min(int(rate * LONG_PROBE_SECONDS), LONG_PROBE_ANSWERS))


def _bounded(rate: float) -> float:
    return min(max(rate, LOWEST_RATE), HIGHEST_RATE)
