"""Notifications of HIT events to requesters, and e-mails to workers."""

from __future__ import annotations

import re
from typing import Any

from qualadmin.emulator.errors import bad_parameter, invalid_value
from qualadmin.emulator.hits import notify
from qualadmin.emulator.operations import hit_types
from qualadmin.emulator.operations.limits import check_length
from qualadmin.emulator.world import World

VERSIONS = ("2014-08-15", "2006-05-05")
MOST_WORKERS = 100
_DESTINATIONS = {
    "SQS": re.compile(r"https?://\S+"),
    "SNS": re.compile(r"arn:aws[\w-]*:sns:\S+"),
    "Email": re.compile(r"[^@\s]+@[^@\s]+"),
}
_STRANGER = "Cannot send a notification to a worker who has not done any work for you"


def update_settings(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """New specification, switch, or both. An omitted switch stays; it is on at first."""
    kind = hit_types.owned(world, owner, params["HITTypeId"])
    known = world.notices.subscriptions.get(kind.hit_type_id)
    specification, active = params.get("Notification"), params.get("Active")
    if specification is None and active is None:
        raise bad_parameter("You must specify either the Notification parameter or the Active parameter.")
    if specification is not None:
        _check_specification(specification)
        if "Ping" in specification["EventTypes"]:
            raise invalid_value("Ping", "EventTypes")
    elif known is None:
        raise bad_parameter("This HIT type has no notification specification yet: Notification is needed.")
    else:
        specification = known.specification
    if active is None:
        active = known.active if known else True
    world.record(["subscription", kind.hit_type_id, specification, active])
    return {}


def send_test(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """The specification does not filter the test event."""
    _check_specification(params["Notification"])
    notify.send(world, owner, params["Notification"], params["TestEventType"], world.now())
    return {}


def _check_specification(specification: dict[str, Any]) -> None:
    if specification["Version"] not in VERSIONS:
        raise invalid_value(specification["Version"], "Version")
    if not specification["EventTypes"]:
        raise bad_parameter("At least one of EventTypes is needed.")
    if not _DESTINATIONS[specification["Transport"]].fullmatch(specification["Destination"]):
        raise invalid_value(specification["Destination"], "Destination")


def notify_workers(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Mails those whose work the caller has approved or rejected; the others are failures in a success."""
    check_length(params, "Subject", 200, 1)
    check_length(params, "MessageText", 4096, 1)
    worker_ids = list(dict.fromkeys(params["WorkerIds"]))
    if not 1 <= len(params["WorkerIds"]) <= MOST_WORKERS:
        raise bad_parameter(f"You can notify 1 to {MOST_WORKERS} Workers at a time.")
    failures = []
    for worker_id in worker_ids:
        if (owner, worker_id) in world.worked_for:
            text = f"{params['Subject']}\n\n{params['MessageText']}"
            world.put_mail("message", owner, "", worker_id, text)
        else:
            failures.append(_failure(worker_id))
    return {"NotifyWorkersFailureStatuses": failures}


def _failure(worker_id: str) -> dict[str, Any]:
    return {
        "NotifyWorkersFailureCode": "HardFailure",
        "NotifyWorkersFailureMessage": _STRANGER,
        "WorkerId": worker_id,
    }
