"""Qualification types in a browser."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from qualadmin.core.models import Environment, HolderReading, QualificationType
from qualadmin.web.counts import Count
from tests.entries import new_entries
from tests.factories import (
    AccountFactory,
    QualificationFactory,
    RoleFactory,
    TypeFactory,
    UserFactory,
    WorkerFactory,
)
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db
ANSWERS = {
    "name": "Wave 8",
    "description": "Took part in wave 8.",
    "status": "Active",
    "default_score": "100",
    "min_score": "0",
    "max_score": "100",
}


@pytest.fixture
def manager(lab: Lab, client: Client) -> Someone:
    return Someone(client, lab.cast.manager, lab.cast.account)


def test_inactive_types_are_hidden_and_counted(manager: Someone) -> None:
    text = text_of(manager.get("/types/"))
    assert "Wave 7" in text
    assert "Old wave" not in text
    assert "1 inactive type not shown" in text
    assert "Old wave" in text_of(manager.get("/types/?show=all"))


def test_the_list_says_how_many_hold_and_wait(manager: Someone, lab: Lab) -> None:
    page = manager.get("/types/")
    figure = page.context["figures"][str(lab.type.pk)]
    assert (figure["holders"], figure["waiting"]) == (Count(1, False), Count(1, False))
    assert figure["last"] == lab.change.finished_at


def test_the_list_counts_holders_no_further_than_needed(
    manager: Someone, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qualadmin.web.counts.COUNT_LIMIT", 2)
    for held, text in ((2, "2"), (3, "2+"), (4, "2+")):
        while lab.type.qualifications.filter(status="Granted").count() < held:
            QualificationFactory(type=lab.type, worker=WorkerFactory())
        figure = manager.get("/types/").context["figures"][str(lab.type.pk)]
        assert str(figure["holders"]) == text


def test_scores_that_take_long_to_count_are_kept_and_the_page_says_since_when(
    manager: Someone, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qualadmin.web.scores.MANY", 3)
    address = f"/types/{lab.type.pk}/"
    caches["process"].clear()
    for held, counted, said in ((2, 2, False), (3, 3, False), (4, 3, True)):
        while lab.type.qualifications.filter(status="Granted").count() < held:
            QualificationFactory(type=lab.type, worker=WorkerFactory())
        page = manager.get(address)
        assert page.context["holder_count"] == counted
        assert ("counted just now" in text_of(page)) is said
    caches["process"].clear()
    assert manager.get(address).context["holder_count"] == 4


def test_the_page_shows_scores_holders_jobs_and_requests(manager: Someone, lab: Lab) -> None:
    for value in (80, 100, 100):
        QualificationFactory(type=lab.type, value=value)
    QualificationFactory(type=lab.type, value=50, status="Revoked")
    page = manager.get(f"/types/{lab.type.pk}/")
    text = text_of(page)
    bars = {bar.label: bar.first for bar in page.context["histogram"].bars if bar.first}
    assert sum(bars.values()) == 4
    assert page.context["holder_count"] == 4
    assert "wave-7.csv" in text
    assert "Not for the PI" not in text
    assert "never: once only" in text
    taken = manager.get(f"/types/{lab.type.pk}/?status=Revoked")
    assert [row.value for row in taken.context["results"].rows] == [50]


def test_a_type_is_created_after_checking_the_answers(manager: Someone, lab: Lab) -> None:
    more = {"keywords": "memory, wave", "auto_granted": "on", "retry_amount": "2", "retry_unit": "days"}
    with new_entries() as entries:
        check = manager.send("/types/create/", **ANSWERS, **more)
    assert check.status_code == 200
    assert_valid_page(check)
    assert "qtype.create.requested" not in entries.actions
    text = text_of(check)
    for words in (
        "Nothing was sent yet.",
        "after 2 days",
        "not taken back",
        "Yes, with score 1",
        "Create this type in the emulator",
    ):
        assert words in text
    assert text.count("Can never be changed") == 2  # name and keywords
    fields = hidden_of(check) | {"confirm": "yes"}
    with new_entries() as entries:
        first, second = (went_on(manager.client.post("/types/create/", fields)) for _ in range(2))
    assert first == second
    assert entries.actions == ["qtype.create.requested"]
    one = QualificationType.objects.get(name="Wave 8")
    assert (one.state, one.auto_granted_value, one.retry_delay_seconds) == ("requested", 1, 172_800)
    assert "Amazon is being asked to create this type" in text_of(manager.get(first))


@pytest.mark.parametrize(
    ("amount", "words", "seconds"),
    [("", "never: once only", None), ("0", "at once", 0), ("1", "after 1 day", 86_400)],
)
def test_a_delay_of_nothing_is_not_no_delay(
    manager: Someone, amount: str, words: str, seconds: int | None
) -> None:
    """At Amazon 0 lets a worker ask again at once; without a delay nobody can ask twice."""
    check = manager.send("/types/create/", **ANSWERS, retry_amount=amount, retry_unit="days")
    assert words in text_of(check)
    manager.client.post("/types/create/", hidden_of(check) | {"confirm": "yes"})
    one = QualificationType.objects.get(name="Wave 8")
    assert one.retry_delay_seconds == seconds
    assert words in text_of(manager.get(f"/types/{one.pk}/"))


def test_a_type_can_be_made_inactive(manager: Someone) -> None:
    check = manager.send("/types/create/", **ANSWERS | {"status": "Inactive"})
    manager.client.post("/types/create/", hidden_of(check) | {"confirm": "yes"})
    assert QualificationType.objects.get(name="Wave 8").status == "Inactive"


def test_back_from_the_check_page_keeps_the_answers(manager: Someone) -> None:
    check = manager.send("/types/create/", **ANSWERS)
    form = manager.client.post("/types/create/", hidden_of(check) | {"change": "yes"})
    assert form.status_code == 200
    assert_valid_page(form)
    assert form.context["form"]["name"].value() == "Wave 8"
    assert not QualificationType.objects.filter(name="Wave 8").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "Wave 7"}, "a type of this name already"),
        ({"name": ""}, "Give the type a name"),
        ({"name": "x" * 201}, "at most 200 characters"),
        ({"description": ""}, "Describe the type"),
        ({"status": "Disposing"}, "not one of the available choices"),
        ({"keywords": "k" * 1_001}, "at most 1000 characters"),
        ({"retry_amount": "-1"}, "greater than or equal to 0"),
        ({"default_score": "1.5"}, "whole number"),
        ({"min_score": ""}, "Enter a whole number."),
        ({"description": "AKIA" + "IOSFODNN7EXAMPLE"}, "looks like a credential"),
    ],
)
def test_a_fault_is_named_before_anything_is_sent(manager: Someone, change: dict[str, str], words: str) -> None:
    response = manager.send("/types/create/", **(ANSWERS | change))
    assert response.status_code == 422
    assert_valid_page(response)
    assert words in text_of(response)


def test_what_the_action_refuses_is_shown_in_the_form(manager: Someone) -> None:
    check = manager.send("/types/create/", **(ANSWERS | {"min_score": "200"}))
    response = manager.client.post("/types/create/", hidden_of(check) | {"confirm": "yes"})
    assert response.status_code == 422
    assert "The lowest score is above the highest" in text_of(response)


def test_bi_56_a_name_that_differs_in_capitals_only_is_warned_of(manager: Someone) -> None:
    assert "There is already “Wave 7”" in text_of(
        manager.send("/types/create/", **(ANSWERS | {"name": "wave  7"}))
    )


def test_in_production_a_type_needs_the_right_to_act_on_real_workers(client: Client, cast: Cast) -> None:
    real = AccountFactory(environment=Environment.PRODUCTION, name="Real lab", profile_name="lab")
    user = UserFactory()
    RoleFactory(user=user, role="manager")
    response = Someone(client, user, real).get("/types/create/")
    assert response.status_code == 403
    assert "does not reach real workers" in text_of(response)


def test_comparing_with_amazon_is_asked_for_once_and_shown(manager: Someone, lab: Lab) -> None:
    path = f"/types/{lab.type.pk}/"
    with new_entries() as entries:
        went_on(manager.send(path, to=f"{path}sync/"))
    assert entries.actions == ["qtype.sync.requested"]
    text = text_of(manager.get(path))
    assert "Amazon is being asked who holds this type" in text
    assert "Compare with Amazon now" not in text
    polling = {"HX-Request": "true", "HX-Polling": "true"}
    assert manager.get(path, headers=polling).status_code == 204
    QualificationType.objects.filter(pk=lab.type.pk).update(holders_synced_at=timezone.now())
    assert manager.get(path, headers=polling).headers["HX-Refresh"] == "true"


def test_a_comparison_that_never_ended_is_no_longer_waited_for(manager: Someone, lab: Lab) -> None:
    asked = timezone.now() - timedelta(minutes=10)
    QualificationType.objects.filter(pk=lab.type.pk).update(sync_asked_at=asked)
    assert "Compare with Amazon now" in text_of(manager.get(f"/types/{lab.type.pk}/"))


def test_types_are_imported_and_the_page_follows(manager: Someone, lab: Lab) -> None:
    assert "Amazon was not asked yet." in text_of(manager.get("/types/import/"))
    with new_entries() as entries:
        went_on(manager.send("/types/import/"))
    assert "account.sync.requested" in entries.actions
    part = manager.fragment("/types/import/")
    assert "data-poll" in part.content.decode()
    type(lab.cast.account).objects.filter(pk=lab.cast.account.pk).update(synced_at=timezone.now())
    part = manager.fragment("/types/import/")
    assert "data-poll" not in part.content.decode()
    assert "2 types of this account are known here" in text_of(part)


def test_settings_are_saved_within_reason(manager: Someone, lab: Lab) -> None:
    path = f"/types/{lab.type.pk}/settings/"
    response = manager.send(path, default_score="500", min_score="0", max_score="100")
    assert response.status_code == 422
    assert "The usual score must be from 0 to 100" in text_of(response)
    went_on(manager.send(path, default_score="-5", min_score="-10", max_score="10"))
    lab.type.refresh_from_db()
    assert (lab.type.default_score, lab.type.min_score) == (-5, -10)


def test_bi_33_a_type_of_an_account_that_is_not_in_use_is_no_page(manager: Someone, lab: Lab) -> None:
    foreign = TypeFactory(account=lab.cast.other_account, name="Elsewhere")
    fields = manager.hidden("/types/import/")
    assert manager.get(f"/types/{foreign.pk}/").status_code == 404
    assert manager.client.post(f"/types/{foreign.pk}/sync/", fields).status_code == 404


@pytest.mark.parametrize("state", ["refused", "gone"])
def test_a_type_that_is_not_at_amazon_says_so(manager: Someone, lab: Lab, state: str) -> None:
    one = TypeFactory(
        account=lab.cast.account, name="Lost", state=state, failure="The name is taken.", failure_detail="Said <b>"
    )
    page = manager.get(f"/types/{one.pk}/")
    assert_valid_page(page)
    assert ("Amazon’s words: Said <b>" in text_of(page)) is (state == "refused")
    assert ("refused to create" if state == "refused" else "no longer knows this type") in text_of(page)
    assert "Compare with Amazon now" not in text_of(page)


def test_a_long_comparison_says_how_far_it_is(manager: Someone, lab: Lab) -> None:
    long_ago = timezone.now() - timedelta(minutes=20)
    QualificationType.objects.filter(pk=lab.type.pk).update(sync_asked_at=long_ago, holders_synced_at=None)
    assert "Amazon is being asked" not in text_of(manager.get(f"/types/{lab.type.pk}/"))
    HolderReading.objects.create(type=lab.type, as_of=long_ago, read_at=timezone.now(), counts={"seen": 41_000})
    assert "41,000 read so far" in text_of(manager.get(f"/types/{lab.type.pk}/"))
