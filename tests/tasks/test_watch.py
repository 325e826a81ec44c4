"""Mails to managers about the service itself: one for each happening, and none that says too much."""

import smtplib
import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMessage
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditCheckpoint
from qualadmin.audit.types import Context, Target
from qualadmin.core.actions.accounts import pause_account, resume_account
from qualadmin.core.actor import Actor
from qualadmin.core.management.commands import audit_seal
from qualadmin.core.models import Alarm
from qualadmin.core.vitals import Disk
from qualadmin.tasks.sealer import Sealing
from qualadmin.tasks.watch import look_around
from tests.factories import RoleFactory
from tests.people import Cast
from tests.vital_signs import beat, due_change, looked_at

pytestmark = pytest.mark.django_db
WELL = Disk(total=100 * 2**30, free=40 * 2**30)
CAUSE = "Amazon gave no clear answers three times within an hour."


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr("qualadmin.core.vitals.read_disk", lambda: WELL)
    settings.SITE_URL = "https://qualadmin.lab.example.org/"


def subjects() -> list[str]:
    return [one.subject.partition("] ")[2] for one in mail.outbox]


def in_(minutes: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes))


def look_for(minutes: int) -> None:
    """The task cluster beats, and looks every minute."""
    for minute in range(minutes):
        with in_(minute):
            beat()
            look_around()


def test_all_is_well_and_nobody_is_told(cast: Cast) -> None:
    look_for(2)
    assert mail.outbox == []
    assert not Alarm.objects.exists()


def test_an_account_that_the_service_paused_is_one_mail_to_every_manager(cast: Cast) -> None:
    RoleFactory(user=cast.pi, role="manager")
    pause_account(actor=Actor.system("drain"), account=cast.account, cause=CAUSE)
    look_for(30)
    assert sorted(one.to[0] for one in mail.outbox) == sorted([cast.manager.email, cast.pi.email])
    assert set(subjects()) == {"“Practice lab” is paused"}
    body = str(mail.outbox[0].body)
    assert f"{CAUSE} Nothing is sent for it; what is planned waits." in body
    assert "https://qualadmin.lab.example.org/service/\n" in body

    mail.outbox.clear()
    resume_account(actor=cast.actor("manager"), account=cast.account)
    look_for(1)
    assert mail.outbox == []
    pause_account(actor=Actor.system("drain"), account=cast.account, cause=CAUSE)
    look_for(2)
    assert len(mail.outbox) == 2, "another pause is another happening"


def test_who_paused_it_by_hand_needs_no_mail(cast: Cast) -> None:
    pause_account(actor=cast.actor("manager"), account=cast.account, cause="We look at the bill first.")
    look_for(2)
    assert mail.outbox == []


def test_no_cluster_while_changes_wait(cast: Cast) -> None:
    """Found by the sealer, which looks as well; a restart within three minutes is no news."""
    beat()
    due_change(cast, timedelta(minutes=5))
    with in_(2):
        look_around()
    assert mail.outbox == []
    for minutes in (4, 5, 90):
        with in_(minutes):
            look_around()
    assert subjects() == ["No task cluster is running"]


class Once(threading.Event):
    """Ends a loop after its first round."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


@pytest.mark.django_db(transaction=True)  # each round begins with a new connection
def test_the_sealer_tells_of_a_dead_cluster(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_seal, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(Sealing, "round", lambda self: 0)
    beat(ago=timedelta(hours=1))
    due_change(cast, timedelta(minutes=50))
    audit_seal.Command()._watch(Sealing([]), Once())
    assert subjects() == ["No task cluster is running"]


def test_no_cluster_and_nothing_to_do_can_wait(cast: Cast) -> None:
    beat(ago=timedelta(days=2))
    look_around()
    assert mail.outbox == []


def test_a_cluster_that_beats_and_does_not_send(cast: Cast) -> None:
    change = due_change(cast, timedelta(minutes=40))
    looked_at(change, timedelta(minutes=10))
    look_for(2)
    assert mail.outbox == []
    with in_(7):
        beat()
        look_around()
    assert subjects() == ["Changes of “Practice lab” are not sent"]


def test_the_disk_is_told_of_again_only_after_it_was_well_for_an_hour(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def free(share: float) -> None:
        monkeypatch.setattr("qualadmin.core.vitals.read_disk", lambda: Disk(WELL.total, int(share * WELL.total)))

    for minute, share in ((0, 0.09), (1, 0.11), (2, 0.09), (30, 0.11), (50, 0.09)):
        free(share)
        with in_(minute):
            beat()
            look_around()
    assert [one.startswith("The disk is nearly full (") for one in subjects()] == [True]
    free(0.5)
    with in_(120):
        beat()
        look_around()
    free(0.05)
    with in_(121):
        beat()
        look_around()
    assert len(mail.outbox) == 2


@pytest.mark.parametrize(("kind", "told"), [("user", 1), ("system", 0)])
def test_a_verification_that_found_something(cast: Cast, kind: str, told: int) -> None:
    """The nightly one sends its own mail, with what it found."""
    context = cast.actor("pi").context if kind == "user" else Context.system("nightly verification")
    audit.record_now(context, "audit.verified", outcome="failed")
    look_for(3)
    assert subjects() == ["The audit log is not as it should be"] * told


def test_no_checkpoint_published_for_a_day(cast: Cast, settings: Any) -> None:
    settings.AUDIT_PLACES = ["/elsewhere"]
    AuditCheckpoint.objects.create(size=1, root=bytes(32), note="note", sealed_at=timezone.now())
    with in_(60 * 25):
        beat()
        look_around()
    assert mail.outbox == []
    published = timezone.now()
    audit.record_now(
        Context.system("sealer"),
        "audit.checkpoint.published",
        target=Target("checkpoint", "1", "Checkpoint of 1 entries"),
        changes={"place": [None, "/elsewhere"]},
    )
    with time_machine.travel(published + timedelta(hours=25)):
        beat()
        look_around()
    assert mail.outbox == []
    for hours in (27, 28):
        with time_machine.travel(published + timedelta(hours=hours)):
            beat()
            look_around()
    assert subjects() == ["No checkpoint of the audit log was published for a day"]


def test_a_mail_server_that_fails_is_tried_again_in_a_quarter_of_an_hour(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[EmailMessage] = []

    def fail(self: EmailMessage, fail_silently: bool = False) -> int:
        tries.append(self)
        raise smtplib.SMTPServerDisconnected

    pause_account(actor=Actor.system("drain"), account=cast.account, cause=CAUSE)
    with monkeypatch.context() as broken:
        broken.setattr(EmailMessage, "send", fail)
        look_for(14)
    assert len(tries) == 1
    for minute in (16, 17, 32):
        with in_(minute):
            beat()
            look_around()
    assert len(mail.outbox) == 1


def test_no_worker_id_and_no_key_leaves_by_mail(cast: Cast) -> None:
    pause_account(
        actor=Actor.system("drain"), account=cast.account, cause="No A1MADEUPWORKER with AKIAIOSFODNN7EXAMPLE."
    )
    look_for(1)
    (one,) = mail.outbox
    assert "A1MADEUPWORKER" not in str(one.body) + one.subject
    assert "AKIAIOSFODNN7EXAMPLE" not in str(one.body)
