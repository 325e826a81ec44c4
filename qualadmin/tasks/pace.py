"""The account's shared speed: slots taken from one row, and what every answer teaches."""

import time
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from django.utils import timezone

from qualadmin.core.actions.outcomes import Outcome, Result
from qualadmin.core.actions.pace import note_throttled, update_pace
from qualadmin.mturk import pacing

from .calls import Answer

WORDS: Final = {
    Result.DONE: "done",
    Result.SKIPPED: "already_so",
    Result.FAILED: "refused",
    Result.PUT_BACK: "not_sent",
    Result.UNKNOWN: "no_clear_answer",
}
HORIZON: Final = 0.25  # seconds: slots already taken do not slow down with the rate


class SharedPace:
    """Reads and moves the one pace row of an account. Wall clock, since several machines share it."""

    def __init__(self, account_id: uuid.UUID) -> None:
        self._account_id = account_id

    def reserve(self, limit: int) -> pacing.Slots:
        """Up to `limit` moments at which one call each may leave."""
        now = time.time()

        def step(stored: dict[str, Any]) -> tuple[dict[str, Any], pacing.Slots]:
            state, slots = pacing.reserve(_state(stored, now), now, HORIZON, limit)
            return state.to_dict(), slots

        return update_pace(account_id=self._account_id, step=step)

    def take_in(self, word: str, epoch: int, *, throttled: bool = False) -> None:
        """Take in how Amazon took one call of a slot of this epoch, counted under `word`."""
        now = time.time()

        def step(stored: dict[str, Any]) -> tuple[dict[str, Any], None]:
            state = _state(stored, now)
            change = pacing.throttled(state, epoch, now) if throttled else pacing.accepted(state, 1, epoch)
            return change.to_dict(), None

        update_pace(account_id=self._account_id, step=step, calls={word: 1})
        if throttled:
            note_throttled(account_id=self._account_id, now=timezone.now())

    def learn(self, answers: Iterable[Answer]) -> None:
        """Take in how Amazon took the calls."""
        now = time.time()
        answers = list(answers)
        calls = Counter(f"{answer.outcome.claim.verb}.{word_for(answer.outcome)}" for answer in answers)
        accepted = Counter(answer.epoch for answer in answers if answer.sent and not answer.outcome.throttled)
        throttled = [answer.epoch for answer in answers if answer.outcome.throttled]

        def step(stored: dict[str, Any]) -> tuple[dict[str, Any], None]:
            state = _state(stored, now)
            for epoch, count in sorted(accepted.items()):
                state = pacing.accepted(state, count, epoch)
            for epoch in throttled:
                state = pacing.throttled(state, epoch, now)
            return state.to_dict(), None

        update_pace(account_id=self._account_id, step=step, calls=calls)
        if throttled:
            note_throttled(account_id=self._account_id, now=timezone.now())


def word_for(outcome: Outcome) -> str:
    """How the counters call it: `throttled` apart from what did not leave for another reason."""
    return "throttled" if outcome.throttled else WORDS[outcome.result]


def _state(stored: dict[str, Any], now: float) -> pacing.PaceState:
    return pacing.PaceState.from_dict(stored) if stored else pacing.start(now=now)
