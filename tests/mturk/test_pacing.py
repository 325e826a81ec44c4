"""The law of the pace, step by step and against simulated limits."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.mturk import pacing
from qualadmin.mturk.pacing import PaceState
from tests.mturk.simulation import Bucket, simulate


def warm(rate: float) -> PaceState:
    return replace(pacing.start(rate), starting=False)


def test_slots_are_evenly_spaced_and_never_given_twice() -> None:
    state, first = pacing.reserve(warm(10), 100.0, 0.25)
    state, second = pacing.reserve(state, 100.1, 0.25)
    assert first.times == pytest.approx((100.0, 100.1, 100.2))
    assert second.times == pytest.approx((100.3,))
    assert pacing.reserve(state, 100.1, 0.25)[1].times == ()


def test_idle_time_is_not_saved_up() -> None:
    state, _ = pacing.reserve(warm(10), 0.0, 0.25)
    _, slots = pacing.reserve(state, 3_600.0, 0.25)
    assert slots.times == pytest.approx((3_600.0, 3_600.1, 3_600.2))


def test_f32_a_clock_set_back_by_an_hour_stops_nobody() -> None:
    state, _ = pacing.reserve(warm(10), 7_200.0, 0.25)
    state, slots = pacing.reserve(state, 3_600.0, 0.25)
    assert slots.times == pytest.approx((3_600.0, 3_600.1, 3_600.2))
    assert pacing.reserve(state, 3_599.0, 0.25)[1].times == (), "clocks of two machines differ by a second"


def test_no_more_slots_than_asked_for_and_the_rest_stays_free() -> None:
    state, slots = pacing.reserve(warm(1_000), 0.0, 0.25, limit=5)
    assert len(slots.times) == 5
    assert state.next_at == pytest.approx(0.005)


def test_without_any_throttle_it_passes_a_thousand_a_second_within_six_seconds() -> None:
    state, seconds = pacing.start(), 0.0
    while state.rate <= 1_000:
        seconds += 1 / state.rate
        state = pacing.accepted(state, 1, state.epoch)
    assert seconds <= 6


@pytest.mark.parametrize(
    ("more", "seen", "factor"), [(0, 8, 0.97), (1, 8, 0.97**2), (2, 10, 8 / 10 * 0.98), (6, 10, 4 / 10 * 0.98)]
)
def test_the_cut_follows_the_answers_after_a_throttle(more: int, seen: int, factor: float) -> None:
    """Eight of them, or those of half a second where several were throttled: then their share is the limit."""
    state = pacing.throttled(warm(20), 0, 1.0)
    assert state.rate == 20
    for _ in range(more):
        state = pacing.throttled(state, 0, 1.0)
    state = pacing.accepted(state, seen - 1 - more, 0)
    assert (state.rate, state.epoch) == (20, 0)
    state = pacing.accepted(state, 1, 0)
    assert state.rate == pytest.approx(20 * factor)
    assert state.epoch == 1


def test_answers_to_calls_of_a_rate_already_cut_change_nothing() -> None:
    state = pacing.accepted(pacing.throttled(warm(20), 0, 1.0), 8, 0)
    assert pacing.throttled(state, 0, 2.0) == state
    assert pacing.accepted(state, 500, 0) == state


def test_a_throttle_of_a_slower_rate_counts_while_the_rate_only_rose() -> None:
    state = pacing.accepted(pacing.start(4), 8, 0)
    assert (state.rate, state.epoch) == (8, 1)
    state = pacing.throttled(state, 0, 1.0)
    assert not state.starting
    assert state.probe_left == 8


def test_a_cut_of_three_percent_is_regained_in_three_hundred_answers() -> None:
    assert pacing.accepted(warm(0.97), 300, 0).rate == pytest.approx(1.0, rel=0.002)


def test_the_rate_never_stops_nor_runs_away() -> None:
    slow, fast = warm(0.06), pacing.start(9_000)
    for _ in range(3_000):
        slow = pacing.throttled(slow, slow.epoch, 0.0)
        fast = pacing.accepted(fast, 1, fast.epoch)
    assert slow.rate == pacing.LOWEST_RATE
    assert fast.rate == pacing.HIGHEST_RATE


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(-2, 1)), max_size=60))
def test_any_order_of_answers_leaves_a_state_that_can_be_stored(answers: list[tuple[bool, int, int]]) -> None:
    state = pacing.start()
    for ok, count, age in answers:
        epoch = state.epoch + age
        state = pacing.accepted(state, count, epoch) if ok else pacing.throttled(state, epoch, 1.0)
        assert pacing.LOWEST_RATE <= state.rate <= pacing.HIGHEST_RATE
        assert 0 <= state.probe_throttled <= state.probe_left + state.probe_throttled <= pacing.LONG_PROBE_ANSWERS
    assert PaceState.from_dict(json.loads(json.dumps(state.to_dict()))) == state


@pytest.mark.parametrize("rate", [2, 5, 20, 100])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_known_limit_is_used_up_with_hardly_a_throttle(rate: int, seed: int) -> None:
    run = simulate(warm(rate * 0.95), Bucket(lambda _: rate, rate), seconds=3_000 / rate, seed=seed)
    assert run.accepted_per_second() >= 0.98 * rate
    assert run.throttled_share() < 0.01


@pytest.mark.parametrize("rate", [2, 5, 20, 100])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_four_minutes_from_a_cold_start_use_up_what_is_allowed(rate: int, seed: int) -> None:
    run = simulate(pacing.start(), Bucket(lambda _: rate, rate), seconds=240, seed=seed)
    assert run.accepted_per_second() >= 0.98 * rate
    assert run.throttled_share() < 0.06, "a cold start is paid for once"


@pytest.mark.parametrize("rate", [2, 5, 20, 100])
@pytest.mark.parametrize("burst", [1, 5])
def test_an_unknown_limit_is_found_whatever_may_come_at_once(rate: int, burst: int) -> None:
    seconds = 240 + max(120, 1_500 / rate)
    run = simulate(pacing.start(), Bucket(lambda _: rate, burst * rate), seconds=seconds)
    assert run.accepted_per_second(240) >= 0.98 * rate
    assert run.throttled_share(240) < 0.01


@pytest.mark.parametrize("processes", [1, 4])
def test_it_does_not_matter_how_many_processes_call(processes: int) -> None:
    run = simulate(pacing.start(), Bucket(lambda _: 20, 20), seconds=360, processes=processes)
    assert run.accepted_per_second(240) >= 0.98 * 20
    assert run.throttled_share(240) < 0.01


def test_without_epochs_the_same_law_wastes_what_was_allowed() -> None:
    """The trap: calls queued at the old rate keep being throttled, and push the new rate down again and again."""
    with_epochs, without = (
        simulate(warm(400), Bucket(lambda _: 20, 20), seconds=100, stale_counts=stale) for stale in (False, True)
    )
    assert with_epochs.accepted_per_second(20) >= 0.9 * 20
    assert without.accepted_per_second(20) <= 0.05 * 20


@pytest.mark.parametrize(
    ("before", "after", "minutes"), [(2, 20, 6), (5, 20, 4), (20, 100, 2), (20, 4, 1), (100, 5, 1), (5, 2, 1)]
)
def test_a_moved_limit_is_learned_again_within_minutes(before: int, after: int, minutes: int) -> None:
    moved, learned = 100, 100 + 60 * minutes
    bucket = Bucket(lambda now: before if now < moved else after, max(before, after))
    run = simulate(warm(before), bucket, seconds=learned + max(120, 1_500 / after))
    assert run.accepted_per_second(learned) >= 0.98 * after
    assert run.throttled_share(learned) < 0.01


def test_with_others_on_the_same_account_most_of_the_rest_is_used() -> None:
    """A script of the lab takes three of ten calls, now and then: the pace can't know when."""
    run = simulate(pacing.start(), Bucket(lambda now: 6 if now % 40 < 20 else 8, 10), seconds=900)
    assert run.accepted_per_second(300) >= 0.9 * 7
    assert run.throttled_share(300) < 0.04


def test_a_rate_once_learned_is_where_the_next_job_begins() -> None:
    limit = Bucket(lambda _: 20, 20)
    first = simulate(pacing.start(), limit, seconds=240)
    kept = PaceState.from_dict(json.loads(json.dumps(first.state.to_dict())))
    again = simulate(kept, Bucket(lambda _: 20, 20), seconds=120)
    assert again.accepted_per_second() >= 0.98 * 20
    assert again.throttled_share() < 0.01
