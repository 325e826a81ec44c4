"""Connection tests: somebody asks, the task cluster asks Amazon, the true answer is kept."""

from datetime import timedelta

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError
from qualadmin.core.models import ConnectionTest, RequesterAccount
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import TEST_CONNECTION, ring

from .texts import escaped

#: A test that still waits after this time has lost its doorbell or its process; a new one may be asked for.
TEST_PATIENCE = timedelta(minutes=1)
ANSWER_KEPT = 2000  # characters of Amazon's words


def request_connection_test(*, actor: Actor, account: RequesterAccount) -> ConnectionTest:
    """Ask for a connection test. One that is already under way is returned as it is."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    with audit.transaction(actor.context) as tx:
        row = RequesterAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        if row.archived_at is not None:
            raise ActionError(f"{row.name} is archived. Nothing was asked.", code="archived")
        waiting = row.tests.filter(
            state=ConnectionTest.State.WAITING, asked_at__gt=timezone.now() - TEST_PATIENCE
        ).first()
        return waiting or ask_connection(tx, actor, row)


def ask_connection(tx: audit.Transaction, actor: Actor, account: RequesterAccount) -> ConnectionTest:
    """The row, the entry and the doorbell of a new test, inside the caller's transaction."""
    tx.record("account.test.requested", target=_target(account), stream=account.stream)
    test = ConnectionTest.objects.create(account=account, asked_by_id=actor.user_id)
    ring(TEST_CONNECTION, test.pk)
    return test


def record_connection_test(
    *,
    actor: Actor,
    test_id: int,
    ok: bool,
    balance: str = "",
    answer: str = "",
    advice: str = "",
    ms: int | None = None,
) -> ConnectionTest:
    """Keep the outcome of a test. `balance` is in US dollars, `answer` Amazon's own words, `ms` the time it took.

    A test that has an outcome keeps it: the task may run twice.
    """
    state = ConnectionTest.State.OK if ok else ConnectionTest.State.FAILED
    kept = escaped(answer, ANSWER_KEPT)
    with audit.transaction(actor.context) as tx:
        moved = ConnectionTest.objects.filter(pk=test_id, state=ConnectionTest.State.WAITING).update(
            state=state,
            answered_at=timezone.now(),
            balance=balance,
            answer=kept,
            advice=advice,
            milliseconds=ms,
        )
        test = ConnectionTest.objects.select_related("account").get(pk=test_id)
        if moved:
            tx.record(
                "account.test.finished",
                target=_target(test.account),
                stream=test.account.stream,
                outcome="ok" if ok else "failed",
                changes={"balance": [None, balance]} if balance else None,
                payload={"detail": kept} if kept else None,
            )
    return test


def waiting_tests() -> list[int]:
    """Tests whose doorbell may have been lost."""
    return list(
        ConnectionTest.objects.filter(
            state=ConnectionTest.State.WAITING,
            asked_at__lt=timezone.now() - TEST_PATIENCE,
            asked_at__gt=timezone.now() - timedelta(hours=1),  # nobody waits for an older one
        ).values_list("pk", flat=True)
    )


def _target(account: RequesterAccount) -> Target:
    return Target("account", str(account.pk), account.name)
