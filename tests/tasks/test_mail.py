"""Mails to our own people: what they hold, and what becomes of those that cannot be sent."""

import re
import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.utils import timezone
from time_machine import travel

from qualadmin.core.actions.approvals import approve_job, send_back_job
from qualadmin.core.actions.letters import TRIES, claim_letter, write_month_letters
from qualadmin.core.actions.message_control import decide_message, withdraw_message
from qualadmin.core.models import Job, Letter
from qualadmin.core.months import Month
from qualadmin.core.queue import MAIL
from qualadmin.tasks.mail import MONTH_DAYS, deliver, ring_for_letters, send, write_monthly
from tests.approving import Second
from tests.factories import InvestigatorFactory, StudyFactory
from tests.messages import SUBJECT, make_message
from tests.tasks.lists import worker_ids

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.SITE_URL = "https://qualadmin.lab.example.org/"


def later(letter: Letter) -> None:
    Letter.objects.filter(pk=letter.pk).update(due_at=timezone.now())


def test_the_approver_gets_a_link_and_nothing_about_workers(second: Second) -> None:
    job = second.waiting(2, reason=f"because of {worker_ids(1)[0]}")
    deliver()
    (sent,) = mail.outbox
    assert sent.to == [second.pi.email]
    assert sent.subject == "qualadmin: A job waits for your approval"
    assert sent.from_email == "qualadmin@127.0.0.1"
    assert f"\nhttps://qualadmin.lab.example.org/jobs/{job.pk}/\n" in sent.body
    assert "Granter Person asks for “Grant, 2 changes” in Real lab." in sent.body
    assert "ADRAIN" not in sent.body + sent.subject
    assert job.title not in sent.body
    letter = job.letters.get()
    assert (letter.state, letter.tries) == (Letter.State.SENT, 1)
    assert letter.sent_at is not None
    deliver()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("decides", "subject"),
    [(approve_job, "Your job was approved"), (send_back_job, "Your job was sent back")],
)
def test_who_asked_learns_the_decision_without_the_words(second: Second, decides: Any, subject: str) -> None:
    job = second.waiting(1)
    decides(actor=second.pi.as_actor(), job_id=job.pk, words="Not for ADRAIN0000000.")
    deliver()
    assert [one.subject for one in mail.outbox] == [
        "qualadmin: A job waits for your approval",
        f"qualadmin: {subject}",
    ]
    assert mail.outbox[1].to == [second.granter.email]
    assert "ADRAIN" not in str(mail.outbox[1].body)


def test_a_message_to_workers_is_told_of_like_a_job(second: Second) -> None:
    """Its PI gets a link, who wrote it the decision; neither holds subject, text or words."""
    message = make_message(
        second.granter, second.account, worker_ids(2), study=second.study, text="Dear ADRAINERS"
    )
    deliver()
    (asked,) = mail.outbox
    assert asked.to == [second.pi.email]
    assert asked.subject == "qualadmin: A message to workers waits for your approval"
    assert "Granter Person asks to e-mail 2 workers of Real lab." in asked.body
    assert f"\nhttps://qualadmin.lab.example.org/messages/{message.pk}/\n" in asked.body
    decide_message(actor=second.pi.as_actor(), message_id=message.pk, approve=False, words="Not ADRAIN0000000.")
    deliver()
    assert mail.outbox[1].to == [second.granter.email]
    assert mail.outbox[1].subject == "qualadmin: Your message to workers was sent back"
    again = make_message(second.granter, second.account, worker_ids(1), study=second.study)
    decide_message(actor=second.pi.as_actor(), message_id=again.pk, approve=True)
    withdrawn = make_message(second.granter, second.account, worker_ids(1), study=second.study)
    withdraw_message(actor=second.granter.as_actor(), message_id=withdrawn.pk)
    deliver()
    assert [one.subject.removeprefix("qualadmin: ") for one in mail.outbox[2:]] == [
        "A message to workers waits for your approval",
        "Your message to workers was approved",
        "A message to workers waits for your approval",
    ]
    for one in mail.outbox:
        assert not re.search(f"ADRAIN|{SUBJECT}", str(one.body) + one.subject)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConnectionRefusedError(), "the mail server could not be reached"),
        (TimeoutError(), "the mail server could not be reached"),
        (smtplib.SMTPRecipientsRefused({"pi@lab": (550, b"no")}), "the mail server does not know this address"),
        (smtplib.SMTPAuthenticationError(535, b"no"), "the mail server refused our password"),
        (smtplib.SMTPServerDisconnected(), "the mail server did not take it"),
    ],
)
def test_a_mail_server_that_fails_changes_nothing_but_the_letter(
    second: Second, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def fail(self: EmailMessage, fail_silently: bool = False) -> int:
        raise error

    monkeypatch.setattr(EmailMessage, "send", fail)
    job = second.waiting(1)
    deliver()
    letter = job.letters.get()
    assert (letter.state, letter.tries, letter.problem) == (Letter.State.WAITING, 1, says)
    assert letter.due_at > timezone.now() + timedelta(minutes=2)
    assert Job.objects.get(pk=job.pk).state == Job.State.WAITING
    for _ in range(TRIES - 1):
        later(letter)
        deliver()
    letter.refresh_from_db()
    assert (letter.state, letter.tries) == (Letter.State.FAILED, TRIES)
    later(letter)
    assert claim_letter(now=timezone.now()) is None


def test_a_mail_that_was_in_hand_when_the_process_died_is_sent_later(
    second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, ...]] = []
    monkeypatch.setattr("qualadmin.tasks.mail.ring", lambda *words: rung.append(words))
    second.waiting(1)
    now = timezone.now()
    letter = claim_letter(now=now)
    assert letter is not None
    assert claim_letter(now=now) is None  # in somebody's hands
    ring_for_letters()
    assert rung == []
    later(letter)
    ring_for_letters()
    assert rung == [(MAIL,)]
    deliver()
    assert len(mail.outbox) == 1


