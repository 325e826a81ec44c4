"""Sending the mails that were written. They name a kind of news and a link, never a worker, a file or a title."""

import logging
import smtplib
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from qualadmin.core.actions.letters import (
    claim_letter,
    entries_of,
    letters_are_due,
    record_letter,
    write_month_letters,
)
from qualadmin.core.models import Job, Letter, Message
from qualadmin.core.months import Month
from qualadmin.core.queue import MAIL, ring

from . import heartbeat, stopping

logger = logging.getLogger(__name__)

SUBJECTS: Final = {
    Letter.Kind.ASKED: "A {what} waits for your approval",
    Letter.Kind.GRANTED: "Your {what} was approved",
    Letter.Kind.DECLINED: "Your {what} was sent back",
    Letter.Kind.MONTH: "The monthly summary of a study",
}
MONTH_DAYS: Final = 7  # how long a service that stood still on the first of the month makes up for it


def deliver() -> None:
    """Task: send what is due, one after the other. Running it at any time is harmless."""
    while not stopping.asked():
        letter = claim_letter(now=timezone.now())
        if letter is None:
            return
        record_letter(letter=letter, problem=send(letter))
        heartbeat.beat_now_and_then()


def ring_for_letters() -> None:
    """Ring again for letters whose doorbell was lost or that are to be tried again."""
    if letters_are_due(now=timezone.now()):
        ring(MAIL)


def write_monthly() -> None:
    """Task, every day: on the first of a month, or soon after, the PIs are told of the month before."""
    current = Month.current()
    if timezone.now() < current.begin + timedelta(days=MONTH_DAYS):
        write_month_letters(month=current.before)


def send(letter: Letter) -> str:
    """Hand the letter to the mail server. Returns "" if it was taken, else why not, in plain words."""
    subject = SUBJECTS[Letter.Kind(letter.kind)].format(what="message to workers" if letter.message else "job")
    message = EmailMessage(subject=f"qualadmin: {subject}", body=body_of(letter), to=[letter.to.email])
    try:
        message.send()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        # The server's own words may repeat the address; what kind of fault it was is enough.
        logger.warning("A mail (%s) could not be sent: %s", letter.kind, type(error).__name__)
        return _plain(error)
    return ""


def _plain(error: Exception) -> str:
    match error:
        case smtplib.SMTPRecipientsRefused():
            return "the mail server does not know this address"
        case smtplib.SMTPAuthenticationError():
            return "the mail server refused our password"
        case ValueError():
            return "the address cannot be written to"
        case smtplib.SMTPException():
            return "the mail server did not take it"
    return "the mail server could not be reached"


def body_of(letter: Letter) -> str:
    """The text, in plain lines."""
    if letter.job is not None:
        news, path = _news_of_job(letter, letter.job), reverse("job-detail", args=[letter.job.pk])
    elif letter.message is not None:
        news, path = (
            _news_of_message(letter, letter.message),
            reverse("message-detail", args=[letter.message.pk]),
        )
    else:
        news, path = _news_of_month(letter)
    link = settings.SITE_URL.rstrip("/") + path
    return f"{news}\n\n{link}\n\nThis mail was sent by qualadmin. Answers to it are read by nobody.\n"


def _news_of_job(letter: Letter, job: Job) -> str:
    changes = "1 change" if job.total == 1 else f"{job.total:,} changes"
    what = f"“{job.get_kind_display()}, {changes}” in {job.account.name}"
    return {
        Letter.Kind.ASKED: f"{job.created_by.full_name} asks for {what}. "
        "Nothing is sent to Amazon before a PI of the study has approved it.",
        Letter.Kind.GRANTED: f"A PI approved your job {what}. It runs now.",
        Letter.Kind.DECLINED: f"A PI sent your job {what} back. Nothing of it was sent. The page says why.",
    }[Letter.Kind(letter.kind)]


def _news_of_message(letter: Letter, message: Message) -> str:
    workers = "1 worker" if message.total == 1 else f"{message.total:,} workers"
    place = message.account.name
    return {
        Letter.Kind.ASKED: f"{message.created_by.full_name} asks to e-mail {workers} of {place}. "
        "Nobody is mailed before a PI of the study has approved it.",
        Letter.Kind.GRANTED: f"A PI approved your message to {workers} of {place}. It is sent now.",
        Letter.Kind.DECLINED: f"A PI sent your message to {workers} of {place} back. Nobody was mailed. "
        "The page says why.",
    }[Letter.Kind(letter.kind)]


def _news_of_month(letter: Letter) -> tuple[str, str]:
    """The text and the path of the page."""
    month = Month.parse(letter.month)
    if letter.study is None or month is None:
        raise ValueError(f"Letter {letter.pk} is about no month of a study.")
    number = letter.study.protocol_number
    which = (
        f"the study with the protocol number {number}" if number else "a study of yours without protocol number"
    )
    count = entries_of(letter.study, month).count()
    entries = "1 entry" if count == 1 else f"{count:,} entries"
    said = f"The audit log has {entries} of it" if count else "Nothing happened: the audit log has no entry of it"
    path = reverse("audit-month", args=[letter.study_id, month])
    return f"This is about {which}. {month.name} is over. {said}. The page below says who did what.", path
