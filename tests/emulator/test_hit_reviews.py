"""Review policies, notifications of events, uploaded files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.conftest import Side
from tests.emulator.hit_forms import ANSWERS, OTHER, PROPERTIES, WORKER, Workers, hit_id, new_hit, status
from tests.emulator.refusals import TURK, refusal

THIRD = "A3COLOURWORKER"
QUEUE = {
    "Destination": "https://sqs.us-east-1.amazonaws.com/123456789012/hits",
    "Transport": "SQS",
    "Version": "2014-08-15",
    "EventTypes": ["AssignmentSubmitted", "HITReviewable"],
}


@pytest.fixture
def workers(amazon: Side) -> Workers:
    return Workers(amazon)


def policy(name: str, **parameters: Any) -> dict[str, Any]:
    rows = [{"Key": key, "Values": [str(value)]} for key, value in parameters.items()]
    return {"PolicyName": name, "Parameters": rows}


def known_answers(**parameters: Any) -> dict[str, Any]:
    made = policy("ScoreMyKnownAnswers/2011-09-01", **parameters)
    entries = [{"Key": "sky", "Values": ["blue"]}, {"Key": "grass", "Values": ["green"]}]
    made["Parameters"].append({"Key": "AnswerKey", "MapEntries": entries})
    return made


def plurality(**parameters: Any) -> dict[str, Any]:
    return policy("SimplePlurality/2011-09-01", QuestionIds="sky,grass", **parameters)


def results(client: Any, hit: str, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.list_review_policy_results_for_hit(HITId=hit, **fields)
    return found


def decided(client: Any, assignment_id: str) -> str:
    row: str = client.get_assignment(AssignmentId=assignment_id)["Assignment"]["AssignmentStatus"]
    return row


def test_known_answers_decide(mturk: Any, workers: Workers) -> None:
    asked = known_answers(
        ApproveIfKnownAnswerScoreIsAtLeast=100,
        RejectIfKnownAnswerScoreIsLessThan=50,
        RejectReason="Wrong colours.",
        ExtendIfKnownAnswerScoreIsLessThan=50,
        ExtendMaximumAssignments=4,
    )
    hit = hit_id(mturk, MaxAssignments=3, AssignmentReviewPolicy=asked)
    right = workers.work(hit, WORKER, sky=" blue ", grass="green")
    half = workers.work(hit, OTHER, sky="blue", grass="Green")
    wrong = workers.work(hit, THIRD, sky="red")
    assert [decided(mturk, one) for one in (right, half, wrong)] == ["Approved", "Submitted", "Rejected"]
    assert mturk.get_assignment(AssignmentId=wrong)["Assignment"]["RequesterFeedback"] == "Wrong colours."
    assert mturk.get_hit(HITId=hit)["HIT"]["MaxAssignments"] == 4
    assert status(mturk, hit) == "Assignable"
    found = results(mturk, hit)
    assert found["AssignmentReviewPolicy"] == {"PolicyName": "ScoreMyKnownAnswers/2011-09-01"}
    report = found["AssignmentReviewReport"]
    scores = [
        (row["SubjectId"], row["Value"]) for row in report["ReviewResults"] if row["Key"] == "KnownAnswerScore"
    ]
    assert scores == [(right, "100"), (half, "50"), (wrong, "0")]
    actions = [(row["ActionName"], row["TargetId"], row["Status"]) for row in report["ReviewActions"]]
    assert actions == [
        ("approve", right, "Succeeded"),
        ("reject", wrong, "Succeeded"),
        ("extend", hit, "Succeeded"),
    ]


def test_plurality_decides_when_all_is_in(mturk: Any, workers: Workers) -> None:
    asked = plurality(
        QuestionAgreementThreshold=60,
        ApproveIfWorkerAgreementScoreIsAtLeast=100,
        RejectIfWorkerAgreementScoreIsLessThan=1,
        DisregardAssignmentIfRejected="T",
    )
    hit = hit_id(mturk, MaxAssignments=3, HITReviewPolicy=asked)
    first = workers.work(hit, WORKER, sky="blue", grass="green")
    second = workers.work(hit, OTHER, sky="blue", grass="yellow")
    assert "HITReviewReport" not in results(mturk, hit)
    third = workers.work(hit, THIRD, sky="red", grass="brown")
    assert [decided(mturk, one) for one in (first, second, third)] == ["Approved", "Approved", "Rejected"]
    rows = results(mturk, hit, PolicyLevels=["HIT"])["HITReviewReport"]["ReviewResults"]
    told = {(row["SubjectId"], row.get("QuestionId"), row["Key"]): row["Value"] for row in rows}
    assert told[hit, None, "HitAgreementScore"] == "50"
    assert told[hit, "sky", "AgreedAnswer"] == "blue"
    assert told[hit, "sky", "AnswerAgreementScore"] == "66"
    assert told[hit, "grass", "AgreedAnswerFound"] == "false"
    assert told[first, None, "WorkerAgreementScore"] == "100"
    assert told[third, None, "PluralityAnswersIncorrect"] == "1"


def test_disagreement_asks_one_more_worker(mturk: Any, workers: Workers) -> None:
    asked = plurality(
        QuestionAgreementThreshold=50,
        ExtendIfHITAgreementScoreIsLessThan=100,
        ExtendMaximumAssignments=3,
        ExtendMinimumTimeInSeconds=3600,
    )
    hit = hit_id(mturk, MaxAssignments=2, HITReviewPolicy=asked)
    workers.work(hit, WORKER, sky="blue", grass="green")
    workers.work(hit, OTHER, sky="blue", grass="yellow")
    assert status(mturk, hit) == "Assignable"
    workers.work(hit, THIRD, sky="blue", grass="green")
    assert status(mturk, hit) == "Reviewable"
    rows = results(mturk, hit)["HITReviewReport"]["ReviewResults"]
    assert [row["Value"] for row in rows if row["Key"] == "HitAgreementScore"] == ["50", "100"]


def test_results_in_parts_and_pages(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, AssignmentReviewPolicy=known_answers(ApproveIfKnownAnswerScoreIsAtLeast=0))
    workers.work(hit, WORKER, sky="blue")
    assert set(results(mturk, hit, RetrieveActions=False)["AssignmentReviewReport"]) == {"ReviewResults"}
    assert set(results(mturk, hit, RetrieveResults=False)["AssignmentReviewReport"]) == {"ReviewActions"}
    assert "AssignmentReviewReport" not in results(mturk, hit, PolicyLevels=["HIT"])
    keys, token = [], {}
    for _ in range(10):
        page = results(mturk, hit, MaxResults=2, **token)
        report = page.get("AssignmentReviewReport", {})
        keys += [row["Key"] for row in report.get("ReviewResults", [])]
        keys += [row["ActionName"] for row in report.get("ReviewActions", [])]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert keys == ["KnownAnswerCorrect", "KnownAnswerCorrect", "KnownAnswerScore", "approve"]


@pytest.mark.parametrize(
    "fields",
    [
        {"AssignmentReviewPolicy": policy("NoSuchPolicy/2011-09-01")},
        {"AssignmentReviewPolicy": plurality()},
        {"AssignmentReviewPolicy": policy("ScoreMyKnownAnswers/2011-09-01")},
        {"AssignmentReviewPolicy": known_answers(ApproveIfKnownAnswerScoreIsAtLeast=102)},
        {"AssignmentReviewPolicy": known_answers(ExtendMaximumAssignments="many")},
        {"HITReviewPolicy": policy("SimplePlurality/2011-09-01")},
        {"HITReviewPolicy": plurality(ExtendMinimumTimeInSeconds=60)},
    ],
)
def test_bad_policies(mturk: Any, fields: dict[str, Any]) -> None:
    assert refusal(hit_id, client=mturk, **fields).kind == "ParameterValidationError"


def told(amazon: Side) -> list[tuple[str, dict[str, Any]]]:
    rows = amazon.control("GET", "notices")["notices"]
    return [(row["destination"], json.loads(row["body"])) for row in rows]


def test_events_are_told_as_asked(amazon: Side, mturk: Any, workers: Workers) -> None:
    row = new_hit(mturk)
    mturk.update_notification_settings(HITTypeId=row["HITTypeId"], Notification=QUEUE)
    assignment_id = workers.work(row["HITId"])
    (submitted, reviewable) = told(amazon)
    assert submitted[0] == QUEUE["Destination"]
    assert submitted[1]["EventDocVersion"] == "2014-08-15"
    (event,) = submitted[1]["Events"]
    assert event.pop("EventTimestamp").endswith("Z")
    assert event == {
        "EventType": "AssignmentSubmitted",
        "HITId": row["HITId"],
        "HITTypeId": row["HITTypeId"],
        "AssignmentId": assignment_id,
    }
    assert reviewable[1]["Events"][0]["EventType"] == "HITReviewable"


def test_every_event_has_its_moment(amazon: Side, mturk: Any, workers: Workers) -> None:
    events = mturk.meta.service_model.shape_for("EventType").enum
    wanted = {**QUEUE, "EventTypes": [event for event in events if event != "Ping"]}
    one = mturk.create_hit_type(**PROPERTIES)["HITTypeId"]
    mturk.update_notification_settings(HITTypeId=one, Notification=wanted, Active=True)
    hit = hit_id(mturk, MaxAssignments=3)
    workers.give_back(workers.accept(hit))
    workers.accept(hit, THIRD)
    workers.advance(601)
    mturk.approve_assignment(AssignmentId=workers.work(hit))
    mturk.reject_assignment(AssignmentId=workers.work(hit, OTHER), RequesterFeedback="No.")
    mturk.create_additional_assignments_for_hit(HITId=hit, NumberOfAdditionalAssignments=1)
    mturk.update_expiration_for_hit(HITId=hit, ExpireAt=0)
    mturk.delete_hit(HITId=hit)
    assert {body["Events"][0]["EventType"] for _, body in told(amazon)} == set(wanted["EventTypes"])


def test_notifications_are_switched(amazon: Side, mturk: Any, workers: Workers) -> None:
    row = new_hit(mturk, MaxAssignments=5)
    update = mturk.update_notification_settings
    for fields in ({}, {"Active": True}, {"Notification": {**QUEUE, "EventTypes": ["Ping"]}}):
        assert refusal(update, HITTypeId=row["HITTypeId"], **fields).kind == "ParameterValidationError"
    update(HITTypeId=row["HITTypeId"], Notification=QUEUE, Active=False)
    workers.work(row["HITId"])
    assert told(amazon) == []
    update(HITTypeId=row["HITTypeId"], Active=True)
    workers.work(row["HITId"], OTHER)
    assert len(told(amazon)) == 1
    found = refusal(update, HITTypeId="3NONE", Active=True)
    assert found.turk_code == f"{TURK}HITTypeDoesNotExist"


def test_test_event(amazon: Side, mturk: Any) -> None:
    mturk.send_test_event_notification(Notification=QUEUE, TestEventType="Ping")
    ((_, body),) = told(amazon)
    assert body["Events"][0]["EventType"] == "Ping"
    for change in (
        {"Version": "2001-01-01"},
        {"Destination": "somewhere"},
        {"EventTypes": []},
        {"Transport": "SNS"},
    ):
        found = refusal(mturk.send_test_event_notification, Notification={**QUEUE, **change}, TestEventType="Ping")
        assert found.kind == "ParameterValidationError"
    assert len(told(amazon)) == 1


def test_address_of_an_uploaded_file(amazon: Side, mturk: Any, workers: Workers) -> None:
    answers = (
        f'<QuestionFormAnswers xmlns="{ANSWERS}"><Answer><QuestionIdentifier>photo</QuestionIdentifier>'
        "<UploadedFileSizeInBytes>10</UploadedFileSizeInBytes><UploadedFileKey>k1</UploadedFileKey></Answer>"
        "</QuestionFormAnswers>"
    )
    assignment_id = workers.accept(hit_id(mturk))
    found = refusal(mturk.get_file_upload_url, AssignmentId=assignment_id, QuestionIdentifier="photo")
    assert found.turk_code == f"{TURK}InvalidAssignmentState"
    workers.post("submit", assignment_id=assignment_id, answers=answers)
    url = mturk.get_file_upload_url(AssignmentId=assignment_id, QuestionIdentifier="photo")["FileUploadURL"]
    assert url.startswith("https://")
    assert "Expires=" in url
    found = refusal(mturk.get_file_upload_url, AssignmentId=assignment_id, QuestionIdentifier="other")
    assert found.kind == "ParameterValidationError"
