"""The common searches of the log: each finds what its name says, and is words that can be edited."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from time_machine import travel

from qualadmin.audit import record as audit
from qualadmin.audit import vocabulary
from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import Environment, Job, RequesterAccount
from qualadmin.web.audit_filters import HOURS_DAYS, Span, UuidText
from qualadmin.web.audit_presets import SEARCHES
from tests.web.calls import make_calls
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def pi(lab: Lab, client: Client) -> Someone:
    return Someone(client, lab.cast.pi, lab.cast.account)


def shown(page: Any) -> set[int]:
    assert page.status_code == 200
    assert_valid_page(page)
    return {one.seq for one in page.context["results"].rows}


def preset(someone: Someone, label: str) -> set[int]:
    """What the link of that name leads to."""
    (url,) = (one.url for one in someone.get("/audit/").context["presets"] if one.label == label)
    return shown(someone.get(url))


@pytest.fixture
def calls(lab: Lab, production_account: RequesterAccount) -> dict[str, int]:
    return make_calls(lab, production_account)


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("Production grants", {"real"}),
        ("Scores lowered", {"lowered"}),
        ("E-mails to workers", {"told", "said why", "mailed"}),
        ("Failed or unknown", {"real refused", "not mailed"}),
    ],
)
def test_a_preset_finds_what_it_says(pi: Someone, calls: dict[str, int], label: str, found: set[str]) -> None:
    assert preset(pi, label) & set(calls.values()) == {calls[name] for name in found}


def test_an_effect_turned_round_leaves_out_just_that(pi: Someone, calls: dict[str, int]) -> None:
    everything = set(calls.values())
    mails = ("mailed", "not mailed")  # of messages, which are no jobs
    for words, left_out in (
        ("-effect:lowered", {"lowered"}),
        ("-effect:revoked", {"real revoke", "told nothing", "said why"}),
        ("-environment:production", {"real", "real revoke", "real refused"}),
        ("-environment:emulator", everything),
    ):
        found = shown(pi.get(went_on(pi.send("/audit/?size=250", words=words)))) & everything
        gone = (
            {calls[name] for name in left_out}
            if left_out != everything
            else everything - {calls[name] for name in ("real", "real revoke", "real refused", *mails)}
        )
        assert everything - found == gone, words


def test_the_export_holds_what_the_page_shows(pi: Someone, calls: dict[str, int]) -> None:
    lines = pi.get("/audit/export.csv?effect=lowered,emailed").getvalue().decode().splitlines()
    found = {int(number) for line in lines[1:] if (number := line.split(",")[0].strip('"')).isdigit()}
    assert found == {calls[name] for name in ("lowered", "told", "said why", "mailed")}


def test_presets_are_words_that_lead_back_to_them(pi: Someone) -> None:
    links = pi.get("/audit/").context["presets"]
    assert [one.label for one in links] == [label for label, _ in SEARCHES]
    for one in links:
        page = pi.get(one.url)
        words = str(page.context["form"]["words"].value())
        assert words, one.label
        assert went_on(pi.send("/audit/", words=words)) == one.url, words
        assert [other.label for other in page.context["presets"] if other.current] == [one.label]


def test_whoever_took_data_out_or_looked_behind_a_pseudonym_is_in_the_preset() -> None:
    """All events of that kind, those of later too."""
    (said,) = (said for label, said in SEARCHES if label == "Exports and reveals")
    asked = set(said["action"].split(","))
    assert asked == {one for one in vocabulary.names() if one.endswith((".exported", ".revealed"))}


def test_who_reads_own_acts_only_is_offered_none(lab: Lab, client: Client) -> None:
    assert Someone(client, lab.cast.granter, lab.cast.account).get("/audit/").context["presets"] == []


@pytest.mark.parametrize(
    ("written", "moment", "inside"),
    [
        ("7-20", datetime(2026, 11, 23, 5, 30, tzinfo=UTC), False),  # 06:30 in Berlin
        ("7-20", datetime(2026, 11, 23, 6, 0, tzinfo=UTC), True),  # 07:00
        ("7-20", datetime(2026, 11, 23, 19, 0, tzinfo=UTC), False),  # 20:00
        ("20-7", datetime(2026, 11, 23, 23, 0, tzinfo=UTC), True),  # midnight
        ("mon-fri@7-20", datetime(2026, 11, 21, 12, 0, tzinfo=UTC), False),  # a Saturday
        ("mon-fri@7-20", datetime(2026, 11, 20, 12, 0, tzinfo=UTC), True),  # a Friday
        ("sat-mon@0-24", datetime(2026, 11, 22, 23, 30, tzinfo=UTC), True),  # Monday, in Berlin
    ],
)
def test_hours_are_those_of_the_zone_in_use(lab: Lab, written: str, moment: datetime, inside: bool) -> None:

    with travel(moment + timedelta(days=365 * 20), tick=False):  # later than any entry there is
        later = moment + timedelta(days=7 * 1043)  # the same day of the week, in the same season
    with travel(later, tick=False), audit.transaction(lab.cast.actor("pi").context) as tx:
        entry = tx.record("auth.logout")
    span = Span.parse(written)
    assert span is not None
    with timezone.override("Europe/Berlin"):
        found = AuditEntry.objects.filter(span.condition(), id=entry)
        assert AuditEntry.objects.get(id=entry).recorded_at == later
        assert found.exists() == inside


@pytest.mark.parametrize("written", ["", "7", "7-7", "24-7", "7-25", "xxx@7-20", "mon-xxx@7-20", "mon-fri", "-7"])
def test_what_are_no_hours(pi: Someone, written: str) -> None:
    assert Span.parse(written) is None
    today = timezone.localdate()
    if written:
        assert pi.get(f"/audit/?hours={written}&from={today}").status_code == 400


def test_a_time_of_day_needs_few_days(pi: Someone) -> None:
    today = timezone.localdate()
    early = today - timedelta(days=HOURS_DAYS + 1)
    assert pi.get("/audit/?hours=7-20").status_code == 400
    assert pi.get(f"/audit/?not-hours=7-20&from={early}").status_code == 400
    assert pi.get(f"/audit/?hours=7-20&from={early}&to={early}").status_code == 200
    page = pi.send("/audit/", words="hours:7-20")
    assert page.status_code == 422
    assert "name the days as well" in page.content.decode()


def test_environments_of_jobs_are_compared_as_text(lab: Lab) -> None:
    """Entries write a job's number with hyphens, SQLite keeps it without."""

    assert Job.objects.filter(pk=lab.job.pk).values_list(UuidText("pk"), flat=True).get() == str(lab.job.pk)
    assert lab.job.account.environment == Environment.EMULATOR
