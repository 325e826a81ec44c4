"""Points 77 and 78: tokens on every page that holds something, an empty page at the end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Side, create_type

COUNT = 25


@pytest.fixture
def filled(amazon: Side, mturk: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """Operation to (list key, parameters), each with 25 items to list."""
    type_id = create_type(mturk, "Type 0")
    for number in range(1, COUNT):
        create_type(mturk, f"Type {number}")
    for number in range(COUNT):
        worker_id = f"A1WORKER{number}"
        mturk.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=worker_id)
        amazon.control("POST", "requests", {"qualification_type_id": type_id, "worker_id": worker_id})
    return {
        "list_qualification_types": ("QualificationTypes", {"MustBeRequestable": True}),
        "list_workers_with_qualification_type": ("Qualifications", {"QualificationTypeId": type_id}),
        "list_qualification_requests": ("QualificationRequests", {}),
    }


def test_77_78_pages(mturk: Any, filled: dict[str, tuple[str, dict[str, Any]]]) -> None:
    for operation, (key, params) in filled.items():
        pages = []
        token: dict[str, str] = {}
        while not pages or token:
            pages.append(getattr(mturk, operation)(**params, **token))
            token = {"NextToken": pages[-1]["NextToken"]} if "NextToken" in pages[-1] else {}
        assert [page["NumResults"] for page in pages] == [10, 10, 5, 0]
        assert [len(page[key]) for page in pages] == [10, 10, 5, 0]
        tokens = [page.get("NextToken") for page in pages]
        assert tokens[-1] is None
        assert len(set(tokens)) == 4
        assert all(1 <= len(token) <= 255 for token in tokens[:-1])


@pytest.mark.parametrize("size", [1, 5, 24, 25, 26, 100])
def test_77_botocore_paginators_end(mturk: Any, filled: dict[str, tuple[str, dict[str, Any]]], size: int) -> None:
    for operation, (key, params) in filled.items():
        pages = mturk.get_paginator(operation).paginate(**params, PaginationConfig={"PageSize": size})
        rows = [repr(sorted(row.items())) for page in pages for row in page[key]]
        assert len(rows) == len(set(rows)) == COUNT


def test_deciding_while_paging_skips_no_request(mturk: Any, filled: dict[str, tuple[str, dict[str, Any]]]) -> None:
    page = mturk.list_qualification_requests(MaxResults=5)
    for row in page["QualificationRequests"]:
        mturk.accept_qualification_request(QualificationRequestId=row["QualificationRequestId"])
    following = mturk.list_qualification_requests(MaxResults=100, NextToken=page["NextToken"])
    assert following["NumResults"] == COUNT - 5


def test_revoking_while_paging_skips_no_worker(mturk: Any, filled: dict[str, tuple[str, dict[str, Any]]]) -> None:
    _, params = filled["list_workers_with_qualification_type"]
    page = mturk.list_workers_with_qualification_type(**params, MaxResults=5)
    for row in page["Qualifications"]:
        mturk.disassociate_qualification_from_worker(**params, WorkerId=row["WorkerId"])
    following = mturk.list_workers_with_qualification_type(**params, MaxResults=100, NextToken=page["NextToken"])
    assert following["NumResults"] == COUNT - 5
