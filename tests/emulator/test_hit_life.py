"""The whole life of a HIT, with every state, as requester and workers meet it."""

from __future__ import annotations

from typing import Any

import pytest

from qualadmin.emulator.control import ControlError
from qualadmin.emulator.testing import EmulatorFailed
from tests.emulator.conftest import Side
from tests.emulator.hit_forms import DAY, OTHER, WORKER, Workers, hit_id, new_hit, status
from tests.emulator.refusals import TURK, refusal

Refused = (ControlError, EmulatorFailed)


@pytest.fixture
def workers(amazon: Side) -> Workers:
    return Workers(amazon)


def counts(client: Any, hit: str) -> tuple[int, int, int]:
    """Available, pending, completed."""
    row = client.get_hit(HITId=hit)["HIT"]
    names = ("Available", "Pending", "Completed")
    available, pending, completed = (row[f"NumberOfAssignments{name}"] for name in names)
    return available, pending, completed


def assignments(client: Any, hit: str, *statuses: str) -> list[dict[str, Any]]:
    fields = {"AssignmentStatuses": list(statuses)} if statuses else {}
    pages = client.get_paginator("list_assignments_for_hit").paginate(HITId=hit, **fields)
    return [row for page in pages for row in page["Assignments"]]


def test_whole_life(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, MaxAssignments=2)
    assert (status(mturk, hit), counts(mturk, hit)) == ("Assignable", (2, 0, 0))
    first = workers.accept(hit, WORKER)
    second = workers.accept(hit, OTHER)
    assert (status(mturk, hit), counts(mturk, hit)) == ("Unassignable", (0, 2, 0))
    workers.give_back(second)
    assert (status(mturk, hit), counts(mturk, hit)) == ("Assignable", (1, 1, 0))
    second = workers.accept(hit, OTHER)
    workers.submit(first, colour="red")
    assert status(mturk, hit) == "Unassignable"
    workers.submit(second, colour="blue")
    assert (status(mturk, hit), counts(mturk, hit)) == ("Reviewable", (0, 0, 0))
    assert [row["WorkerId"] for row in assignments(mturk, hit)] == [WORKER, OTHER]
    mturk.approve_assignment(AssignmentId=first, RequesterFeedback="Thank you.")
    mturk.reject_assignment(AssignmentId=second, RequesterFeedback="That is no colour.")
    assert counts(mturk, hit) == (0, 0, 2)
    mturk.send_bonus(WorkerId=WORKER, AssignmentId=first, BonusAmount="1", Reason="Best answer.")
    mturk.update_hit_review_status(HITId=hit)
    assert status(mturk, hit) == "Reviewing"
    mturk.approve_assignment(AssignmentId=second, OverrideRejection=True)
    mturk.delete_hit(HITId=hit)
    assert status(mturk, hit) == "Disposed"
    assert mturk.list_hits()["HITs"] == []
    assert [row["AssignmentStatus"] for row in assignments(mturk, hit)] == ["Approved", "Approved"]


def test_form_of_an_assignment(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk)
    assignment_id = workers.work(hit, colour="dark red & green")
    answer = mturk.get_assignment(AssignmentId=assignment_id)
    row = answer["Assignment"]
    assert answer["HIT"] == mturk.get_hit(HITId=hit)["HIT"]
    assert set(row) == {
        "AssignmentId",
        "WorkerId",
        "HITId",
        "AssignmentStatus",
        "AutoApprovalTime",
        "AcceptTime",
        "SubmitTime",
        "Answer",
    }
    assert (row["AutoApprovalTime"] - row["SubmitTime"]).total_seconds() == 3600
    assert "<FreeText>dark red &amp; green</FreeText>" in row["Answer"]
    mturk.approve_assignment(AssignmentId=assignment_id, RequesterFeedback="Good.")
    decided = mturk.get_assignment(AssignmentId=assignment_id)["Assignment"]
    assert (decided["AssignmentStatus"], decided["RequesterFeedback"]) == ("Approved", "Good.")
    assert "ApprovalTime" in decided
    assert "RejectionTime" not in decided


def test_assignments_listed_by_status_and_page(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, MaxAssignments=9)
    made = [workers.work(hit, f"A{number}PAGED") for number in range(6)]
    mturk.approve_assignment(AssignmentId=made[1])
    mturk.reject_assignment(AssignmentId=made[4], RequesterFeedback="No.")

    def ids(*statuses: str) -> list[str]:
        return [row["AssignmentId"] for row in assignments(mturk, hit, *statuses)]

    assert ids("Approved") == [made[1]]
    assert ids("Approved", "Rejected") == [made[1], made[4]]
    assert ids("Submitted") == [made[0], made[2], made[3], made[5]]
    assert ids() == made
    page = mturk.list_assignments_for_hit(HITId=hit, MaxResults=4)
    assert page["NumResults"] == 4
    page = mturk.list_assignments_for_hit(HITId=hit, MaxResults=4, NextToken=page["NextToken"])
    assert [row["AssignmentId"] for row in page["Assignments"]] == made[4:]
    page = mturk.list_assignments_for_hit(HITId=hit, NextToken=page["NextToken"])
    assert (page["NumResults"], page["Assignments"], "NextToken" in page) == (0, [], False)
    assert (
        refusal(mturk.list_assignments_for_hit, HITId=hit, AssignmentStatuses=["Lost"]).kind
        == "ValidationException"
    )


