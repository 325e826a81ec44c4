"""Mailing workers at the emulator: a hundred a call, each worker once, whatever happens on the way.

"Once" is what the emulator's own outbox says.
"""

import os
import signal
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.message_control import retry_message
from qualadmin.core.models import Message, MessageRecipient, RequesterAccount, User
from qualadmin.core.queue import SEND_MESSAGE
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.messages import resume_messages, send_message
from tests.entries import new_entries, payload_of
from tests.messages import SUBJECT, TEXT, make_message, states_of
from tests.tasks.conftest import let_it_run
from tests.tasks.lists import worker_ids
from tests.tasks.processes import Processes

NOTIFY = "NotifyWorkers"
STRANGER = "Cannot send a notification to a worker who has not done any work for you"
IDS = worker_ids(101)


@pytest.fixture
def known(emulator: Emulator, account: RequesterAccount) -> list[str]:
    """A hundred and one workers whose work the account has approved."""
    have_worked(emulator, account, IDS)
    let_it_run(account)
    return IDS


def have_worked(emulator: Emulator, account: RequesterAccount, ids: list[str]) -> None:
    emulator.control("POST", "work", {"account": account.profile_name, "worker_ids": ids})


def mailed(emulator: Emulator) -> Counter[str]:
    """How many mails each worker got."""
    return Counter(mail["worker_id"] for mail in emulator.outbox() if mail["kind"] == "message")


def later() -> None:
    """As if the leases and pauses were over."""
    past = timezone.now() - timedelta(seconds=1)
    MessageRecipient.objects.filter(state="sending").update(lease_until=past)
    Message.objects.exclude(resume_at=None).update(resume_at=past)


def send(message: Message) -> Message:
    send_message(str(message.pk))
    message.refresh_from_db()
    return message


@pytest.mark.django_db
def test_a_hundred_and_one_workers_take_two_calls_and_each_gets_the_mail_once(
    emulator: Emulator, account: RequesterAccount, granter: User, known: list[str]
) -> None:
    message = make_message(granter, account, known)
    with new_entries() as entries:
        send(message)
        send(message)  # a doubled message of the queue
    assert (message.state, message.done, message.planned) == ("finished", 101, 0)
    assert mailed(emulator) == Counter(known)
    assert {mail["text"] for mail in emulator.outbox()} == {f"{SUBJECT}\n\n{TEXT}"}
    assert len(emulator.calls(operation=NOTIFY)) == 2
    by_action = Counter(entries.actions)
    assert by_action == {"message.mail.started": 101, "message.mail.finished": 101, "message.finished": 1}
    # For each worker: asked once, answered once, by the call that the answer names.
    for action in ("message.mail.started", "message.mail.finished"):
        subjects = [one.subject for one in entries if one.action == action]
        assert sorted(map(str, subjects)) == sorted(map(str, message.recipients.values_list("worker", flat=True)))
    requests = {one.content["aws"]["request_id"] for one in entries if one.action == "message.mail.finished"}
    assert requests == set(message.recipients.values_list("aws_request_id", flat=True))
    assert len(requests) == 2
    assert not any(one in str(entry.content) for entry in entries[:3] for one in known[:3])


@pytest.mark.django_db
def test_whom_amazon_does_not_mail_is_shown_with_its_reason_and_not_tried_again(
    emulator: Emulator, account: RequesterAccount, granter: User, known: list[str]
) -> None:
    message = make_message(granter, account, [*known[:2], "ASTRANGER1HERE"])
    with new_entries() as entries:
        send(message)
    assert (message.state, message.done, message.failed) == ("finished", 2, 1)
    row = message.recipients.get(state="failed")
    assert (row.worker.worker_id, row.code, row.failure) == ("ASTRANGER1HERE", "HardFailure", STRANGER)
    failed = next(one for one in entries if one.outcome == "failed")
    assert (failed.changes["code"], payload_of(failed)) == ([None, "HardFailure"], {"detail": STRANGER})
    with pytest.raises(Exception, match="Nobody is left"):
        retry_message(actor=granter.as_actor(), message_id=message.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "when"), [("reset", "after"), ("error", "after"), ("no_request_id", "after"), ("reset", "before")]
)
def test_a_lost_answer_is_not_known_and_nobody_is_mailed_twice(
    emulator: Emulator, account: RequesterAccount, granter: User, known: list[str], kind: str, when: str
) -> None:
    emulator.fault(kind, when=when, operation=NOTIFY, times=1)
    message = make_message(granter, account, known)
    send(message)
    assert states_of(message) == {"unknown": 100, "planned": 1}
    later()
    resume_messages()
    send(message)
    assert (message.state, message.unknown, message.done) == ("finished", 100, 1)
    for _ in range(2):
        later()
        resume_messages()
        send(message)
    assert len(emulator.calls(operation=NOTIFY)) == 2
    counts = mailed(emulator)
    assert set(counts.values()) == {1}
    assert len(counts) == (101 if when == "after" else 1)


