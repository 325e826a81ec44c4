"""Workers' requests by a program: read with what was answered, accepted and rejected once."""

import pytest

from qualadmin.core.models import Change, Job, QualificationRequest, QualificationType, RequesterAccount
from tests.api.program import Program, details_of, error_of, token_for
from tests.approving import Second
from tests.core.actions.test_requests import TEST, answers, waiting
from tests.factories import QualificationFactory, RequestFactory, RoleFactory, TypeFactory, UserFactory
from tests.people import Cast

pytestmark = pytest.mark.django_db
LIST, ACCEPT, REJECT = "ListQualificationRequests", "AcceptQualificationRequest", "RejectQualificationRequest"


def test_requests_are_read_with_what_was_answered(program: Program, wave: QualificationType, cast: Cast) -> None:
    first, second = waiting(wave, "blue", "green")
    elsewhere = RequestFactory(type=TypeFactory(account=cast.other_account))
    RequestFactory(type=wave, state="closed")
    page = program.send(LIST, {"QualificationTypeId": "3WAVE7", "MaxResults": 1}).json()
    assert [one["QualificationRequestId"] for one in page["data"]] == [first.mturk_id]
    shown = page["data"][0]
    assert (shown["WorkerId"], shown["Test"], shown["Answer"]) == ("AASKER0", TEST, answers("blue"))
    body = {"QualificationTypeId": "3WAVE7", "MaxResults": 1, "NextToken": page["next"]}
    assert [one["QualificationRequestId"] for one in program.send(LIST, body).json()["data"]] == [second.mturk_id]
    reader = UserFactory()
    RoleFactory(user=reader, role="granter", account=cast.other_account)
    RoleFactory(user=reader, role="viewer", account=cast.account)
    seen = Program(token_for(reader)).send(LIST, {}).json()["data"]
    assert [one["QualificationRequestId"] for one in seen] == [elsewhere.mturk_id]


def test_a_request_is_accepted_once_for_one_key(program: Program, wave: QualificationType) -> None:
    one = RequestFactory(type=wave)
    body = {"QualificationRequestId": one.mturk_id, "IntegerValue": 42, "Reason": "Passed"}
    first = program.send(ACCEPT, body, key="inbox-1")
    assert first.status_code == 202
    assert program.send(ACCEPT, body, key="inbox-1").json() == first.json()
    change = Change.objects.select_related("job").get()
    assert first.json()["data"]["id"] == str(change.pk)
    assert (change.verb, change.value, change.request_id) == ("accept", 42, one.pk)
    assert change.job is not None
    assert (change.job.source, change.job.reason) == ("api", "Passed")
    assert change.due_at == change.created_at, "a program needs no ten seconds"
    again = program.send(REJECT, {"QualificationRequestId": one.mturk_id})
    assert error_of(again)[:2] == (409, "CONFLICT")
    assert Change.objects.count() == 1


def test_left_out_is_the_usual_score_and_no_word_to_the_worker(program: Program, wave: QualificationType) -> None:
    accepted, rejected = RequestFactory(type=wave), RequestFactory(type=wave)
    program.send(ACCEPT, {"QualificationRequestId": accepted.mturk_id})
    program.send(REJECT, {"QualificationRequestId": rejected.mturk_id})
    assert Change.objects.get(request=accepted).value == wave.default_score
    assert Job.objects.get(changes__request=rejected).revoke_reason == ""


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, {"QualificationRequestId": ["Is missing."]}),
        ({"QualificationRequestId": "3R", "IntegerValue": 101}, {"IntegerValue"}),
        ({"QualificationRequestId": "3R", "IntegerValue": "7"}, {"IntegerValue"}),
        ({"QualificationRequestId": "3R", "Score": 7}, {"Score"}),
    ],
)
def test_what_cannot_be_is_named(program: Program, wave: QualificationType, body: object, details: object) -> None:
    RequestFactory(type=wave, mturk_id="3R")
    response = program.send(ACCEPT, body)
    assert 400 <= response.status_code < 500
    assert set(details_of(response)) == set(details)  # type: ignore[call-overload]
    assert not Job.objects.exists()


def test_what_ended_is_a_conflict_and_what_is_not_there_is_not_found(
    program: Program, wave: QualificationType, cast: Cast
) -> None:
    ended = RequestFactory(type=wave, state="closed")
    response = program.send(ACCEPT, {"QualificationRequestId": ended.mturk_id})
    assert response.status_code == 409
    assert "does not wait any more" in response.json()["error"]["message"]
    assert program.send(ACCEPT, {"QualificationRequestId": "3NOWHERE"}).status_code == 404
    assert QualificationRequest.objects.get().state == "closed"


def test_a_program_does_not_wait_for_a_second_person(second: Second, production_account: RequesterAccount) -> None:
    one = RequestFactory(type=second.type)
    QualificationFactory(type=second.type, worker=one.worker, value=90)
    program = Program(token_for(second.granter))
    body = {"QualificationRequestId": one.mturk_id, "IntegerValue": 10, "Study": second.study.slug}
    response = program.send(ACCEPT, body)
    assert error_of(response)[:2] == (403, "APPROVAL_REQUIRED")
    assert not Job.objects.exists()
    assert program.send(ACCEPT, body | {"IntegerValue": 95}).status_code == 202
