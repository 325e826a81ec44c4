"""The beat of a task cluster: proof that its processes take messages and write rows."""

import time
from typing import Final

from django.conf import settings

from qualadmin.core.actions.system import record_heartbeat

TASK: Final = "qualadmin.tasks.heartbeat.beat"
BEAT_SECONDS: Final = 5.0

_last_beat = 0.0


def beat() -> None:
    """Task: note that this cluster works. Rung by the supervisor of each cluster."""
    record_heartbeat(name=settings.CLUSTER_NAME)


def beat_now_and_then() -> None:
    """For the loop of a long task: beat at most every few seconds.

    While all task processes are busy nobody answers the supervisor's ring, and it would take the cluster
    for dead; a task that runs longer than some seconds therefore beats itself. Cheap; call it outside of any
    transaction.
    """
    global _last_beat
    if time.monotonic() - _last_beat >= BEAT_SECONDS:
        _last_beat = time.monotonic()
        beat()
