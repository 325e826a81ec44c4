"""Making, changing, deleting and finding qualification types."""

from __future__ import annotations

import dataclasses
from typing import Any

from qualadmin.emulator import errors
from qualadmin.emulator.operations.documents import check_answer_key, check_test
from qualadmin.emulator.operations.hit_types import forget_requiring
from qualadmin.emulator.paging import cursor, page
from qualadmin.emulator.records import QualificationType
from qualadmin.emulator.world import World, new_id

DESCRIPTION_LENGTH = 2000
KEYWORDS_LENGTH = 1000


def create(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    _check_name(world, params["Name"])
    _check_texts(params)
    _check_numbers(params)
    auto = params.get("AutoGranted", False)
    _check_test_parts(world, params, auto_granted=auto)
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
    return {"QualificationType": _wire(world, row, owner)}


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
    _check_test_parts(world, params, auto_granted=auto)
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
    return {"QualificationType": _wire(world, row, owner)}


_UPDATABLE = {
    "Description": "description",
    "QualificationTypeStatus": "status",
    "RetryDelayInSeconds": "retry_delay",
    "Test": "test",
    "TestDurationInSeconds": "test_duration",
}


def delete(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Begin to dispose: pending requests are rejected, HIT types that require it go, grants stay, the name
    stays taken for a while."""
    row = world.usable_type(params["QualificationTypeId"], owner)
    world.put_type(dataclasses.replace(row, deleted_at=world.now()))
    for request in world.request_book.open_for(row.type_id):
        world.put_request(dataclasses.replace(request, state="rejected"))
    forget_requiring(world, row.type_id)
    return {}


def get(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"QualificationType": _wire(world, world.readable_type(params["QualificationTypeId"]), owner)}


def list_types(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Types by name. The query is a loose search, not a look-up: every word must occur somewhere."""
    requestable, owned = params["MustBeRequestable"], params.get("MustBeOwnedByCaller", False)
    terms = params.get("Query", "").casefold().split()
    question = ("types", owner, requestable, owned, *terms)
    descriptions = world.settings.query_searches_descriptions

    def fits(row: QualificationType) -> bool:
        if requestable and row.is_system:
            return False
        searched = world.type_book.text(row, descriptions=descriptions) if terms else ""
        return all(term in searched for term in terms)

    place = cursor(params, question)
    found = world.type_book.listed(world.now(), world.settings, owner=owner if owned else None, after=place)
    rows = ((row.type_id, _wire(world, row, owner)) for row in found if fits(row))
    return page("QualificationTypes", rows, params, question)


def _wire(world: World, row: QualificationType, reader: str) -> dict[str, Any]:
    """Test and description are for everybody, the answer key is the owner's."""
    return row.wire(with_key=row.owner == reader or world.settings.others_see_answer_keys)


def _check_name(world: World, name: str) -> None:
    limit = world.settings.max_name_length
    if not name.strip() or (limit and len(name) > limit):
        raise errors.invalid_value(name, "Name")


def _check_texts(params: dict[str, Any]) -> None:
    if "Description" in params and not params["Description"].strip():
        raise errors.invalid_value(params["Description"], "Description")
    for name, limit in (("Description", DESCRIPTION_LENGTH), ("Keywords", KEYWORDS_LENGTH)):
        if len(params.get(name, "")) > limit:
            raise errors.invalid_value(params[name], name)


def _check_numbers(params: dict[str, Any]) -> None:
    if params.get("RetryDelayInSeconds", 0) < 0:
        raise errors.invalid_value(params["RetryDelayInSeconds"], "RetryDelayInSeconds")
    if params.get("TestDurationInSeconds", 1) < 1:
        raise errors.invalid_value(params["TestDurationInSeconds"], "TestDurationInSeconds")


def _check_test_parts(world: World, params: dict[str, Any], *, auto_granted: bool) -> None:
    if "Test" not in params:
        if "AnswerKey" in params:
            raise errors.invalid_value(params["AnswerKey"], "AnswerKey")
        return
    if auto_granted:
        raise errors.invalid_value(params["Test"], "Test")
    if "TestDurationInSeconds" not in params:
        raise errors.bad_parameter("TestDurationInSeconds is required when Test is given.")
    form = check_test(params["Test"], world.settings)
    if "AnswerKey" in params:
        check_answer_key(params["AnswerKey"], form, world.settings)