def test_time_out_makes_the_assignment_free_again(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk)
    assignment_id = workers.accept(hit)
    workers.advance(599)
    assert status(mturk, hit) == "Unassignable"
    workers.advance(2)
    assert (status(mturk, hit), counts(mturk, hit)) == ("Assignable", (1, 0, 0))
    with pytest.raises(Refused, match="abandoned"):
        workers.submit(assignment_id)
    assert workers.accept(hit) != assignment_id


def test_automatic_approval(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, MaxAssignments=2)
    kept, rejected = workers.work(hit), workers.work(hit, OTHER)
    mturk.reject_assignment(AssignmentId=rejected, RequesterFeedback="No.")
    workers.advance(3599)
    assert len(assignments(mturk, hit, "Submitted")) == 1
    workers.advance(2)
    (row,) = assignments(mturk, hit, "Approved")
    assert row["AssignmentId"] == kept
    assert row["ApprovalTime"] == row["AutoApprovalTime"]
    assert [row["AssignmentId"] for row in assignments(mturk, hit, "Rejected")] == [rejected]


def test_expiry_with_a_worker_still_at_it(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, MaxAssignments=3, AssignmentDurationInSeconds=2 * DAY)
    assignment_id = workers.accept(hit)
    workers.advance(DAY + 1)
    assert status(mturk, hit) == "Unassignable"
    with pytest.raises(Refused, match="any more"):
        workers.accept(hit, OTHER)
    workers.submit(assignment_id)
    assert status(mturk, hit) == "Reviewable"


def test_expired_hit_comes_back_with_more_time(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk)
    mturk.update_expiration_for_hit(HITId=hit, ExpireAt=0)
    assert status(mturk, hit) == "Reviewable"
    row = mturk.get_hit(HITId=hit)["HIT"]
    mturk.update_expiration_for_hit(HITId=hit, ExpireAt=row["CreationTime"].timestamp() + 5000)
    again = mturk.get_hit(HITId=hit)["HIT"]
    assert again["HITStatus"] == "Assignable"
    assert (again["Expiration"] - row["CreationTime"]).total_seconds() == 5000
    assert workers.work(hit)


def test_expiry_counts_from_the_present_end(mturk: Any) -> None:
    row = new_hit(mturk)
    ends = row["Expiration"].timestamp()
    found = refusal(mturk.update_expiration_for_hit, HITId=row["HITId"], ExpireAt=ends - 3600)
    assert found.kind == "ParameterValidationError"
    assert found.message.startswith(
        "The value -3600 is invalid for ExpirationIncrementInSeconds. Valid values range from 60 to 31536000. ("
    )
    mturk.update_expiration_for_hit(HITId=row["HITId"], ExpireAt=ends + 60)
    assert mturk.get_hit(HITId=row["HITId"])["HIT"]["Expiration"].timestamp() == ends + 60


def test_more_assignments_bring_a_hit_back(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk)
    workers.work(hit)
    mturk.update_hit_review_status(HITId=hit)
    mturk.create_additional_assignments_for_hit(HITId=hit, NumberOfAdditionalAssignments=2)
    assert (status(mturk, hit), counts(mturk, hit)) == ("Assignable", (2, 0, 0))
    assert mturk.get_hit(HITId=hit)["HIT"]["MaxAssignments"] == 3


def test_additional_assignments_have_limits(mturk: Any) -> None:
    few, many = hit_id(mturk, MaxAssignments=9), hit_id(mturk, MaxAssignments=10)
    extend = mturk.create_additional_assignments_for_hit
    found = refusal(extend, HITId=few, NumberOfAdditionalAssignments=1)
    assert found.turk_code == f"{TURK}InvalidMaximumAssignmentsIncrease"
    extend(HITId=many, NumberOfAdditionalAssignments=90)
    assert mturk.get_hit(HITId=many)["HIT"]["MaxAssignments"] == 100
    for number in (0, -1):
        found = refusal(extend, HITId=many, NumberOfAdditionalAssignments=number)
        assert found.kind == "ParameterValidationError"


def test_delete_needs_an_end_and_decisions(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk)
    found = refusal(mturk.delete_hit, HITId=hit)
    assert found.turk_code == f"{TURK}InvalidHITState"
    assert found.message.startswith(
        "This HIT is currently in the state 'Assignable'.  "
        "This operation can be called with a status of: Reviewing, Reviewable ("
    )
    assignment_id = workers.work(hit)
    found = refusal(mturk.delete_hit, HITId=hit)
    assert found.message.startswith(
        "This HIT is currently in the state 'Reviewable'.  This operation can be called"
    )
    mturk.reject_assignment(AssignmentId=assignment_id, RequesterFeedback="No.")
    assert set(mturk.delete_hit(HITId=hit)) == {"ResponseMetadata"}
    found = refusal(mturk.delete_hit, HITId=hit)
    assert found.turk_code == f"{TURK}HITDoesNotExist"
    found = refusal(mturk.approve_assignment, AssignmentId=assignment_id, OverrideRejection=True)
    assert found.turk_code == f"{TURK}HITDoesNotExist"


