"""Granting to one worker, and taking away again."""

from __future__ import annotations

from typing import Any

from tests.conformance.observing import TURK, Amazon

NOWHERE = "3CONFORMANCE0000000000000000NO"
GRANTED_ONLY = "operation can be called with a status of: Granted"


def holders(amazon: Amazon, type_id: str, **fields: Any) -> list[tuple[str, int]]:
    found = amazon.client.list_workers_with_qualification_type(QualificationTypeId=type_id, **fields)
    return [(row["WorkerId"], row["IntegerValue"]) for row in found["Qualifications"]]


def test_57_58_59_60_61_granting(amazon: Amazon) -> None:
    type_id = amazon.type_id()
    status = amazon.grant(type_id)["ResponseMetadata"]["HTTPStatusCode"]
    amazon.see(61, "without a request", 200, status)
    amazon.see(57, "value without IntegerValue", 1, amazon.score(type_id)["IntegerValue"])
    amazon.see(59, "status", "Granted", amazon.score(type_id)["Status"])
    for value in (2, 3):
        amazon.grant(type_id, IntegerValue=value)
    amazon.see(58, "value of the second", 3, amazon.score(type_id)["IntegerValue"])
    amazon.see(60, "listed at once, in one row", [(amazon.worker_id, 3)], holders(amazon, type_id))


def test_64_66_67_68_69_revoking(amazon: Amazon) -> None:
    type_id, revoke = amazon.type_id(), amazon.client.disassociate_qualification_from_worker
    pair = {"QualificationTypeId": type_id, "WorkerId": amazon.worker_id}
    amazon.grant(type_id, IntegerValue=4)
    amazon.see(66, "Reason empty", "nothing", amazon.refused(revoke, **pair, Reason="").kind)
    found = amazon.refused(amazon.client.get_qualification_score, **pair)
    amazon.see(64, "code", f"{TURK}InvalidQualificationState", found.turk_code)
    amazon.see_that(64, "message", found.message, lambda text: GRANTED_ONLY in text)
    amazon.see(68, "listed without Status", [], holders(amazon, type_id))
    amazon.see(68, "listed as revoked", [(amazon.worker_id, 4)], holders(amazon, type_id, Status="Revoked"))
    again = amazon.refused(revoke, **pair)
    amazon.see_that(69, "the second revoke", again.message, lambda text: GRANTED_ONLY in text)
    amazon.grant(type_id, IntegerValue=6)
    amazon.see(67, "granted again", 6, amazon.score(type_id)["IntegerValue"])
    amazon.see(66, "no Reason", "nothing", amazon.refused(revoke, **pair).kind)


def test_63_65_69_who_never_held_it(amazon: Amazon) -> None:
    pair = {"QualificationTypeId": amazon.type_id(), "WorkerId": amazon.worker_id}
    found = amazon.refused(amazon.client.get_qualification_score, **pair)
    amazon.see(63, "code", f"{TURK}QualificationDoesNotExist", found.turk_code)
    said = "You requested a Qualification that does not exist."
    amazon.see(63, "message", said, found.message.partition(" (")[0])
    found = amazon.refused(amazon.client.disassociate_qualification_from_worker, **pair)
    amazon.see(69, "revoke", f"{TURK}QualificationDoesNotExist", found.turk_code)
    found = amazon.refused(amazon.client.get_qualification_score, **{**pair, "QualificationTypeId": NOWHERE})
    amazon.see_that(65, "unknown type", found.message, lambda text: "does not exist" in text)


def test_62_system_types_cannot_be_granted(amazon: Amazon) -> None:
    found = amazon.refused(
        amazon.client.associate_qualification_with_worker,
        QualificationTypeId="00000000000000000040", WorkerId=amazon.worker_id, SendNotification=False,
    )  # fmt: skip
    amazon.see(62, "status", 400, found.status)


def test_71_76_requests(amazon: Amazon) -> None:
    automatic = amazon.type_id(AutoGranted=True)
    call = amazon.client.list_qualification_requests
    amazon.see(71, "without a type", 200, call()["ResponseMetadata"]["HTTPStatusCode"])
    amazon.see(76, "of an automatic type", [], call(QualificationTypeId=automatic)["QualificationRequests"])


def test_79_too_many_workers_to_notify(amazon: Amazon) -> None:
    # More than Amazon takes, and none of them anybody: nothing can be sent.
    worker_ids = [f"AUNKNOWNCONFORMANCE{number}" for number in range(101)]
    found = amazon.refused(amazon.client.notify_workers, Subject="s", MessageText="m", WorkerIds=worker_ids)
    amazon.see(79, "status of 101 workers", 400, found.status)


def test_80_blocks(amazon: Amazon) -> None:
    worker_id, block = amazon.worker_id, amazon.client.create_worker_block
    try:
        for turn in ("first", "second"):
            found = amazon.refused(block, WorkerId=worker_id, Reason="Conformance.")
            amazon.see(80, f"{turn} block", "nothing", found.kind)
        pages = amazon.client.get_paginator("list_worker_blocks").paginate()
        rows = [row for page in pages for row in page["WorkerBlocks"] if row["WorkerId"] == worker_id]
        amazon.see(80, "listed", [{"WorkerId": worker_id, "Reason": "Conformance."}], rows)
    finally:
        amazon.client.delete_worker_block(WorkerId=worker_id)
    found = amazon.refused(amazon.client.delete_worker_block, WorkerId=worker_id)
    amazon.see(80, "unblocking twice", "nothing", found.kind)
