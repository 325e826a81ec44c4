"""Monthly summaries: each number is that of the search it links to, and nobody reads a foreign study."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from time_machine import travel

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import RequesterAccount
from qualadmin.core.months import Month
from tests.entries import new_entries, payload_of
from tests.web.calls import finish, make_calls
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def pi(lab: Lab, client: Client) -> Someone:
    return Someone(client, lab.cast.pi, lab.cast.account)


def month_of(someone: Someone, lab: Lab, month: object = "") -> Any:
    return someone.get(f"/audit/months/{lab.cast.study.pk}/{month or Month.current()}/")


def listed(someone: Someone, url: str) -> int:
    """How many entries the search that a number links to finds."""
    page = someone.get(f"{url}&size=250")
    assert page.status_code == 200, url
    results = page.context["results"]
    assert not results.older_url
    return len(results.rows)


def figures(page: Any) -> dict[str, Any]:
    return {one.label: one for _, group in page.context["summary"].groups for one in group}


def test_each_number_is_that_of_its_search(pi: Someone, lab: Lab, production_account: RequesterAccount) -> None:
    make_calls(lab, production_account)
    page = month_of(pi, lab)
    assert_valid_page(page)
    found = figures(page)
    numbers = {label: one.count.number for label, one in found.items()}
    assert numbers["Granted or score set"] == 6
    assert numbers["Of these, scores lowered"] == 1
    assert numbers["Taken away"] == 3
    assert numbers["E-mails to workers"] == 3
    assert numbers["Failed"] == 2
    assert numbers["Undone"] == numbers["No clear answer"] == 0
    summary = page.context["summary"]
    shares = [*summary.people, *summary.types]
    linked = [*found.values(), *(one for share in shares for one in (share.entries, share.granted, share.revoked))]
    followed = 0
    for one in linked:
        if one is not None and one.url:
            assert listed(pi, one.url) == one.count.number, one.url
            assert one.url.replace("&", "&amp;") in page.content.decode()
            followed += 1
    assert followed > 12
    assert {share.name for share in summary.people} >= {"Granter Person"}
    assert len(summary.types) == 9  # of the call that was refused nothing came


def test_what_others_did_elsewhere_is_not_counted(pi: Someone, lab: Lab) -> None:
    before = {label: one.count.number for label, one in figures(month_of(pi, lab)).items()}
    finish(lab, lab.other_job, value=80)
    assert {label: one.count.number for label, one in figures(month_of(pi, lab)).items()} == before


def test_a_month_begins_and_ends_at_midnight_of_the_installation(pi: Someone, lab: Lab) -> None:
    """Also for a reader whose own clock says another month, and for who follows the links later."""
    lab.cast.pi.time_zone = "Pacific/Auckland"
    lab.cast.pi.save(update_fields=["time_zone"])
    year = datetime.now(UTC).year + 1
    march = Month(year, 3)
    with travel(march.begin - timedelta(seconds=1), tick=False):
        finish(lab, lab.job, value=80)
    with travel(march.begin, tick=False):
        first = finish(lab, lab.job, value=80)
    with travel(march.end - timedelta(seconds=1), tick=False):
        last = finish(lab, lab.job, value=80)
    with travel(march.end, tick=False):
        finish(lab, lab.job, value=80)
    with travel(march.end + timedelta(days=40), tick=False):
        again = Someone(Client(), lab.cast.pi, lab.cast.account)
        granted = figures(month_of(again, lab, march))["Granted or score set"]
        assert granted.count.number == 2
        rows = again.get(granted.url).context["results"].rows
        assert [one.seq for one in rows] == [last, first]


def test_an_empty_month_says_so(pi: Someone, lab: Lab) -> None:
    page = month_of(pi, lab, Month.current().before)
    assert_valid_page(page)
    assert "Nothing happened in this month" in text_of(page)
    assert page.context["summary"].is_empty


@pytest.mark.parametrize("month", ["2026-00", "2026-13", "0000-01", "1999-12", "2201-01"])
def test_what_is_no_month_is_no_page(pi: Someone, lab: Lab, month: str) -> None:
    assert month_of(pi, lab, month).status_code == 404


def test_months_to_come_are_no_pages(pi: Someone, lab: Lab) -> None:
    assert month_of(pi, lab, Month.current().after).status_code == 404


def test_pis_read_their_own_studies_managers_all(pi: Someone, lab: Lab) -> None:
    other = f"/audit/months/{lab.other_study.pk}/{Month.current()}/"
    assert pi.get(other).status_code == 404
    listing = text_of(pi.get("/audit/months/"))
    assert lab.cast.study.title in listing
    assert lab.other_study.title not in listing
    assert "This month" not in text_of(pi.get(f"/studies/{lab.other_study.pk}/"))
    assert "This month" in text_of(pi.get(f"/studies/{lab.cast.study.pk}/"))
    manager = Someone(Client(), lab.cast.manager, lab.cast.account)
    assert manager.get(other).status_code == 200
    assert lab.other_study.title in text_of(manager.get("/audit/months/"))
    granter = Someone(Client(), lab.cast.granter, lab.cast.account)
    assert month_of(granter, lab).status_code == 403


def test_reading_is_written_down_once(pi: Someone, lab: Lab) -> None:
    cache.clear()
    with new_entries() as entries:
        month_of(pi, lab)
        month_of(pi, lab)
    viewed = [one for one in entries if one.action == "audit.viewed"]
    assert [payload_of(one)["filter"] for one in viewed] == [f"summary of sleep-and-attention, {Month.current()}"]


def test_entries_are_found_by_number_in_words_too(pi: Someone, lab: Lab) -> None:
    with audit.transaction(lab.cast.actor("pi").context) as tx:
        entry = tx.record("auth.logout")
    seq = AuditEntry.objects.get(id=entry).seq
    page = pi.get(f"/audit/?entries={seq}..{seq}")
    assert [one.seq for one in page.context["results"].rows] == [seq]
    assert str(page.context["form"]["words"].value()) == f"entries:{seq}..{seq}"
    for wrong in ("5..4", "5", "..", "5..x", "9" * 19 + ".." + "9" * 19):
        assert pi.get(f"/audit/?entries={wrong}").status_code == 400
        assert pi.send("/audit/", words=f"entries:{wrong}").status_code == 422


@pytest.mark.parametrize(
    ("month", "before", "after"),
    [(Month(2026, 1), "2025-12", "2026-02"), (Month(2026, 12), "2026-11", "2027-01")],
)
def test_months_follow_each_other(month: Month, before: str, after: str) -> None:
    assert (str(month.before), str(month.after)) == (before, after)
    assert Month.of(month.begin) == month == Month.of(month.end - timedelta(microseconds=1))
    assert Month.of(month.end) == month.after
