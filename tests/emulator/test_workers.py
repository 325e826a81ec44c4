"""Points 19, 79 and 80: blocking workers and writing to them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Side
from tests.emulator.refusals import refusal

WORKER, OTHER = "A1BLOCKEDWORKER", "A2BLOCKEDWORKER"
STRANGER = "A3NEVERWORKED"
NO_WORK = "Cannot send a notification to a worker who has not done any work for you"
MESSAGE = {"Subject": "A second wave", "MessageText": "There is more to do."}


def blocks(client: Any) -> list[tuple[str, str]]:
    pages = client.get_paginator("list_worker_blocks").paginate()
    return [(row["WorkerId"], row["Reason"]) for page in pages for row in page["WorkerBlocks"]]


def test_19_unknown_worker_cannot_be_blocked(amazon: Side, mturk: Any) -> None:
    amazon.control("POST", "settings", {"unknown_workers": "reject"})
    amazon.control("POST", "workers", {"worker_ids": [WORKER]})
    found = refusal(mturk.create_worker_block, WorkerId=STRANGER, Reason="Spam.")
    assert found.kind == "ParameterValidationError"
    assert found.message.startswith(f'The value "{STRANGER}" is not valid for the parameter WorkerId. (')
    mturk.create_worker_block(WorkerId=WORKER, Reason="Spam.")
    assert blocks(mturk) == [(WORKER, "Spam.")]


@pytest.mark.parametrize("text", [{}, {"Subject": "s" * 200, "MessageText": "m" * 4096}])
def test_79_only_those_who_worked_are_mailed(amazon: Side, mturk: Any, text: dict[str, str]) -> None:
    amazon.control("POST", "work", {"account": amazon.account_name(), "worker_ids": [WORKER, OTHER]})
    content = {**MESSAGE, **text}
    answer = mturk.notify_workers(**content, WorkerIds=[WORKER, STRANGER, OTHER])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["NotifyWorkersFailureStatuses"] == [
        {"NotifyWorkersFailureCode": "HardFailure", "NotifyWorkersFailureMessage": NO_WORK, "WorkerId": STRANGER}
    ]
    mails = amazon.control("GET", "outbox")["mails"]
    assert [mail["worker_id"] for mail in mails] == [WORKER, OTHER]
    assert all(content["Subject"] in mail["text"] and content["MessageText"] in mail["text"] for mail in mails)
    all_well = mturk.notify_workers(**content, WorkerIds=[WORKER])
    assert all_well["NotifyWorkersFailureStatuses"] == []


def test_79_a_qualification_makes_nobody_reachable(amazon: Side, mturk: Any, type_id: str) -> None:
    mturk.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=WORKER, SendNotification=False)
    (failure,) = mturk.notify_workers(**MESSAGE, WorkerIds=[WORKER])["NotifyWorkersFailureStatuses"]
    assert failure["WorkerId"] == WORKER
    work = {"account": amazon.account_name("second"), "worker_ids": [WORKER]}
    amazon.control("POST", "work", work)
    assert mturk.notify_workers(**MESSAGE, WorkerIds=[WORKER])["NotifyWorkersFailureStatuses"]
    assert amazon.control("GET", "outbox")["mails"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"WorkerIds": [f"A1WORKER{number}" for number in range(101)]},
        {"Subject": "s" * 201},
        {"MessageText": "m" * 4097},
        {"WorkerIds": ["nonsense"]},
    ],
)
def test_79_limits(amazon: Side, mturk: Any, fields: dict[str, Any]) -> None:
    amazon.control("POST", "work", {"account": amazon.account_name(), "worker_ids": [WORKER]})
    found = refusal(mturk.notify_workers, **{**MESSAGE, "WorkerIds": [WORKER], **fields})
    assert found.status == 400
    assert amazon.control("GET", "outbox")["mails"] == []
    full = mturk.notify_workers(**MESSAGE, WorkerIds=[f"A1WORKER{number}" for number in range(100)])
    assert len(full["NotifyWorkersFailureStatuses"]) == 100


def test_80_blocking_twice_and_freeing_twice(amazon: Side, mturk: Any) -> None:
    for answer in (
        mturk.create_worker_block(WorkerId=WORKER, Reason="Spam."),
        mturk.create_worker_block(WorkerId=OTHER, Reason="Copied."),
        mturk.create_worker_block(WorkerId=OTHER, Reason="Copied."),
    ):
        assert set(answer) == {"ResponseMetadata"}
    assert sorted(blocks(mturk)) == [(WORKER, "Spam."), (OTHER, "Copied.")]
    assert blocks(amazon.client(account="second")) == []
    for _ in range(2):
        assert set(mturk.delete_worker_block(WorkerId=WORKER)) == {"ResponseMetadata"}
        assert blocks(mturk) == [(OTHER, "Copied.")]
    assert blocks(mturk) == [(OTHER, "Copied.")]
