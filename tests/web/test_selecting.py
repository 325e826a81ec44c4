"""Selecting holders on the page of a type, as a browser without JavaScript does it."""

from typing import Any

import pytest
from django.test import Client

from qualadmin.core.models import Change, Job, Preview, Qualification, QualificationType
from tests.entries import new_entries
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.people import Cast
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lists import Someone, everything, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db
HOLDERS = 27  # more than a page of 25


@pytest.fixture
def wave(cast: Cast) -> QualificationType:
    """Held by 27, and by two from whom it was taken."""
    chosen: QualificationType = TypeFactory(account=cast.account, name="Wave 7")
    for n in range(HOLDERS):
        QualificationFactory(type=chosen, worker=WorkerFactory(worker_id=f"AHOLDER{n:03}"), value=50)
    for n in range(2):
        QualificationFactory(type=chosen, worker=WorkerFactory(worker_id=f"AFORMER{n}"), status="Revoked")
    return chosen


def page_of(wave: QualificationType, query: str = "") -> str:
    return f"/types/{wave.pk}/{query}"


def select(someone: Someone, wave: QualificationType, query: str = "?size=25", **answers: Any) -> Any:
    """Open the page, tick, press a button of the bar."""
    fields: dict[str, Any] = someone.hidden(page_of(wave, query))
    return someone.client.post(f"/types/{wave.pk}/select/", fields | {"verb": "revoke"} | answers)


def keys(*worker_ids: str) -> list[int]:
    return list(Qualification.objects.filter(worker__worker_id__in=worker_ids).values_list("pk", flat=True))


def test_ticked_holders_go_through_check_and_confirm_into_a_job(granter: Someone, wave: QualificationType) -> None:
    with new_entries() as entries:
        columns = went_on(select(granter, wave, row=keys("AHOLDER003", "AHOLDER005")))
    assert entries.actions == ["list.selected"]
    page = granter.get(columns)
    assert_valid_page(page)
    text = text_of(page)
    assert "Selected workers" in text
    assert "Holders of “Wave 7”: 2 ticked" in text
    check = went_on(granter.columns(columns, how="silent"))  # the type is chosen already
    page = granter.get(check)
    assert_valid_page(page)
    for words in ("Check before taking away from 2 workers", "Holders of “Wave 7”: 2 ticked",
                  "Take away from 2 workers in the emulator"):  # fmt: skip
        assert words in text_of(page)
    address = went_on(granter.confirm(check))
    assert "Selected on a list. Holders of “Wave 7”: 2 ticked" in text_of(granter.get(address))
    taken = Change.objects.filter(job=Job.objects.get()).values_list("worker__worker_id", flat=True)
    assert set(taken) == {"AHOLDER003", "AHOLDER005"}


def test_all_that_match_posts_the_filter_and_never_the_rows(granter: Someone, wave: QualificationType) -> None:
    page = granter.get(page_of(wave, "?status=Granted&size=25"))
    assert_valid_page(page)
    assert "Select all 27 that match" in text_of(page)
    hidden = hidden_of(page)
    assert (hidden["filter"], hidden["counted"]) == ("?status=Granted&size=25", "27")
    answers = {"matching": "on", "row": keys("AFORMER0"), "verb": "grant"}
    columns = went_on(select(granter, wave, "?status=Granted&size=25", **answers))
    check = went_on(granter.columns(columns, score="70"))
    text = text_of(granter.get(check))
    assert "Check before granting 27 workers" in text
    assert "Holders of “Wave 7”: all 27 with Status: Granted" in text
    assert "Grant 27 workers in the emulator" in text
    assert Preview.objects.get().counts["score"] == 27


def test_without_a_filter_the_former_ones_are_in_it_and_the_check_page_says_so(
    granter: Someone, wave: QualificationType
) -> None:
    columns = went_on(select(granter, wave, matching="on"))
    text = text_of(granter.get(went_on(granter.columns(columns, how="silent"))))
    assert "Check before taking away from 27 workers" in text
    counts = Preview.objects.get().counts
    assert (counts["revoke"], counts["same"]) == (27, 2)


def test_a_list_that_changed_meanwhile_says_so_and_what_was_found_stays(
    granter: Someone, wave: QualificationType
) -> None:
    fields: dict[str, Any] = granter.hidden(page_of(wave, "?size=25"))
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="ACAMEBETWEEN"))
    sent = granter.client.post(f"/types/{wave.pk}/select/", fields | {"verb": "revoke", "matching": "on"})
    page = granter.get(went_on(sent))
    assert "it showed 29, and 30 were taken over" in page.content.decode()
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="ACAMELATER"))
    went_on(granter.columns(went_on(sent), how="silent"))
    found = Preview.objects.get().rows.values_list("worker_id", flat=True)
    assert "ACAMEBETWEEN" in found
    assert "ACAMELATER" not in found


@pytest.mark.parametrize(("verb", "query"), [("revoke", "?status=Revoked"), ("grant", "")])
def test_nobody_selected_leads_back_to_the_same_list(
    granter: Someone, wave: QualificationType, verb: str, query: str
) -> None:
    before = everything()
    response = select(granter, wave, query or "?size=25", verb=verb)
    assert went_on(response) == page_of(wave, query)
    assert "Nobody was selected, so nothing was done." in granter.get(page_of(wave)).content.decode()
    assert everything() == before


def test_too_many_lead_back_with_the_limit(granter: Someone, wave: QualificationType, settings: Any) -> None:
    settings.UPLOAD_MAX_ROWS = 28
    assert went_on(select(granter, wave, matching="on")) == page_of(wave)
    assert "One job takes at most 28" in granter.get(page_of(wave)).content.decode()
    assert not Preview.objects.exists()
    went_on(select(granter, wave, "?status=Granted", matching="on"))
    assert Preview.objects.count() == 1


