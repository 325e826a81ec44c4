"""Making, changing, deleting and finding qualification types."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from qualadmin.emulator import errors
from qualadmin.emulator.operations.documents import check_answer_key, check_test
from qualadmin.emulator.paging import cursor, page
from qualadmin.emulator.records import QualificationType
from qualadmin.emulator.world import World, new_id

DESCRIPTION_LENGTH = 2000
KEYWORDS_LENGTH = 1000


def create(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    _check_texts(params)
    _check_numbers(params)
    auto = params.get("AutoGranted", False)
    _check_test_parts(params, auto_granted=auto)
    if world.name_is_taken(owner, params["Name"]):
        raise errors.name_taken()
    row = QualificationType(
        type_id=new_id("3", 30),
        owner=owner,
        name=params["Name"],
        description=params["Description"],
        status=params["QualificationTypeStatus"],
        created_at=world.now(),
        keywords=params.get("Keywords"),
        retry_delay=params.get("RetryDelayInSeconds"),
        test=params.get("Test"),
        answer_key=params.get("AnswerKey"),
        test_duration=params.get("TestDurationInSeconds"),
        auto_granted=auto,
        auto_granted_value=params.get("AutoGrantedValue", 1) if auto else None,
    )
    world.put_type(row)
    return {"QualificationType": row.wire(owner)}


def update(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Omitted fields stay, with one exception: test, duration and answer key travel as one unit."""
    row = world.usable_type(params["QualificationTypeId"], owner)
    _check_texts(params)
    _check_numbers(params)
    auto = params.get("AutoGranted", row.auto_granted)
    if auto and row.test is not None:
        raise errors.invalid_value(True, "AutoGranted")
    if "Test" not in params and "TestDurationInSeconds" in params:
        raise errors.bad_parameter("TestDurationInSeconds can be changed only together with Test.")
    _check_test_parts(params, auto_granted=auto)
    changes: dict[str, Any] = {"auto_granted": auto, "auto_granted_value": None}
    if auto:
        kept = 1 if row.auto_granted_value is None else row.auto_granted_value
        changes["auto_granted_value"] = params.get("AutoGrantedValue", kept)
    for name, attribute in _UPDATABLE.items():
        if name in params:
            changes[attribute] = params[name]
    if "Test" in params:
        changes["answer_key"] = params.get("AnswerKey")
    row = dataclasses.replace(row, **changes)
    world.put_type(row)
    return {"QualificationType": row.wire(owner)}


_UPDATABLE = {
    "Description": "description",
    "QualificationTypeStatus": "status",
    "RetryDelayInSeconds": "retry_delay",
    "Test": "test",
    "TestDurationInSeconds": "test_duration",
}


def delete(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Begin to dispose: pending requests are rejected, grants stay, the name stays taken for a while."""
    row = world.usable_type(params["QualificationTypeId"], owner)
    world.put_type(dataclasses.replace(row, deleted_at=world.now()))
    for request in list(world.requests.values()):
        if request.type_id == row.type_id and request.state == "pending":
            world.put_request(dataclasses.replace(request, state="rejected"))
    return {}


def get(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"QualificationType": world.readable_type(params["QualificationTypeId"]).wire(owner)}


def list_types(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Types by name. The query is a loose search, not a look-up: every word must occur somewhere."""
    requestable, owned = params["MustBeRequestable"], params.get("MustBeOwnedByCaller", False)
    terms = params.get("Query", "").casefold().split()
    question = ("types", owner, requestable, owned, *terms)
    place = cursor(params, question)

    def fits(row: QualificationType) -> bool:
        if (requestable and row.is_system) or (owned and row.owner != owner):
            return False
        searched = f"{row.name}\n{row.keywords or ''}\n{row.description}".casefold()
        return all(term in searched for term in terms)

    def rows() -> Iterator[tuple[str, dict[str, Any]]]:
        found = sorted((row for row in world.listed_types() if fits(row)), key=_by_name)
        if place in world.types:
            start = _by_name(world.types[place])
            found = [row for row in found if _by_name(row) > start]
        for row in found:
            yield row.type_id, row.wire(owner)

    return page("QualificationTypes", rows(), params, question)


def _by_name(row: QualificationType) -> tuple[str, str]:
    return row.name, row.type_id


def _check_texts(params: dict[str, Any]) -> None:
    for name in ("Name", "Description"):
        if name in params and not params[name].strip():
            raise errors.invalid_value(params[name], name)
    for name, limit in (("Description", DESCRIPTION_LENGTH), ("Keywords", KEYWORDS_LENGTH)):
        if len(params.get(name, "")) > limit:
            raise errors.invalid_value(params[name], name)


def _check_numbers(params: dict[str, Any]) -> None:
    if params.get("RetryDelayInSeconds", 0) < 0:
        raise errors.invalid_value(params["RetryDelayInSeconds"], "RetryDelayInSeconds")
    if params.get("TestDurationInSeconds", 1) < 1:
        raise errors.invalid_value(params["TestDurationInSeconds"], "TestDurationInSeconds")


def _check_test_parts(params: dict[str, Any], *, auto_granted: bool) -> None:
    if "Test" not in params:
        if "AnswerKey" in params:
            raise errors.invalid_value(params["AnswerKey"], "AnswerKey")
        return
    if auto_granted:
        raise errors.invalid_value(params["Test"], "Test")
    if "TestDurationInSeconds" not in params:
        raise errors.bad_parameter("TestDurationInSeconds is required when Test is given.")
    check_test(params["Test"])
    if "AnswerKey" in params:
        check_answer_key(params["AnswerKey"])
