"""Times, numbers, states and charts in words."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.template import Context, RequestContext, Template
from django.test import RequestFactory
from django.urls import NoReverseMatch, get_script_prefix, reverse, set_script_prefix
from django.utils import timezone

from qualadmin.core.models import Worker
from qualadmin.web.addresses import address_of
from qualadmin.web.charts import Bar, Chart, axis_steps, histogram
from qualadmin.web.counts import Count
from qualadmin.web.statuses import LOOKS
from qualadmin.web.words import duration
from tests.web.html import assert_valid_fragment

NOON = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)


def shown(source: str, **context: Any) -> str:
    return Template("{% load ui charts %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("moment", "zone", "text", "iso"),
    [
        (
            datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
            "Europe/Berlin",
            "2026-03-29 01:59",
            "2026-03-29T01:59:00+01:00",
        ),
        (
            datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
            "Europe/Berlin",
            "2026-03-29 03:00",
            "2026-03-29T03:00:00+02:00",
        ),
        (
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            "Europe/Berlin",
            "2026-10-25 02:30",
            "2026-10-25T02:30:00+02:00",
        ),
        (
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            "Europe/Berlin",
            "2026-10-25 02:30",
            "2026-10-25T02:30:00+01:00",
        ),
        (
            datetime(2026, 1, 1, 0, 0, 1, 5, tzinfo=UTC),
            "Asia/Kathmandu",
            "2026-01-01 05:45",
            "2026-01-01T05:45:01+05:45",
        ),
    ],
)
def test_moments_stand_in_the_readers_zone_across_clock_changes(
    moment: datetime, zone: str, text: str, iso: str
) -> None:
    with timezone.override(zone):
        html = shown("{% when moment %}", moment=moment)
    assert f'datetime="{iso}"' in html
    assert f">{text}</time>" in html
    assert zone in html


@pytest.mark.parametrize(
    ("back", "text"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=40), "40 days ago"),
        (timedelta(seconds=-30), "just now"),
        (timedelta(minutes=-5), "in 5 min"),
    ],
)
def test_ages_are_rounded_down(back: timedelta, text: str) -> None:
    with time_machine.travel(NOON, tick=False):
        assert shown("{{ moment|ago }}", moment=NOON - back) == text


def test_zero_and_unknown_are_never_the_same() -> None:
    source = "{{ a|number }} {{ b|number }} {{ c|number }} {{ b|ago }} {% when b %}"
    assert shown(source, a=0, b=None, c=1234567).split() == ["0", "–", "1,234,567", "–", "–"]
    assert shown('{% counted 1 "worker" %}, {% counted 2000 "entry" "entries" %}') == "1 worker, 2,000 entries"


@pytest.mark.parametrize("state", LOOKS)
def test_a_state_is_icon_word_and_colour(state: str) -> None:
    html = shown("{% pill state %}", state=state)
    assert "<svg" in html
    assert 'aria-hidden="true"' in html
    assert LOOKS[state].word in html


def test_a_state_nobody_described_is_shown_as_text() -> None:
    assert "&lt;b&gt;x y&lt;/b&gt;" in shown("{% pill state %}", state="<b>x_y</b>")


def test_links_keep_the_rest_of_the_address(rf: RequestFactory) -> None:
    request = rf.get("/list/?q=a+b&sort=name&host=a")
    context = RequestContext(request, {"request": request})
    template = Template("{% load ui %}{% autoescape off %}{% qs sort='-name' host=None %}{% endautoescape %}")
    assert template.render(context) == "?q=a+b&sort=-name"


def test_a_worker_is_shown_by_pseudonym_to_those_who_may_not_see_ids() -> None:
    worker = Worker(worker_id="A2EXAMPLE00001")
    hidden = shown("{% worker one 'study:a' %}", one=worker)
    assert "A2EXAMPLE00001" not in hidden
    assert worker.pseudonym_in("study:a") in hidden
    assert str(worker.pk) not in hidden
    seen = shown("{% worker one 'study:a' %}", one=worker, shows_worker_ids=True)
    assert 'data-copy="A2EXAMPLE00001"' in seen


@pytest.mark.parametrize(
    ("highest", "steps"),
    [(0, [0, 1]), (1, [0, 1]), (4, [0, 1, 2, 3, 4]), (829, [0, 200, 400, 600, 800, 1000]), (7, [0, 2, 4, 6, 8])],
)
def test_the_axis_has_few_round_numbers(highest: int, steps: list[int]) -> None:
    assert axis_steps(highest) == steps


def test_a_chart_says_in_words_what_it_draws() -> None:
    chart = Chart((Bar("22 Nov", 0), Bar("23 Nov", 1200, 30, partial=True)))
    source = (
        '{% include "components/_chart.html" with title="Per day" first="Granted" second="Failed" chart_id="c" %}'
    )
    html = shown(source, chart=chart)
    assert_valid_fragment(HttpResponse(html))
    assert "<title>23 Nov (so far): 1,200 granted, 30 failed</title>" in html
    assert '<th scope="row">22 Nov</th><td class="num">0</td>' in html
    assert_valid_fragment(HttpResponse(shown(source, chart=Chart(()))))


def test_a_chart_of_nothing_says_so_instead_of_drawing() -> None:
    words = 'title="Per day" first="Granted" chart_id="c" quiet="All quiet."'
    source = f'{{% include "components/_chart.html" with {words} %}}'
    html = shown(source, chart=Chart((Bar("23 Nov", 0),)))
    assert_valid_fragment(HttpResponse(html))
    assert "All quiet." in html
    assert "<svg" not in html


def test_a_chart_names_its_last_bar_and_shows_the_smallest() -> None:
    bars = (*(Bar(f"day {n}", 0) for n in range(28)), Bar("one", 1), Bar("today", 9_000))
    html = shown("{% load charts %}{% chart_svg chart 'Per day' 'Granted' %}", chart=Chart(bars))
    assert 'x="100.0%" y="196" text-anchor="end">today</text>' in html
    small = html.partition("<title>one: 1 granted</title>")[2].partition("/>")[0]
    assert 'height="2' in small


@pytest.mark.parametrize(
    ("count", "total", "words"),
    [(1, None, "entry"), (0, None, "entries"), (2, None, "entries"), (1, 12, "entries"), (1, 1, "entry")],
)
def test_a_list_of_one_row_has_a_singular(count: int, total: int | None, words: str) -> None:
    results = SimpleNamespace(count=Count(count, False), total=None if total is None else Count(total, False))
    assert shown("{{ 'entries'|noun_of:results }}", results=results) == words


def test_a_histogram_holds_every_score_once() -> None:
    chart = histogram([(0, 3), (50, 2), (99, 4), (100, 1)])
    assert sum(bar.first for bar in chart.bars) == 10
    assert [bar.label for bar in chart.bars][:2] == ["0–5", "6–11"]
    assert chart.bars[-1].label == "96–100"
    assert [bar.label for bar in histogram([(1, 5), (3, 1)]).bars] == ["1", "2", "3"]
    assert histogram([]).bars == ()


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "5 s"), (42, "40 s"), (58, "1 min"), (200, "3 min"), (7_300, "2 h")]
)
def test_spans_are_never_more_exact_than_true(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_moment_of_the_day_at_hand_is_shown_as_its_time() -> None:
    with timezone.override("Europe/Berlin"):
        late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # 00:30 of the next day there
        assert ">13:00:30</time>" in shown("{% when m age=False day=d %}", m=NOON, d=NOON - timedelta(hours=12))
        assert ">2026-11-24 00:30</time>" in shown("{% when m age=False day=d %}", m=late, d=NOON)
        assert shown("{{ m|day }} {{ m|clock }}", m=late) == "2026-11-24 00:30"


@pytest.fixture(params=["/", "/lab/"])
def prefix(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where the site begins on its server."""
    before = get_script_prefix()
    set_script_prefix(request.param)
    yield
    set_script_prefix(before)


def test_a_row_has_the_address_that_django_gives_it(prefix: None) -> None:
    keys: dict[str, int | uuid.UUID] = {"worker-detail": uuid.uuid4(), "person-detail": 7, "audit-detail": 123_456}
    for name, key in keys.items():
        assert address_of(name, key) == reverse(name, args=[key])
        assert shown("{% row_url name key %}", name=name, key=key) == reverse(name, args=[key])
    with pytest.raises(NoReverseMatch):
        address_of("no-such-page", 7)


def test_the_text_of_a_worker_stays_text() -> None:
    worker = Worker(worker_id='A1<b>"')
    html = shown("{% worker one 'study:a' %}", one=worker, shows_worker_ids=True)
    assert html.count("A1&lt;b&gt;&quot;") == 3  # the link, what is copied, what the button says
    assert reverse("worker-detail", args=[worker.pk]) in html
    assert "<b>" not in html
