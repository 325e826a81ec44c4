"""Two decisions at the same moment: exactly one wins, the other is told so (F-38)."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.approvals import approve_job, send_back_job, withdraw_job
from qualadmin.core.actions.message_control import decide_message, withdraw_message
from qualadmin.core.errors import Conflict
from qualadmin.core.models import Change, Job, Message
from tests.approving import Second, another_pi
from tests.messages import make_message, states_of
from tests.tasks.hands import give, outcome, take

# Threads share one connection of the test database on SQLite, and its writers are alone by nature.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
Act = Callable[[], object]
IDS = ["A1MADEUPWORKER", "A2MADEUPWORKER"]


def at_once(acts: list[Act]) -> list[object]:
    """What each gives or refuses, all begun at the same moment in threads of their own."""
    barrier = threading.Barrier(len(acts))
    found: list[object] = [None] * len(acts)

    def run(n: int) -> None:
        barrier.wait()
        try:
            found[n] = acts[n]()
        except Exception as error:
            found[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(acts))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return found


@pytest.mark.parametrize("rival", ["withdraws", "sends back", "approves too"])
def test_f38_exactly_one_decision_wins(second: Second, rival: str) -> None:
    other = another_pi(second.study).as_actor()
    first, asker = second.pi.as_actor(), second.granter.as_actor()
    for score in range(1, 6):  # another score each time, so that there is something to do
        job = second.waiting(3, score=score)
        rivals: dict[str, Act] = {
            "withdraws": lambda pk=job.pk: withdraw_job(actor=asker, job_id=pk),
            "sends back": lambda pk=job.pk: send_back_job(actor=other, job_id=pk, words="No."),
            "approves too": lambda pk=job.pk: approve_job(actor=other, job_id=pk),
        }
        found = at_once([lambda pk=job.pk: approve_job(actor=first, job_id=pk), rivals[rival]])
        lost = [one for one in found if isinstance(one, Exception)]
        assert [type(one) for one in lost] == [Conflict], found
        assert lost[0].code == "decided_meanwhile"
        entries = AuditEntry.objects.filter(job=str(job.pk), action__startswith="job.approval.")
        assert entries.count() == 2  # asked for, and one decision
        approved = Job.objects.get(pk=job.pk).state == Job.State.RUNNING
        states = set(Change.objects.filter(job=job).values_list("state", flat=True))
        assert states == {"planned" if approved else "cancelled"}
        claimed = take(second.account)
        assert len(claimed) == (3 if approved else 0)
        give(outcome(claim) for claim in claimed)


@pytest.mark.parametrize("rival", ["withdraws", "sends back", "approves too"])
def test_exactly_one_decision_about_a_message_wins(second: Second, rival: str) -> None:
    other, first, asker = another_pi(second.study).as_actor(), second.pi.as_actor(), second.granter.as_actor()
    for _ in range(5):
        message = make_message(second.granter, second.account, IDS, study=second.study)
        decide = partial(decide_message, message_id=message.pk)
        rivals: dict[str, Act] = {
            "withdraws": partial(withdraw_message, actor=asker, message_id=message.pk),
            "sends back": partial(decide, actor=other, approve=False, words="No."),
            "approves too": partial(decide, actor=other, approve=True),
        }
        found = at_once([partial(decide, actor=first, approve=True), rivals[rival]])
        lost = [one for one in found if isinstance(one, Exception)]
        assert [type(one) for one in lost] == [Conflict], found
        entries = AuditEntry.objects.filter(target_id=str(message.pk), action__startswith="message.approval.")
        assert entries.count() == 1
        approved = Message.objects.get(pk=message.pk).state == "running"
        assert states_of(message) == {"planned" if approved else "cancelled": 2}
