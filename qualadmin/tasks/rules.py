"""What the night does for rules: each active one runs, in the name of its owner."""

import logging
import os
import socket
import uuid
from typing import Final

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.restorations import is_read_only
from qualadmin.core.actions.rule_runs import due_rules, run_rule
from qualadmin.core.actor import Actor
from qualadmin.core.queue import RUN_RULE, ring

logger = logging.getLogger(__name__)
NAME: Final = "rules"


def run_rules() -> None:
    """Task, every night: ring for each rule, so that a long one keeps none of the others waiting."""
    if is_read_only():
        return
    for rule_id in due_rules():
        ring(RUN_RULE, str(rule_id))


def run_one(rule_id: str) -> None:
    """Task: run one rule. Rung twice, the second finds the job of the first, or nothing left to do."""
    if is_read_only():
        return
    task = TaskInfo(id=str(uuid.uuid4()), name=NAME, host=socket.gethostname(), pid=os.getpid())
    run_rule(actor=Actor.system(NAME, task=task), rule_id=uuid.UUID(rule_id), task=task)
