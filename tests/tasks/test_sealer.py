"""The sealer's rounds: when it signs, that it publishes until it succeeds, and when it raises the alarm."""

import json
import stat
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit import testing
from qualadmin.audit.keys import KeyFault, read_public_keys, read_signing_keys
from qualadmin.audit.models import AuditCheckpoint, AuditEntry
from qualadmin.audit.notes import Note
from qualadmin.audit.types import Context
from qualadmin.core.actor import Actor
from qualadmin.offsite import Folder, Unreachable
from qualadmin.tasks.evidence import mail_checkpoint, mail_text, verify_log
from qualadmin.tasks.sealer import GOOD, REFUSED, STALE, Sealing, due
from qualadmin.web.audit_proof import receipt
from tests.audit.damage import sql
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)


class Stubborn(Folder):
    """A folder that can be out of reach."""

    down = False

    def put(self, size: int, note: str) -> None:
        if type(self).down:
            raise Unreachable(f"{self.path}: no answer")
        super().put(size, note)


@pytest.fixture
def folder(settings: Any, tmp_path: Path, cast: Cast) -> Iterator[Path]:
    """A key, a memory and a place of one's own."""
    settings.AUDIT_KEY_PATH = tmp_path / "key"
    settings.AUDIT_PUBLIC_KEYS_PATH = tmp_path / "key.pub"
    settings.AUDIT_STATE_PATH = tmp_path / "state.json"
    (tmp_path / "place").mkdir()
    settings.AUDIT_PLACES = [str(tmp_path / "place")]
    keygen()
    yield tmp_path
    Stubborn.down = False


def keygen(**options: Any) -> str:
    out = StringIO()
    call_command("audit_keygen", stdout=out, stderr=StringIO(), **options)
    return out.getvalue().strip()


def seal_once(**options: Any) -> int:
    with pytest.raises(SystemExit) as ended:
        call_command("audit_seal", once=True, **options)
    return int(str(ended.value.code))


def something_happens() -> None:
    audit.record_now(Context.system("test"), "system.migrated")


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))


def test_the_key_is_its_owners_alone_and_is_never_overwritten(folder: Path) -> None:
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert [str(key) for key in read_public_keys(folder / "key.pub")] == [
        str(read_signing_keys(folder / "key")[0].public)
    ]
    before = (folder / "key").read_bytes()
    with pytest.raises(CommandError, match="--rotate"):
        keygen()
    assert (folder / "key").read_bytes() == before
    (folder / "key").chmod(0o640)
    with pytest.raises(KeyFault, match="Others"):
        read_signing_keys(folder / "key")


def test_a_checkpoint_is_signed_published_and_written_down(folder: Path) -> None:
    assert seal_once() == GOOD
    checkpoint = AuditCheckpoint.objects.get()
    published = list((folder / "place").iterdir())
    assert [path.name for path in published] == [f"{checkpoint.size:020d}.note"]
    assert published[0].read_text() == checkpoint.note
    entry = AuditEntry.objects.get(action="audit.checkpoint.published")
    assert (entry.target_id, entry.changes["place"][1]) == (str(checkpoint.size), str(folder / "place"))


def test_it_signs_when_something_is_new_when_a_job_ends_and_once_a_day(folder: Path) -> None:
    sealing = Sealing([])
    sealing.round()
    assert not due()
    something_happens()
    assert not due()
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert due()
        sealing.round()
        assert not due()
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert due()
    something_happens()
    with testing.disable_guards():
        sql("UPDATE audit_entry SET action = 'job.finished' WHERE seq = (SELECT max(seq) FROM audit_entry)")
    assert due()


def test_f40_a_place_out_of_reach_is_tried_again_and_told_of_after_half_an_hour(folder: Path) -> None:
    now = 1_000_000.0
    sealing = Sealing([Stubborn(folder / "place")], clock=lambda: now)
    Stubborn.down = True
    assert sealing.round() == GOOD
    assert actions().count("audit.checkpoint.publish_failed") == 1
    now += 29 * 60
    something_happens()
    assert sealing.round(force=True) == GOOD
    assert mail.outbox == []
    now += 60
    assert sealing.round() == STALE
    assert sealing.round() == STALE
    assert len({message.subject for message in mail.outbox}) == 1  # told once
    assert actions().count("audit.checkpoint.publish_failed") == 1
    again = Sealing([Stubborn(folder / "place")], clock=lambda: now)  # a new process knows it too
    assert again.round() == STALE
    Stubborn.down = False
    assert again.round() == GOOD
    assert len(list((folder / "place").iterdir())) == AuditCheckpoint.objects.count() == 2