def test_amazon_deletes_after_120_days(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk)
    workers.work(hit)
    workers.advance(121 * DAY - 60)
    assert status(mturk, hit) == "Reviewable"
    workers.advance(120)
    assert status(mturk, hit) == "Disposed"


def test_review_status_goes_one_way_at_a_time(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk)
    update = mturk.update_hit_review_status
    assert (
        "'Assignable'.  This operation can be called with a status of: Reviewable ("
        in refusal(update, HITId=hit).message
    )
    workers.work(hit)
    assert refusal(update, HITId=hit, Revert=True).turk_code == f"{TURK}InvalidHITState"
    update(HITId=hit)
    assert refusal(update, HITId=hit).turk_code == f"{TURK}InvalidHITState"
    update(HITId=hit, Revert=True)
    assert status(mturk, hit) == "Reviewable"


def test_decisions_need_a_submission(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk)
    assignment_id = workers.accept(hit)
    for call in (mturk.approve_assignment, mturk.reject_assignment):
        fields = {"RequesterFeedback": "Well."}
        found = refusal(call, AssignmentId=assignment_id, **fields)
        assert found.turk_code == f"{TURK}InvalidAssignmentState"
        assert found.message.startswith("This operation can be called with a status of: null (")
    found = refusal(mturk.get_assignment, AssignmentId=assignment_id)
    assert found.message.startswith(
        "This operation can be called with a status of: Reviewable,Approved,Rejected ("
    )
    workers.submit(assignment_id)
    mturk.approve_assignment(AssignmentId=assignment_id)
    for call in (mturk.approve_assignment, mturk.reject_assignment):
        found = refusal(call, AssignmentId=assignment_id, RequesterFeedback="Well.")
        assert found.message.startswith("This operation can be called with a status of: Submitted (")


def test_override_of_a_rejection(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, MaxAssignments=2)
    soon, late = workers.work(hit), workers.work(hit, OTHER)
    for assignment_id in (soon, late):
        mturk.reject_assignment(AssignmentId=assignment_id, RequesterFeedback="No.")
    assert refusal(mturk.approve_assignment, AssignmentId=soon).turk_code == f"{TURK}InvalidAssignmentState"
    workers.advance(29 * DAY)
    mturk.approve_assignment(AssignmentId=soon, OverrideRejection=True, RequesterFeedback="Sorry.")
    row = mturk.get_assignment(AssignmentId=soon)["Assignment"]
    assert (row["AssignmentStatus"], row["RequesterFeedback"], "RejectionTime" in row) == (
        "Approved",
        "Sorry.",
        False,
    )
    workers.advance(2 * DAY)
    found = refusal(mturk.approve_assignment, AssignmentId=late, OverrideRejection=True)
    assert found.turk_code == f"{TURK}InvalidAssignmentState"


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("get_hit", {}),
        ("delete_hit", {}),
        ("update_hit_review_status", {}),
        ("list_assignments_for_hit", {}),
        ("list_bonus_payments", {}),
        ("list_review_policy_results_for_hit", {}),
        ("update_expiration_for_hit", {"ExpireAt": 0}),
        ("create_additional_assignments_for_hit", {"NumberOfAdditionalAssignments": 1}),
        ("update_hit_type_of_hit", {"HITTypeId": "3NONE"}),
    ],
)
def test_hits_of_nobody_and_of_others(amazon: Side, mturk: Any, operation: str, fields: dict[str, Any]) -> None:
    found = refusal(getattr(mturk, operation), HITId="3NONE", **fields)
    assert found.turk_code == f"{TURK}HITDoesNotExist"
    assert found.message.startswith("Hit 3NONE does not exist. (")
    theirs = hit_id(amazon.client(account="second"))
    found = refusal(getattr(mturk, operation), HITId=theirs, **fields)
    assert found.turk_code == f"{TURK}PermissionDenied"


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("get_assignment", {}),
        ("approve_assignment", {}),
        ("reject_assignment", {"RequesterFeedback": "No."}),
        ("send_bonus", {"WorkerId": WORKER, "BonusAmount": "1", "Reason": "r"}),
        ("get_file_upload_url", {"QuestionIdentifier": "q"}),
        ("list_bonus_payments", {}),
    ],
)
def test_assignments_of_nobody_and_of_others(
    amazon: Side, mturk: Any, workers: Workers, operation: str, fields: dict[str, Any]
) -> None:
    found = refusal(getattr(mturk, operation), AssignmentId="3NONE", **fields)
    assert found.turk_code == f"{TURK}AssignmentDoesNotExist"
    assert found.message.startswith("Assignment 3NONE does not exist. (")
    theirs = workers.work(hit_id(amazon.client(account="second")))
    found = refusal(getattr(mturk, operation), AssignmentId=theirs, **fields)
    assert found.turk_code == f"{TURK}PermissionDenied"