@pytest.mark.parametrize(
    "answers",
    [
        {"verb": "burn"},
        {"verb": ["grant", "revoke"]},
        {"row": "x"},
        {"row": "-1"},
        {"row": "1" * 30},
        {"row": "١"},
        {"row": [str(n) for n in range(1, 300)]},
        {"matching": "on", "filter": "?status=Nonsense"},
        {"matching": "on", "filter": "?worker=A1"},
        {"matching": "on", "filter": "?status=Granted&status=Revoked"},
        {"matching": "on", "filter": "?status=%00"},
        {"matching": "on", "filter": "\0"},
        {"matching": "on", "filter": "x" * 3_000},
        {"matching": "on", "filter": "&".join(f"a{n}" for n in range(400))},
        {"matching": "on", "counted": "many"},
    ],
)
def test_a_form_that_was_tampered_with_does_nothing(
    granter: Someone, wave: QualificationType, answers: dict[str, Any]
) -> None:
    before = everything()
    response = select(granter, wave, **answers)
    assert response.status_code == 400
    assert_valid_page(response)
    assert "Traceback" not in response.content.decode()
    assert everything() == before


def test_rows_of_another_type_and_types_of_another_account_do_not_exist(
    granter: Someone, wave: QualificationType, cast: Cast
) -> None:
    other = QualificationFactory(type=TypeFactory(account=cast.account, name="Other"))
    foreign = QualificationFactory(type=TypeFactory(account=cast.other_account))
    for key in (other.pk, foreign.pk, 999_999_999):
        assert select(granter, wave, row=[*keys("AHOLDER001"), key]).status_code == 404
    fields = granter.hidden(page_of(wave))
    sent = granter.client.post(f"/types/{foreign.type_id}/select/", fields | {"verb": "revoke", "matching": "on"})
    assert sent.status_code == 404
    assert not Preview.objects.exists()


def test_a_page_of_another_account_or_environment_is_out_of_date(
    granter: Someone, wave: QualificationType, cast: Cast
) -> None:
    fields: dict[str, Any] = granter.hidden(page_of(wave))
    granter.use(cast.other_account)
    sent = granter.client.post(f"/types/{wave.pk}/select/", fields | {"verb": "revoke", "matching": "on"})
    assert sent.status_code == 409
    assert not Preview.objects.exists()


def test_sent_twice_it_is_two_lists_and_each_becomes_one_job(granter: Someone, wave: QualificationType) -> None:
    fields: dict[str, Any] = granter.hidden(page_of(wave))
    sent = fields | {"verb": "revoke", "row": keys("AHOLDER001")}
    columns = [went_on(granter.client.post(f"/types/{wave.pk}/select/", sent)) for _ in range(2)]
    assert columns[0] != columns[1]
    check = went_on(granter.columns(columns[0], how="silent"))
    form = granter.hidden(check)
    jobs = {went_on(granter.client.post(check, form)) for _ in range(2)}
    assert len(jobs) == Job.objects.count() == 1


def test_discarding_leads_back_to_the_type(granter: Someone, wave: QualificationType) -> None:
    columns = went_on(select(granter, wave, row=keys("AHOLDER001")))
    sent = granter.send(columns, to=columns.replace("columns", "discard"))
    assert went_on(sent) == page_of(wave)
    assert Preview.objects.get().content is None


@pytest.mark.parametrize("who", ["viewer", "pi", "manager"])
def test_only_who_may_grant_sees_boxes(cast: Cast, client: Client, wave: QualificationType, who: str) -> None:
    someone = Someone(client, cast.user(who), cast.account)
    html = someone.get(page_of(wave)).content.decode()
    assert 'name="row"' not in html
    assert 'id="selection"' not in html
    fields = someone.hidden(page_of(wave)) | {"verb": "revoke", "matching": "on"}
    assert client.post(f"/types/{wave.pk}/select/", fields).status_code == 403
    assert client.get(f"/types/{wave.pk}/select/").status_code == 405


def test_the_part_that_is_exchanged_has_boxes_and_its_own_filter(
    granter: Someone, wave: QualificationType
) -> None:
    part = granter.fragment(page_of(wave, "?status=Granted&size=25"))
    assert_valid_fragment(part)
    html = part.content.decode()
    assert html.count('name="row"') == 25
    assert 'aria-label="Select AHOLDER026"' in html
    assert 'name="filter" value="?status=Granted&amp;size=25"' in html
    assert "AHOLDER" not in hidden_of(part)["filter"]


@pytest.mark.parametrize(
    ("field", "value", "buttons"),
    [
        ("status", "Inactive", ["revoke"]),
        ("state", "gone", []),
        ("is_requestable", False, []),
        ("status", "Active", ["grant", "revoke"]),
    ],
)
def test_boxes_stand_only_where_something_can_be_done(
    granter: Someone, cast: Cast, field: str, value: object, buttons: list[str]
) -> None:
    one = TypeFactory(account=cast.account, **{field: value})
    QualificationFactory(type=one)
    QualificationFactory(type=one, worker=WorkerFactory(worker_id=None))
    html = granter.get(page_of(one)).content.decode()
    assert [verb for verb in ("grant", "revoke") if f'name="verb" value="{verb}"' in html] == buttons
    assert html.count('name="row"') == (1 if buttons else 0)  # the erased one has none
    assert 'name="row"' not in granter.get(page_of(one, "?print=all")).content.decode()
