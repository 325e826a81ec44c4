"""Bonuses for workers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from qualadmin.emulator import hit_errors
from qualadmin.emulator.errors import bad_parameter, invalid_value
from qualadmin.emulator.hits import money
from qualadmin.emulator.hits.records import VISIBLE, Bonus
from qualadmin.emulator.operations import assignments, hits
from qualadmin.emulator.operations.limits import amount, check_funds, check_length, keep_token, used_token
from qualadmin.emulator.paging import cursor, page
from qualadmin.emulator.world import World, new_id

LONGEST_REASON = 4096


def send(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    made = used_token(world, owner, "SendBonus", params)
    if made is not None:
        raise hit_errors.token_used(params["UniqueRequestToken"], made)
    worker_id = params["WorkerId"]
    if not world.knows_worker(worker_id):
        raise invalid_value(worker_id, "WorkerId")
    row, hit = assignments.owned(world, owner, params["AssignmentId"])
    if row.worker_id != worker_id:
        raise invalid_value(worker_id, "WorkerId")
    if row.status not in VISIBLE:
        raise hit_errors.assignment_state("Submitted,Approved,Rejected")
    cents = amount(params, "BonusAmount", least=1)
    check_length(params, "Reason", LONGEST_REASON, 1)
    check_funds(world, owner, cents + money.bonus_fee(cents))
    _pay(world, Bonus(0, owner, worker_id, row.assignment_id, hit.hit_id, cents, params["Reason"], world.now()))
    keep_token(world, owner, "SendBonus", params, new_id("", 40))
    return {}


def _pay(world: World, row: Bonus) -> None:
    row = dataclasses.replace(row, serial=len(world.ledger.bonuses))
    world.record(["bonus", *dataclasses.astuple(row)])
    world.put_mail("bonus", row.owner, "", row.worker_id, row.reason)


def list_payments(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Of a HIT or of an assignment; exactly one of the two has to be named."""
    hit_id, assignment_id = params.get("HITId"), params.get("AssignmentId")
    if (hit_id is None) == (assignment_id is None):
        raise bad_parameter("Either the HITId parameter or the AssignmentId parameter must be specified.")
    if hit_id is not None:
        subject = hits.owned(world, owner, hit_id, disposed=True).hit_id
    else:
        subject = assignments.owned(world, owner, str(assignment_id))[0].assignment_id
    question = ("bonuses", owner, subject)
    start = int(cursor(params, question) or 0)

    def rows() -> Iterator[tuple[str, dict[str, Any]]]:
        paid = world.ledger.bonuses_of.get(subject, [])
        for place in range(start, len(paid)):
            yield str(place + 1), paid[place].wire()

    return page("BonusPayments", rows(), params, question)
