"""HITs at the emulator, and workers who did them."""

from typing import Any

import boto3

from qualadmin.core.models import RequesterAccount
from qualadmin.emulator.accounts import DEMO_SECRET
from qualadmin.emulator.testing import Emulator
from tests.emulator.hit_forms import new_hit


def amazon(emulator: Emulator, account: RequesterAccount) -> Any:
    """A plain client of the account: for what qualadmin itself never does, such as publishing and paying."""
    return boto3.client(
        "mturk",
        region_name="us-east-1",
        endpoint_url=emulator.url,
        aws_access_key_id=account.profile_name,
        aws_secret_access_key=DEMO_SECRET,
    )


def publish(emulator: Emulator, account: RequesterAccount, workers: list[str], **fields: Any) -> str:
    """A HIT that these workers did. Returns its id."""
    client = amazon(emulator, account)
    hit_id: str = new_hit(client, **{"MaxAssignments": max(1, len(workers)), **fields})["HITId"]
    for worker in workers:
        emulator.submit(emulator.accept(hit_id, worker), {"colour": "red"})
    return hit_id


def decide(emulator: Emulator, account: RequesterAccount, hit_id: str, worker: str, *, approve: bool) -> None:
    """Approve or reject what the worker handed in."""
    client = amazon(emulator, account)
    [found] = [
        one["AssignmentId"]
        for one in client.list_assignments_for_hit(HITId=hit_id, MaxResults=100)["Assignments"]
        if one["WorkerId"] == worker
    ]
    if approve:
        client.approve_assignment(AssignmentId=found)
    else:
        client.reject_assignment(AssignmentId=found, RequesterFeedback="Not the right colour.")
