"""The judge of the soak must find what it is there to find."""

import pytest

from benchmarks.soak.verdict import (
    Did,
    calls_before_entries,
    wrong_counters,
    wrong_effects,
    wrong_end,
    wrong_mails,
)


@pytest.mark.parametrize(
    ("changes", "effects"),
    [
        ([Did(1, 5, "done")], [5]),
        ([Did(1, 5, "done"), Did(2, 5, "done")], [5]),  # the second was so already
        ([Did(1, 5, "done"), Did(2, None, "done")], [5, None]),
        ([Did(1, 5, "failed"), Did(2, 3, "done")], [3]),
        ([Did(1, 5, "person")], []),
        ([Did(1, 5, "person")], [5]),
        ([Did(1, 5, "sending")], [5]),
        ([], []),
    ],
)
def test_effects_that_were_asked_for(changes: list[Did], effects: list[int | None]) -> None:
    assert wrong_effects(changes, effects) == []


@pytest.mark.parametrize(
    ("changes", "effects", "words"),
    [
        ([Did(1, 5, "done")], [5, 5], "an effect too many: score 5"),
        ([Did(1, 5, "done")], [], "done, yet Amazon never did it: score 5"),
        ([Did(1, 5, "failed")], [5], "an effect too many: score 5"),
        ([Did(1, 5, "cancelled")], [5], "an effect too many: score 5"),
        ([Did(1, 5, "done"), Did(2, None, "done")], [5], "done, yet Amazon never did it: nothing"),
        ([], [None], "an effect too many: nothing"),
    ],
)
def test_effects_that_were_not(changes: list[Did], effects: list[int | None], words: str) -> None:
    assert wrong_effects(changes, effects) == [words]


def test_effects_in_the_wrong_order() -> None:
    changes = [Did(1, 5, "done"), Did(2, 3, "done")]
    assert wrong_effects(changes, [3, 5]) != []


def test_a_mail_more_than_was_asked_for() -> None:
    changes = [Did(1, 5, "done", mails=True), Did(2, 3, "done"), Did(3, 4, "failed", mails=True)]
    assert wrong_mails(changes, 1) == []
    assert wrong_mails(changes, 2) == ["2 mails, at most 1 were asked for"]


def test_what_a_worker_holds_at_the_end() -> None:
    asked = [("a", 5), ("b", 3), ("c", None)]
    done = [Did("a", 5, "done"), Did("b", 3, "done"), Did("c", None, "done")]
    assert wrong_end(asked, done, None) == []
    assert wrong_end(asked, done, 3) == ["holds score 3, was to hold nothing"]
    assert wrong_end(asked, [*done[:2], Did("c", None, "failed")], 3) == []
    assert wrong_end(asked, [*done[:2], Did("c", None, "cancelled")], 5) == ["holds score 5, was to hold score 3"]
    assert wrong_end(asked, done[:2], None) == [], "the last was told: already so"
    assert wrong_end(asked, [*done[:2], Did("c", None, "person")], 77) == []
    assert wrong_end(asked, [*done[:2], Did("c", None, "planned")], 3) == ["not ended: nothing"]


def test_a_call_before_its_entry() -> None:
    assert calls_before_entries([1.0, 5.0], [1.5, 6.0]) == []
    assert calls_before_entries([1.0, 5.0], [1.5, 4.0]) == ["1 calls left before they were noted"]
    assert calls_before_entries([1.0], [1.5, 4.0]) == ["2 calls, only 1 were noted before"]


def test_counters_of_a_job() -> None:
    counters = {"planned": 0, "done": 2, "needs_person": 1}
    assert wrong_counters(counters, {"done": 2, "person": 1}) == []
    assert wrong_counters(counters, {"done": 1, "person": 1, "planned": 1}) == [
        "planned is 0, there are 1",
        "done is 2, there are 1",
    ]
