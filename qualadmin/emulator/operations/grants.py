"""Granting, revoking and reading who holds a qualification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qualadmin.emulator import errors
from qualadmin.emulator.paging import cursor, page
from qualadmin.emulator.world import World


def associate(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Grant, or overwrite the value. Leaves a pending request of the worker alone."""
    row = world.usable_type(params["QualificationTypeId"], owner)
    if row.status != "Active" and not world.settings.inactive_takes_grants:
        raise errors.type_inactive()
    worker_id = params["WorkerId"]
    _check_worker(world, owner, worker_id)
    old = world.grant(row.type_id, worker_id)
    overwrites = old is not None and old.status == "Granted"
    world.put_grant(row.type_id, worker_id, params.get("IntegerValue", 1))
    if params.get("SendNotification", True) and (world.settings.mail_on_overwrite or not overwrites):
        world.put_mail("granted", owner, row.type_id, worker_id, f"You have been granted {row.name}.")
    return {}


def _check_worker(world: World, owner: str, worker_id: str) -> None:
    stranger = world.settings.require_prior_work and (owner, worker_id) not in world.worked_for
    if stranger or not world.knows_worker(worker_id):
        raise errors.invalid_value(worker_id, "WorkerId")


def disassociate(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Revoke. The row is kept; the worker is told only if there is a reason."""
    row = world.owned_type(params["QualificationTypeId"], owner)
    worker_id = params["WorkerId"]
    grant = world.grant(row.type_id, worker_id)
    if grant is None:
        raise errors.qualification_missing()
    if grant.status != "Granted":
        if world.settings.duplicate_revoke == "accept":
            return {}
        raise errors.not_granted()
    world.put_grant(row.type_id, worker_id, grant.value, "Revoked")
    if params.get("Reason"):
        world.put_mail("revoked", owner, row.type_id, worker_id, params["Reason"])
    return {}


def get_score(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    row = world.readable_type(params["QualificationTypeId"])
    if row.is_system:
        raise errors.qualification_missing()
    if row.owner != owner:
        raise errors.permission_denied()
    grant = world.grant(row.type_id, params["WorkerId"])
    if grant is None:
        raise errors.qualification_missing()
    if grant.status != "Granted":
        raise errors.not_granted()
    return {"Qualification": grant.wire(row.type_id, params["WorkerId"])}


def list_workers(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Holders in grant order; without a Status the granted ones. There is no "both"."""
    row = world.owned_type(params["QualificationTypeId"], owner)
    status = params.get("Status", "Granted")
    question = ("workers", owner, row.type_id, status)
    start = int(cursor(params, question) or 0)

    def rows() -> Iterator[tuple[str, dict[str, Any]]]:
        holders = world.holders.get(row.type_id)
        for worker_id, grant in holders.listed(status, start) if holders else ():
            yield str(grant.serial), grant.wire(row.type_id, worker_id)

    return page("Qualifications", rows(), params, question)
