"""Messages to workers up to the call: who they go to, what is refused, who decides."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.erasures import approve_erasure, request_erasure
from qualadmin.core.actions.message_calls import claim_recipients, expire_mail_leases
from qualadmin.core.actions.message_control import (
    decide_message,
    messages_waiting_for,
    retry_message,
    stop_message,
    withdraw_message,
)
from qualadmin.core.actions.message_recipients import from_holders, from_ids, from_job, from_list, from_message
from qualadmin.core.actions.messages import confirm_message, discard_message, draft_message, write_message
from qualadmin.core.actions.people import end_role
from qualadmin.core.actions.restorations import mark_restored
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import Message, MessageRecipient, RoleAssignment, User, Worker
from qualadmin.core.queue import MAIL, SEND_MESSAGE
from qualadmin.tasks.schedules import prune
from tests.approving import Second, another_pi
from tests.entries import new_entries, newest, payload_of
from tests.factories import (
    ChangeFactory,
    MembershipFactory,
    QualificationFactory,
    SourceFactory,
    TypeFactory,
    WorkerFactory,
)
from tests.messages import SUBJECT, TEXT, make_draft, make_message, states_of
from tests.people import Cast
from tests.tasks.lists import worker_ids

IDS = ["A1MADEUPWORKER", "A2MADEUPWORKER"]


def ids_of(message: Message) -> list[str | None]:
    return list(message.recipients.order_by("n").values_list("worker__worker_id", flat=True))


@pytest.mark.django_db
def test_a_message_is_begun_written_and_confirmed_and_the_log_holds_its_text_beside_it(
    cast: Cast, rung: list[Any]
) -> None:
    WorkerFactory(worker_id=IDS[0])
    with new_entries() as entries:
        message = make_message(cast.granter, cast.account, [*IDS, IDS[0]], study=cast.study)
    assert ids_of(message) == IDS
    assert (message.state, message.total, message.planned) == ("running", 2, 2)
    assert message.notes == ["1 worker was never met here before. Check where the IDs come from."]
    assert rung == [(SEND_MESSAGE, str(message.pk))]
    assert entries.actions == ["message.drafted", "message.written", "message.confirmed"]
    confirmed = entries[-1]
    assert confirmed.stream == cast.study.stream
    assert confirmed.changes["recipients"] == [None, 2]
    assert payload_of(confirmed) == {"subject": SUBJECT, "text": TEXT, "origin": "Pasted IDs"}
    assert SUBJECT not in str(confirmed.content)  # only committed to


@pytest.mark.django_db
def test_recipients_come_from_holders_jobs_lists_and_each_worker_once(cast: Cast) -> None:
    wave, other = TypeFactory(account=cast.account), TypeFactory(account=cast.account)
    first, second_one = WorkerFactory(), WorkerFactory()
    QualificationFactory(type=wave, worker=first)
    QualificationFactory(type=wave, worker=second_one, status="Revoked")
    change = ChangeFactory(type=wave, worker=first)
    ChangeFactory(type=other, worker=first, job=change.job)
    ChangeFactory(type=wave, worker=second_one, job=change.job)
    source = SourceFactory(list__account=cast.account)
    MembershipFactory(source=source, worker=second_one)
    MembershipFactory(source=SourceFactory(list=source.list), list=source.list, worker=second_one)
    who = {"actor": cast.actor("granter"), "account": cast.account}
    assert from_holders(**who, type_id=wave.pk).workers == [first.pk]
    assert from_job(**who, job_id=change.job.pk).workers == [first.pk, second_one.pk]
    assert from_list(**who, list_id=source.list.pk).workers == [second_one.pk]
    for find, name in ((from_holders, "type_id"), (from_job, "job_id"), (from_list, "list_id")):
        with pytest.raises(NotVisible):
            find(actor=cast.actor("granter"), account=cast.other_account, **{name: wave.pk})  # type: ignore[operator]
    with pytest.raises(ActionError, match="nobody to write to"):
        from_holders(**who, type_id=other.pk)


@pytest.mark.django_db
def test_a_worker_is_in_a_message_once_by_a_constraint(cast: Cast) -> None:
    message = make_draft(cast.granter, cast.account, IDS[:1])
    only = message.recipients.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        MessageRecipient.objects.create(message=message, worker=only.worker, n=2, audit_id=message.audit_id)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("subject", "text", "field"),
    [
        ("", TEXT, "subject"),
        ("a" * 201, TEXT, "subject"),
        ("two\nlines", TEXT, "subject"),
        (SUBJECT, "  ", "text"),
        (SUBJECT, "a" * 4097, "text"),
        (SUBJECT, "AKIA" + "ABCDEFGH12345678", "text"),
        (SUBJECT, "hidden\u202eletters", "text"),
    ],
)
def test_what_amazon_would_refuse_is_refused_before(cast: Cast, subject: str, text: str, field: str) -> None:
    draft = make_draft(cast.granter, cast.account, IDS)
    with pytest.raises(ActionError) as refused, new_entries() as entries:
        write_message(actor=cast.actor("granter"), message=draft, subject=subject, text=text)
    assert refused.value.field == field
    assert not entries
    draft.refresh_from_db()
    assert (draft.subject, draft.text) == (SUBJECT, TEXT)


@pytest.mark.django_db
def test_the_longest_mail_amazon_takes_is_taken(cast: Cast) -> None:
    draft = make_draft(cast.granter, cast.account, IDS)
    row = write_message(actor=cast.actor("granter"), message=draft, subject="s" * 200, text="t" * 4096)
    assert (len(row.subject), len(row.text)) == (200, 4096)


@pytest.mark.django_db
def test_lines_that_cannot_be_read_are_refused_or_left_out_and_said(cast: Cast) -> None:
    content = f"{IDS[0]}\nnot an id\n".encode()
    with pytest.raises(ActionError) as refused:
        from_ids(content=content)
    assert "nothing was taken over" in refused.value.message
    found = from_ids(content=content, leave_out=True)
    assert (found.strangers, found.notes[0]) == ([IDS[0]], "1 line could not be read and is left out.")


@pytest.mark.django_db
def test_too_many_are_refused(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qualadmin.core.actions.message_recipients.MOST_RECIPIENTS", 2)
    with pytest.raises(ActionError, match="at most 2 workers"):
        from_ids(content="\n".join(worker_ids(3)).encode())


@pytest.mark.django_db
def test_only_who_may_grant_writes_and_only_the_writer_sends(cast: Cast, colleague: User) -> None:
    found = from_ids(content=IDS[0].encode())
    for name in ("pi", "manager", "viewer"):
        with pytest.raises(NotAllowed):
            draft_message(actor=cast.actor(name), account=cast.account, recipients=found)
    with pytest.raises(NotVisible):
        draft_message(actor=cast.actor("outsider"), account=cast.account, recipients=found)
    draft = make_draft(cast.granter, cast.account, IDS)
    other = colleague.as_actor()
    with pytest.raises(NotAllowed, match="Only who began"):
        write_message(actor=other, message=draft, subject="x", text="y")
    with pytest.raises(NotAllowed, match="Only who began"):
        confirm_message(actor=other, message_id=draft.pk, seen=str(draft.audit_id))
    with pytest.raises(NotVisible):
        discard_message(actor=cast.actor("outsider"), message_id=draft.pk)


@pytest.mark.django_db
def test_exactly_what_was_shown_is_confirmed_and_once(cast: Cast) -> None:
    draft = make_draft(cast.granter, cast.account, IDS)
    shown = str(draft.audit_id)
    actor = cast.actor("granter")
    newer = write_message(actor=actor, message=draft, subject="Other", text=TEXT)
    with pytest.raises(Conflict):
        confirm_message(actor=actor, message_id=draft.pk, seen=shown)
    with pytest.raises(Conflict):  # somebody wrote since
        write_message(actor=actor, message=draft, subject="Third", text=TEXT)
    confirm_message(actor=actor, message_id=draft.pk, seen=str(newer.audit_id))
    with pytest.raises(Conflict, match="no draft"):
        confirm_message(actor=actor, message_id=draft.pk, seen=str(newer.audit_id))
    with pytest.raises(Conflict, match="no draft"):
        discard_message(actor=actor, message_id=draft.pk)


@pytest.mark.django_db
def test_a_draft_without_text_is_not_sent_and_a_discarded_one_never(cast: Cast) -> None:
    actor = cast.actor("granter")
    draft = draft_message(actor=actor, account=cast.account, recipients=from_ids(content=IDS[0].encode()))
    with pytest.raises(ActionError, match="no text"):
        confirm_message(actor=actor, message_id=draft.pk, seen=str(draft.audit_id))
    discard_message(actor=actor, message_id=draft.pk)
    discard_message(actor=actor, message_id=draft.pk)
    draft.refresh_from_db()
    assert (draft.state, draft.cancelled, states_of(draft)) == ("discarded", 1, {"cancelled": 1})
    assert claim_recipients(actor=Actor.system("t"), message_id=draft.pk) is None


@pytest.mark.django_db
def test_a_draft_that_nobody_touched_is_discarded_by_the_night(cast: Cast) -> None:
    old, written = (make_draft(cast.granter, cast.account, [one]) for one in IDS)
    sent = make_message(cast.granter, cast.account, [IDS[0]])
    week = timedelta(days=7)
    with time_machine.travel(timezone.now() + timedelta(days=6)):
        written = write_message(actor=cast.actor("granter"), message=written, subject=SUBJECT, text="Later.")
    with time_machine.travel(timezone.now() + week + timedelta(hours=1)), new_entries() as entries:
        prune()
        prune()
    assert [(one.action, one.actor_label, one.target_id) for one in entries] == [
        ("message.discarded", "prune", str(old.pk))
    ]
    for one in (old, written, sent):
        one.refresh_from_db()
    assert (old.state, old.subject, old.text, states_of(old)) == ("discarded", "", "", {"cancelled": 1})
    assert (written.state, written.text, sent.state, sent.text) == ("draft", "Later.", "running", TEXT)


@pytest.mark.django_db
def test_in_production_a_study_is_named_and_a_pi_of_it_decides(second: Second, rung: list[Any]) -> None:
    draft = make_draft(second.granter, second.account, IDS, study=second.study)
    with pytest.raises(ActionError) as refused:
        write_message(actor=second.granter.as_actor(), message=draft, subject="x", text="y", study=None)
    assert refused.value.code == "no_study"
    message = confirm_message(actor=second.granter.as_actor(), message_id=draft.pk, seen=str(draft.audit_id))
    assert (message.state, rung) == ("approval", [(MAIL,)])
    assert claim_recipients(actor=Actor.system("t"), message_id=message.pk) is None
    assert list(messages_waiting_for(second.pi.as_actor())) == [message]
    assert not messages_waiting_for(second.granter.as_actor())
    for person in (second.granter, another_pi()):
        with pytest.raises(NotAllowed):
            decide_message(actor=person.as_actor(), message_id=message.pk, approve=True)
    with new_entries() as entries:
        decide_message(actor=second.pi.as_actor(), message_id=message.pk, approve=True, words="Go.")
    message.refresh_from_db()
    assert (message.state, message.decided_by) == ("running", second.pi)
    assert rung == [(MAIL,), (SEND_MESSAGE, str(message.pk)), (MAIL,)]
    assert (entries.only.action, payload_of(entries.only)) == ("message.approval.granted", {"words": "Go."})


@pytest.mark.django_db
def test_what_is_sent_back_or_withdrawn_is_never_sent(second: Second, rung: list[Any]) -> None:
    pi, asker = second.pi.as_actor(), second.granter.as_actor()
    back = make_message(second.granter, second.account, IDS, study=second.study)
    with pytest.raises(ActionError, match="Say why"):
        decide_message(actor=pi, message_id=back.pk, approve=False)
    decide_message(actor=pi, message_id=back.pk, approve=False, words="Too long.")
    taken = make_message(second.granter, second.account, IDS, study=second.study)
    with pytest.raises(NotAllowed):
        withdraw_message(actor=pi, message_id=taken.pk)
    withdraw_message(actor=asker, message_id=taken.pk)
    for message, state in ((back, "declined"), (taken, "recalled")):
        message.refresh_from_db()
        assert (message.state, states_of(message), message.planned) == (state, {"cancelled": 2}, 0)
        assert claim_recipients(actor=Actor.system("t"), message_id=message.pk) is None
        with pytest.raises(Conflict):
            decide_message(actor=pi, message_id=message.pk, approve=True)
    assert set(rung) == {(MAIL,)}
    declined, withdrawn = newest("message.approval.declined"), newest("message.approval.withdrawn")
    assert (declined.actor_id, payload_of(declined)) == (str(second.pi.pk), {"words": "Too long."})
    assert (withdrawn.actor_id, payload_of(withdrawn)) == (str(second.granter.pk), {})
    assert (declined.target_id, withdrawn.target_id) == (str(back.pk), str(taken.pk))


@pytest.mark.django_db
def test_nobody_but_the_writer_could_approve_and_it_is_said_before(second: Second) -> None:
    draft = make_draft(second.granter, second.account, IDS, study=second.study)
    for role in RoleAssignment.objects.filter(user=second.pi, ended_at=None):
        end_role(actor=second_manager(second), assignment=role)
    with pytest.raises(ActionError, match="no other PI"):
        confirm_message(actor=second.granter.as_actor(), message_id=draft.pk, seen=str(draft.audit_id))
    draft.refresh_from_db()
    assert draft.state == "draft"


def second_manager(second: Second) -> Actor:
    return User.objects.get(username="manager").as_actor()


@pytest.mark.django_db
def test_t_a20_the_start_of_each_mail_names_who_approved(second: Second) -> None:
    message = make_message(second.granter, second.account, IDS, study=second.study)
    decide_message(actor=second.pi.as_actor(), message_id=message.pk, approve=True)
    with new_entries() as entries:
        assert claim_recipients(actor=Actor.system("t"), message_id=message.pk) is not None
    assert {one.content["approved_by"]["id"] for one in entries} == {str(second.pi.pk)}


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["writer", "approver"])
def test_a_right_that_was_lost_meanwhile_stops_the_message(second: Second, who: str) -> None:
    message = make_message(second.granter, second.account, IDS, study=second.study)
    decide_message(actor=second.pi.as_actor(), message_id=message.pk, approve=True)
    person = second.granter if who == "writer" else second.pi
    for role in RoleAssignment.objects.filter(user=person, ended_at=None):
        end_role(actor=second_manager(second), assignment=role)
    assert claim_recipients(actor=Actor.system("t"), message_id=message.pk) is None
    message.refresh_from_db()
    assert (message.state, states_of(message)) == ("stopped", {"cancelled": 2})


@pytest.mark.django_db
def test_stopping_gives_up_the_rest_and_who_may_not_cannot(cast: Cast) -> None:
    message = make_message(cast.granter, cast.account, worker_ids(101))
    hand = claim_recipients(actor=Actor.system("t"), message_id=message.pk)
    assert hand is not None
    assert len(hand.workers) == 100
    with pytest.raises(NotAllowed):
        stop_message(actor=cast.actor("viewer"), message_id=message.pk)
    stop_message(actor=cast.actor("pi"), message_id=message.pk)
    stop_message(actor=cast.actor("pi"), message_id=message.pk)
    assert states_of(message) == {"sending": 100, "cancelled": 1}
    message.refresh_from_db()
    assert (message.state, message.finished_at) == ("stopped", None)  # a call is in hand
    told = AuditEntry.objects.get(action="message.stopped")  # once, though it was said twice
    assert (told.actor_id, told.changes["given_up"]) == (str(cast.pi.pk), [None, 1])
    with pytest.raises(Conflict):
        retry_message(actor=cast.actor("granter"), message_id=message.pk)


@pytest.mark.django_db
def test_an_erased_worker_is_not_written_to_and_the_text_loses_the_name(cast: Cast) -> None:
    message = make_message(cast.granter, cast.account, IDS, text=f"Dear {IDS[0]}, come.", study=cast.study)
    worker = Worker.objects.get(worker_id=IDS[0])
    asked = request_erasure(actor=cast.actor("granter"), worker=worker, reason="They asked.")
    approve_erasure(actor=cast.actor("manager"), erasure_id=asked.pk)
    message.refresh_from_db()
    assert message.text == "Dear [erased worker], come."
    confirmed = AuditEntry.objects.get(action="message.confirmed")
    assert payload_of(confirmed) == {}
    hand = claim_recipients(actor=Actor.system("t"), message_id=message.pk)
    assert hand is not None
    assert list(hand.workers) == [IDS[1]]
    assert message.recipients.get(worker=worker).code == "erased"
    # Pasted again, the id is left out and it is said.
    found = from_ids(content="\n".join(IDS).encode())
    assert (found.count, found.notes) == (1, ["1 worker was erased and cannot be mailed."])


@pytest.mark.django_db
def test_after_a_restore_nothing_that_may_have_been_sent_is_sent(cast: Cast) -> None:
    message = make_message(cast.granter, cast.account, IDS)
    draft = make_draft(cast.granter, cast.account, IDS)
    mark_restored(
        actor=Actor.system("restore"),
        taken_at=message.created_at,
        sha256="0" * 64,
        entries=1,
        root="",
        put_aside="",
    )
    for one in (message, draft):
        one.refresh_from_db()
        assert (one.state, one.unknown, states_of(one)) == ("stopped", 2, {"unknown": 2})


@pytest.mark.django_db
def test_unknown_ones_are_only_written_to_by_another_message(cast: Cast) -> None:
    message = make_message(cast.granter, cast.account, IDS)
    hand = claim_recipients(actor=Actor.system("t"), message_id=message.pk)
    assert hand is not None
    later = message.created_at.replace(year=message.created_at.year + 1)
    expire_mail_leases(actor=Actor.system("t"), now=later)
    message.refresh_from_db()
    assert (message.state, message.unknown) == ("finished", 2)
    told = AuditEntry.objects.filter(action="message.mail.unknown")
    assert set(told.values_list("outcome", "subject")) == {
        ("unknown", one) for one in message.recipients.values_list("worker", flat=True)
    }
    with pytest.raises(Conflict, match="Nobody is left"):
        retry_message(actor=cast.actor("granter"), message_id=message.pk)
    found = from_message(actor=cast.actor("granter"), account=cast.account, message_id=message.pk)
    assert len(found.workers) == 2
    assert "may read this twice" in found.notes[0]


@pytest.mark.django_db
def test_a_message_that_is_not_there_is_not_there(cast: Cast) -> None:
    with pytest.raises(NotVisible):
        stop_message(actor=cast.actor("granter"), message_id=uuid.uuid4())