def test_k10_killed_between_publishing_and_noting_it_is_published_again_without_effect(folder: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(step: str) -> None:
        if step == "published":
            raise Killed

    place = Folder(folder / "place")
    with pytest.raises(Killed):
        Sealing([place], reached=kill).round()
    assert Sealing([place]).round() == GOOD
    assert actions().count("audit.checkpoint.published") == 1
    assert len(list((folder / "place").iterdir())) == 1


def test_a_rewritten_log_is_refused_aloud_once_mailed_and_written_down(folder: Path) -> None:
    sealing = Sealing([])
    sealing.round()
    something_happens()
    with testing.disable_guards():
        sql("UPDATE audit_entry SET actor_label = 'Eve' WHERE seq = (SELECT max(seq) FROM audit_entry)")
    assert sealing.round(force=True) == REFUSED
    assert sealing.round(force=True) == REFUSED
    assert actions().count("audit.checkpoint.refused") == 1
    assert len(mail.outbox) == 1
    assert "column_mismatch" in mail.outbox[0].body
    assert AuditCheckpoint.objects.count() == 1
    assert seal_once() == REFUSED


def test_f39_a_lost_memory_is_made_anew_from_a_published_note(folder: Path) -> None:
    seal_once()
    (folder / "state.json").unlink()
    assert seal_once() == REFUSED
    note = next((folder / "place").iterdir())
    assert seal_once(resume_from=str(note)) == GOOD
    assert AuditCheckpoint.objects.count() == 2


def test_t_a46_a_new_key_signs_beside_the_old_one_once_and_then_alone(folder: Path) -> None:
    seal_once()
    keygen(rotate=True)
    new = keygen(rotate=True)  # asked twice: still the same new key, and one entry
    assert actions().count("audit.key.rotated") == 1
    seal_once()
    seal_once()
    old_key, new_key = read_public_keys(folder / "key.pub")
    assert str(new_key) == new
    notes = [Note.from_text(one.note) for one in AuditCheckpoint.objects.order_by("size")]
    assert [note.signers([old_key, new_key]) for note in notes] == [[old_key], [old_key, new_key], [new_key]]
    assert len(read_signing_keys(folder / "key")) == 1
    turned = AuditCheckpoint.objects.order_by("size")[1].size
    told = mail_text(AuditCheckpoint.objects.order_by("size")[2])
    assert f"{old_key}\n  for checkpoints of 0 to {turned} entries\n" in told
    assert f"{new_key}\n  for checkpoints of {turned} entries and more\n" in told
    times = json.loads(receipt(Actor.system("test")))["key_times"]
    assert times == [
        {"key": str(old_key), "from_size": 0, "to_size": turned},
        {"key": str(new_key), "from_size": turned, "to_size": None},
    ]


def test_the_pis_get_the_newest_note_once_a_week(folder: Path) -> None:
    mail_checkpoint()
    assert mail.outbox == []  # nothing signed yet
    seal_once()
    mail_checkpoint()
    mail_checkpoint()
    addresses = [message.to for message in mail.outbox]
    assert addresses == [[cast_pi] for cast_pi in sorted(pi_addresses())]
    assert AuditCheckpoint.objects.get().note in mail.outbox[0].body
    assert str(read_public_keys(folder / "key.pub")[0]) in mail.outbox[0].body
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        mail_checkpoint()
    assert len(mail.outbox) == 2 * len(addresses)


def pi_addresses() -> set[str]:
    from qualadmin.core.permissions import Role
    from qualadmin.tasks.notices import addresses_of

    return set(addresses_of(Role.PI))


def test_the_nightly_verification_tells_managers_only_what_is_wrong(folder: Path) -> None:
    verify_log()
    assert mail.outbox == []
    with testing.disable_guards():
        sql("UPDATE audit_entry SET actor_label = 'Eve' WHERE seq = 1")
    verify_log()
    assert "column_mismatch #1" in mail.outbox[0].body
    assert actions().count("audit.verified") == 2


def test_a_place_that_is_none_is_a_usage_error(folder: Path, settings: Any) -> None:
    settings.AUDIT_PLACES = ["relative"]
    with pytest.raises(CommandError) as refused:
        call_command("audit_seal", once=True)
    assert refused.value.returncode == 3
