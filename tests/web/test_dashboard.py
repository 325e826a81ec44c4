"""The first page."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from qualadmin.core.actions.accounts import archive_account
from qualadmin.core.models import Change, ConnectionTest, Heartbeat, Job, User, Verb
from qualadmin.web.figures import days_of
from tests.factories import ChangeFactory, JobFactory, TypeFactory
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, text_of

pytestmark = pytest.mark.django_db


def beats(seconds_ago: int = 1) -> None:
    Heartbeat.objects.create(name="cluster", beat_at=timezone.now() - timedelta(seconds=seconds_ago))


def test_what_needs_somebody_stands_first(granter: Someone, lab: Lab) -> None:
    beats(300)
    Job.objects.filter(pk=lab.other_job.pk).update(planned=3)
    ConnectionTest.objects.create(account=lab.cast.account, state="failed", advice="The key does not exist.")
    page = granter.get("/")
    assert_valid_page(page)
    text = text_of(page)
    for words in (
        "The task cluster is not running: 1 job waits. It was last seen 5 min ago.",
        "The newest connection test of Practice lab failed. The key does not exist.",
        "wave-7.csv: 1 failed of 2.",
        "1 worker has waited more than 48 hours for an answer.",
    ):
        assert words in text
    assert text.index("Needs you") < text.index("Requests waiting") < text.index("Granted and failed per day")


def test_with_everything_well_there_is_no_such_list(client: Client, cast: Cast) -> None:
    beats()
    TypeFactory(account=cast.account)
    assert "Needs you" not in text_of(Someone(client, cast.granter, cast.account).get("/"))


def test_the_tiles_count_what_their_links_show(granter: Someone, lab: Lab) -> None:
    tiles = {tile["label"]: tile for tile in granter.get("/").context["tiles"]}
    assert {label: tile["value"] for label, tile in tiles.items()} == {
        "Requests waiting": 1,
        "Failed in 7 days": 1,
        "Granted in 7 days": 1,
        "Jobs running": 1,
    }
    assert [job.title for job in granter.get(tiles["Failed in 7 days"]["url"]).context["results"].rows] == [
        "wave-7.csv"
    ]
    assert len(granter.get(tiles["Jobs running"]["url"]).context["results"].rows) == 1
    assert len(granter.get(tiles["Requests waiting"]["url"]).context["results"].rows) == 1
    assert granter.get(tiles["Granted in 7 days"]["url"]).status_code == 200


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", "2026-11-22T23:59:59", "22 Nov"),
        ("Europe/Berlin", "2026-11-22T23:59:59", "23 Nov"),
        ("Asia/Kathmandu", "2026-11-22T18:14:59", "22 Nov"),  # 05:45 ahead: midnight is at 18:15
        ("Asia/Kathmandu", "2026-11-22T18:15:00", "23 Nov"),
        ("America/New_York", "2026-11-01T05:30:00", "1 Nov"),  # the night the clocks go back
        ("America/New_York", "2026-11-02T04:59:00", "1 Nov"),
    ],
)
def test_a_day_is_one_of_the_reader(client: Client, cast: Cast, zone: str, moment: str, day: str) -> None:
    User.objects.filter(pk=cast.granter.pk).update(time_zone=zone)
    with time_machine.travel(datetime(2026, 11, 23, 12, tzinfo=UTC), tick=False):
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        one = TypeFactory(account=cast.account)
        ChangeFactory(type=one, state=Change.State.DONE, finished_at=at)
        ChangeFactory(type=one, state=Change.State.FAILED, finished_at=at)
        ChangeFactory(type=one, state=Change.State.DONE, verb=Verb.REVOKE, finished_at=at)
        bars = Someone(client, cast.granter, cast.account).get("/").context["chart"].bars
    assert len(bars) == 30
    assert {bar.label: (bar.first, bar.second) for bar in bars if bar.first or bar.second} == {day: (1, 1)}
    assert [bar.partial for bar in bars] == [False] * 29 + [True]


def test_a_pi_counts_the_own_studies_only(client: Client, lab: Lab) -> None:
    ChangeFactory(type=lab.type, job=lab.other_job, state=Change.State.DONE, finished_at=timezone.now())
    pi = Someone(client, lab.cast.pi, lab.cast.account)
    tiles = {tile["label"]: tile["value"] for tile in pi.get("/").context["tiles"]}
    assert tiles["Granted in 7 days"] == 1
    assert tiles["Jobs running"] == 0


def test_a_new_account_says_what_to_do_first(client: Client, cast: Cast) -> None:
    text = text_of(Someone(client, cast.manager, cast.account).get("/"))
    assert "Start here" in text
    assert "Import the types" in text


def test_without_any_account_a_manager_is_led_to_the_first(client: Client, cast: Cast) -> None:
    for account in (cast.account, cast.other_account):
        archive_account(actor=cast.actor("manager"), account=account)
    client.force_login(cast.manager)
    page = client.get("/")
    assert_valid_page(page)
    assert "Add an account" in text_of(page)
    assert client.get("/accounts/add/").status_code == 200


def test_it_shows_the_last_five_jobs_of_mine(granter: Someone, lab: Lab) -> None:
    for n in range(6):
        JobFactory(account=lab.cast.account, created_by=lab.cast.granter, title=f"Mine {n}")
    JobFactory(account=lab.cast.account, title="Of somebody else")
    mine = [job.title for job in granter.get("/").context["mine"]]
    assert mine == ["Mine 5", "Mine 4", "Mine 3", "Mine 2", "Mine 1"]


def test_days_that_are_over_are_counted_once_and_today_each_time(
    lab: Lab, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    person, now = lab.cast.granter.as_actor(), timezone.now()
    first = days_of(person, lab.cast.account, now)
    for moment in (now, now - timedelta(days=3)):
        job = JobFactory(account=lab.cast.account)
        ChangeFactory(type=lab.type, job=job, state=Change.State.DONE, finished_at=moment)
    with django_assert_num_queries(1):
        again = days_of(person, lab.cast.account, now)
    assert again[:-1] == first[:-1]
    assert again[-1].granted == first[-1].granted + 1