@pytest.mark.django_db
def test_too_fast_or_not_reached_means_later(
    emulator: Emulator, account: RequesterAccount, granter: User, known: list[str], rung: list[Any]
) -> None:
    emulator.fault("error", code="ThrottlingException", operation=NOTIFY, times=1)
    message = make_message(granter, account, known[:3])
    rung.clear()
    with new_entries() as entries:
        send(message)
    assert states_of(message) == {"planned": 3}
    assert Counter(entries.actions) == {"message.mail.started": 3, "message.mail.put_back": 3}
    resume_messages()
    assert rung == []  # not yet
    later()
    resume_messages()
    assert rung == [(SEND_MESSAGE, str(message.pk))]
    send(message)
    assert (message.state, mailed(emulator)) == ("finished", Counter(known[:3]))
    assert set(message.recipients.values_list("attempt", flat=True)) == {2}


@pytest.mark.django_db
def test_a_call_that_is_refused_mails_nobody_and_may_be_tried_again(
    emulator: Emulator, account: RequesterAccount, granter: User, known: list[str]
) -> None:
    emulator.fault("error", when="before", operation=NOTIFY, times=1, code="RequestError", status=400)
    message = make_message(granter, account, known[:3])
    send(message)
    assert (message.state, states_of(message)) == ("finished", {"failed": 3})
    assert set(message.recipients.values_list("code", flat=True)) == {"refused"}
    with new_entries() as entries:
        retry_message(actor=granter.as_actor(), message_id=message.pk)
    assert (entries[0].action, entries[0].actor_id) == ("message.retried", str(granter.pk))
    send(message)
    assert (message.state, mailed(emulator)) == ("finished", Counter(known[:3]))


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.parametrize(("killpoint", "reached"), [("claimed:1", 0), ("answered:1", 100)])
def test_killed_before_or_after_the_call_and_nobody_is_mailed_twice(
    emulator: Emulator,
    processes: Processes,
    account: RequesterAccount,
    granter: User,
    known: list[str],
    killpoint: str,
    reached: int,
) -> None:
    message = make_message(granter, account, known)
    assert processes.run("send_message", message.pk, killpoint=killpoint).code == -signal.SIGKILL
    assert states_of(message) == {"sending": 100, "planned": 1}
    assert AuditEntry.objects.filter(action="message.mail.started").count() == 100
    processes.run("send_message", message.pk)  # the rest goes on meanwhile
    assert states_of(message) == {"sending": 100, "done": 1}
    later()
    resume_messages()
    processes.run("send_message", message.pk)
    message.refresh_from_db()
    assert (message.state, states_of(message)) == ("finished", {"unknown": 100, "done": 1})
    counts = mailed(emulator)
    assert (len(counts), set(counts.values())) == (reached + 1, {1})


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_an_answer_that_comes_after_the_lease_still_counts(
    emulator: Emulator, processes: Processes, account: RequesterAccount, granter: User, known: list[str]
) -> None:
    message = make_message(granter, account, known[:2])
    [pid] = processes.start("send_message", message.pk, killpoint="answered:1:stop")
    processes.wait_until_asleep(pid)
    later()
    resume_messages()
    message.refresh_from_db()
    assert (message.state, message.unknown) == ("finished", 2)
    os.kill(pid, signal.SIGCONT)
    assert processes.wait(pid).code == 0
    message.refresh_from_db()
    assert (message.done, message.unknown, states_of(message)) == (2, 0, {"done": 2})
    assert mailed(emulator) == Counter(known[:2])


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_two_tasks_at_once_mail_each_worker_once(
    emulator: Emulator, processes: Processes, account: RequesterAccount, granter: User
) -> None:
    ids = worker_ids(450)
    have_worked(emulator, account, ids)
    let_it_run(account)
    message = make_message(granter, account, ids)
    processes.together("send_message", message.pk, times=3)
    message.refresh_from_db()
    assert (message.state, message.done) == ("finished", 450)
    assert mailed(emulator) == Counter(ids)
    assert len(emulator.calls(operation=NOTIFY)) == 5