def test_a_name_with_a_line_break_does_not_reach_a_header(second: Second) -> None:
    job = second.waiting(1)
    letter = job.letters.select_related("to").get()
    letter.to.email = "pi@lab.example.org\nBcc: everybody@example.org"
    assert send(letter) == "the address cannot be written to"
    assert mail.outbox == []


def month_letters() -> list[Letter]:
    return list(Letter.objects.filter(kind=Letter.Kind.MONTH).order_by("pk"))


def test_pis_are_told_of_a_month_once_however_often_the_task_runs(second: Second) -> None:
    study = StudyFactory(title="Secret title", protocol_number="IRB-7")
    InvestigatorFactory(study=study, user=second.pi)
    old = Month.current().after
    with travel(old.end + timedelta(hours=6), tick=False):
        write_monthly()
        write_monthly()
        write_month_letters(month=old)
        deliver()
        deliver()
        (letter,) = [one for one in month_letters() if one.study_id == study.pk]
        assert (letter.month, letter.state) == (str(old), Letter.State.SENT)
    (sent,) = [one for one in mail.outbox if "IRB-7" in one.body]
    assert sent.to == [second.pi.email]
    assert sent.subject == "qualadmin: The monthly summary of a study"
    assert f"\nhttps://qualadmin.lab.example.org/audit/months/{study.pk}/{old}/\n" in sent.body
    assert f"{old.name} is over. Nothing happened: the audit log has no entry of it." in sent.body
    assert "Secret title" not in sent.body + sent.subject


def test_two_processes_at_the_same_moment_write_one_letter(second: Second) -> None:
    study = StudyFactory()
    InvestigatorFactory(study=study, user=second.pi)
    rows = {"study": study, "to": second.pi, "kind": Letter.Kind.MONTH, "month": "2026-10"}
    Letter.objects.create(due_at=timezone.now(), **rows)
    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.create(due_at=timezone.now(), **rows)
    Letter.objects.bulk_create([Letter(due_at=timezone.now(), **rows)], ignore_conflicts=True)
    assert Letter.objects.filter(**rows).count() == 1


def test_a_month_is_told_of_in_its_first_days_only(second: Second) -> None:
    InvestigatorFactory(study=StudyFactory(), user=second.pi)
    with travel(Month.current().after.begin + timedelta(days=MONTH_DAYS), tick=False):
        write_monthly()
    assert month_letters() == []


def test_closed_studies_and_those_that_came_later_are_left_out(second: Second) -> None:
    closed = StudyFactory(is_open=False)
    InvestigatorFactory(study=closed, user=second.pi)
    InvestigatorFactory(study=StudyFactory(), user=second.pi)
    write_month_letters(month=Month.current().before)
    assert month_letters() == []  # none of them was there
    write_month_letters(month=Month.current().after)
    assert closed.pk not in {one.study_id for one in month_letters()}
    assert len(month_letters()) >= 1


def test_without_mail_settings_nothing_is_written(second: Second, settings: Any) -> None:
    settings.EMAIL_ON = False
    InvestigatorFactory(study=StudyFactory(), user=second.pi)
    write_month_letters(month=Month.current())
    assert month_letters() == []
