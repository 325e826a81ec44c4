"""The doorbell. The queue is never the record of work: a message only wakes somebody who reads the rows.

The sole importer of django_q besides the supervisor. Lost, doubled or late messages change nothing.
"""

from typing import Final

from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task

DRAIN: Final = "qualadmin.tasks.drain.drain"
RECONCILE: Final = "qualadmin.tasks.sweep.reconcile"
SWEEP: Final = "qualadmin.tasks.sweep.sweep"
SYNC_ACCOUNT: Final = "qualadmin.tasks.sync.sync_account"
SYNC_TYPE: Final = "qualadmin.tasks.sync.sync_type"
CREATE_TYPE: Final = "qualadmin.tasks.types.create_type"
TEST_CONNECTION: Final = "qualadmin.tasks.connection.test_connection"
CHECK_WORKER: Final = "qualadmin.tasks.sync.check_worker"


def ring(task: str, *ids: str | int) -> None:
    """Wake the cluster for `task`. Arguments are ids only.

    With the database as broker the message joins the caller's transaction: it is gone if that rolls back.
    With Redis it is sent after the commit; should that fail, the minute's sweep rings again.
    """
    arguments = [str(one) if not isinstance(one, int) else one for one in ids]
    if settings.Q_CLUSTER.get("orm"):
        async_task(task, *arguments, save=False)
    else:
        transaction.on_commit(lambda: async_task(task, *arguments, save=False), robust=True)
