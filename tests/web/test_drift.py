"""The page of differences, as a browser without JavaScript uses it."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from qualadmin.core.actions.holders import apply_holders
from qualadmin.core.actions.seen import SeenHolder, SeenType
from qualadmin.core.actions.type_list import apply_type_list
from qualadmin.core.actor import Actor
from qualadmin.core.models import Change, Drift, Job, QualificationType, User
from tests.entries import new_entries
from tests.factories import DriftFactory, TypeFactory
from tests.people import Cast
from tests.tasks.hands import finish
from tests.tasks.lists import make_job
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lists import Someone, everything, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def wave(cast: Cast) -> QualificationType:
    """Granted by a job with score 80, and changed elsewhere to 10; and one granted elsewhere."""
    made: QualificationType = TypeFactory(
        account=cast.account, name="Wave 7", holders_synced_at=timezone.now(), min_score=0
    )
    make_job(cast.granter, made, ["AONE"], score=80)
    finish(cast.account)
    seen = [SeenHolder("AONE", "Granted", 10, None), SeenHolder("ATWO", "Granted", 1, None)]
    apply_holders(actor=Actor.system("sync_type"), type=made, holders=seen, as_of=timezone.now())
    return made


def decide(someone: Someone, verb: str, *workers: str, query: str = "", **answers: Any) -> Any:
    """Tick, press a button of the bar, and answer the page that follows if there are answers."""
    keys = list(Drift.objects.filter(worker__worker_id__in=workers).values_list("pk", flat=True))
    fields: dict[str, Any] = {**someone.hidden(f"/drift/{query}"), "verb": verb, "row": keys}
    asked = someone.client.post("/drift/decide/", fields | answers.pop("bar", {}))
    if not answers:
        return asked
    assert_valid_page(asked)
    fields = {**hidden_of(asked), "row": keys, "confirm": "yes", **answers}
    return someone.client.post("/drift/decide/", fields)


def test_each_difference_stands_with_its_evidence(granter: Someone, wave: QualificationType) -> None:
    page = granter.get("/drift/")
    assert_valid_page(page)
    text = text_of(page)
    evidence = (
        "AONE",
        "Score changed outside",
        "Granted 80",
        "Granted 10",
        "ATWO",
        "Granted outside",
        "Never held",
    )
    for words in evidence:
        assert words in text
    assert Job.objects.get().title in text  # the job that last wrote it
    assert_valid_fragment(granter.fragment("/drift/?kind=score"))
    assert "ATWO" not in text_of(granter.get("/drift/?kind=score"))
    assert "No difference matches" in text_of(granter.get("/drift/?kind=missing"))


def test_entries_of_the_log_are_linked_for_its_readers(client: Client, pi: User, wave: QualificationType) -> None:
    page = Someone(client, pi, wave.account).get("/drift/").content.decode()
    assert page.count("/audit/") >= 3
    assert 'name="row"' not in page


def test_viewers_see_pseudonyms_and_no_buttons(client: Client, viewer: User, wave: QualificationType) -> None:
    page = Someone(client, viewer, wave.account).get("/drift/")
    assert "AONE" not in page.content.decode()
    assert 'name="row"' not in page.content.decode()


def test_taking_over_asks_why_and_the_difference_stays_findable(granter: Someone, wave: QualificationType) -> None:
    refused = decide(granter, "take_over", "AONE", reason="  ")
    assert refused.status_code == 422
    assert_valid_page(refused)
    with new_entries() as entries:
        assert went_on(decide(granter, "take_over", "AONE", reason="Agreed with Paul")) == "/drift/"
    assert entries.actions == ["drift.taken_over"]
    text = text_of(granter.get("/drift/"))
    assert "1 difference was taken over" in text
    assert "AONE" not in text
    closed = granter.get("/drift/?state=closed")
    assert_valid_page(closed)
    for words in ("AONE", "Taken over", "Granter Person", "Agreed with Paul"):
        assert words in text_of(closed)


def test_all_that_match_are_put_right_by_a_job_and_the_list_is_empty(
    granter: Someone, wave: QualificationType
) -> None:
    bar = {"matching": "on", "filter": f"?type={wave.pk}"}
    asked = decide(granter, "put_right", bar=bar)
    assert "Put right 2 differences?" in text_of(asked)
    sent = decide(granter, "put_right", bar=bar, reason="Not ours", **bar)
    page = granter.get(went_on(sent))
    assert_valid_page(page)
    text = text_of(page)
    for words in ("Back to the score that qualadmin had.", "Never granted here.", "Leave the differences open"):
        assert words in text
    job_page = granter.get(went_on(granter.confirm(went_on(sent))))
    assert "Put right: 2 differences of “Wave 7”" in text_of(job_page)
    assert "Waits for" in text_of(granter.get("/drift/"))
    finish(wave.account)
    assert Change.objects.filter(job__source="drift", state="done").count() == 2
    page = granter.get("/drift/")
    assert_valid_page(page)
    assert "In step with Amazon" in text_of(page)


def test_leaving_the_check_page_leaves_them_open(granter: Someone, wave: QualificationType) -> None:
    check = went_on(decide(granter, "put_right", "AONE", reason="Perhaps"))
    fields = granter.hidden(check)
    assert went_on(granter.client.post(f"{check}discard/", fields)) == "/drift/"
    assert Drift.objects.standing().count() == 2
    columns = granter.get(check.removesuffix("/") + "/columns/")
    assert columns.status_code == 302


def test_a_manager_cannot_decide_about_workers_but_about_types(
    client: Client, manager: User, wave: QualificationType
) -> None:
    someone = Someone(client, manager, wave.account)
    assert decide(someone, "take_over", "AONE", reason="ok").status_code == 403
    assert decide(someone, "put_right", "AONE", reason="ok").status_code == 403
    assert Drift.objects.standing().count() == 2


@pytest.mark.parametrize(
    "answers",
    [
        {"verb": "burn"},
        {"verb": ["take_over", "put_right"]},
        {"row": "x"},
        {"row": "9" * 17},
        {"matching": "on", "filter": "?kind=nonsense"},
        {"matching": "on", "filter": "?worker=AONE"},
        {"matching": "on", "filter": "\0"},
    ],
)
def test_forms_that_no_page_of_ours_sends_do_nothing(
    granter: Someone, wave: QualificationType, answers: dict[str, Any]
) -> None:
    before = everything()
    fields: dict[str, Any] = granter.hidden("/drift/")
    response = granter.client.post("/drift/decide/", fields | {"verb": "take_over"} | answers)
    assert response.status_code in (400, 404)
    assert everything() == before


def test_rows_of_another_account_are_not_there(granter: Someone, cast: Cast) -> None:
    foreign = DriftFactory(type__account=cast.other_account)
    own = DriftFactory(type__account=cast.account)
    assert own.worker.worker_id in text_of(granter.get("/drift/"))
    fields: dict[str, Any] = granter.hidden("/drift/")
    sent = granter.client.post("/drift/decide/", fields | {"verb": "take_over", "row": [foreign.pk]})
    assert sent.status_code == 404


def test_long_lists_go_page_by_page_and_one_that_was_decided_meanwhile_is_passed_over(
    granter: Someone, cast: Cast
) -> None:
    kind = TypeFactory(account=cast.account)
    rows = [DriftFactory(type=kind) for _ in range(27)]
    page = granter.get("/drift/?size=25")
    assert "Select all 27 that match" in text_of(page)
    assert rows[0].worker.worker_id in text_of(granter.get(f"/drift/?size=25&after={rows[2].pk}"))
    Drift.objects.filter(pk=rows[0].pk).update(closed_at=timezone.now(), closed_as="right")
    sent = decide(granter, "take_over", rows[0].worker.worker_id, rows[1].worker.worker_id, reason="fine")
    assert went_on(sent) == "/drift/"
    assert set(Drift.objects.filter(closed_as="taken")) == {rows[1]}


def test_comparing_now_asks_amazon(granter: Someone, wave: QualificationType, rung: list[Any]) -> None:
    sent = granter.client.post("/drift/compare/", granter.hidden("/drift/"))
    assert went_on(sent) == "/drift/"
    assert [task.rpartition(".")[2] for task, *_ in rung] == ["sync_account"]


def test_a_manager_takes_over_a_type_that_came_up(client: Client, manager: User, cast: Cast) -> None:
    someone = Someone(client, manager, cast.account)
    cast.account.synced_at = timezone.now()
    seen = SeenType("3NEW", "Brand new", "A type.", "", "Active", False, None, None, None, True, None)
    apply_type_list(actor=Actor.system("sync"), account=cast.account, remote=[seen])
    text = text_of(someone.get("/drift/"))
    assert "The type itself" in text
    assert "Brand new" in text
    fields: dict[str, Any] = {**someone.hidden("/drift/"), "verb": "take_over", "row": [Drift.objects.get().pk]}
    sent = someone.client.post("/drift/decide/", fields | {"confirm": "yes", "reason": "Ours"})
    assert went_on(sent) == "/drift/"
    assert Drift.objects.get().closed_as == "taken"
