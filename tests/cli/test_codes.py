"""Exit codes that scripts can trust: none says “nothing was done” where something was, or may have been."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from qualadmin.cli import changing, reading, running
from qualadmin.cli.printing import Code, Printer
from qualadmin.cli.running import run
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import Change, Job, QualificationRequest, QualificationType, RequesterAccount
from tests.cli.calling import command, options_of
from tests.factories import (
    InvestigatorFactory,
    QualificationFactory,
    RequestFactory,
    RoleFactory,
    TypeFactory,
    UserFactory,
    WorkerFactory,
)
from tests.people import Cast

pytestmark = pytest.mark.django_db
ONE = "A1GOODWORKER01"


@pytest.fixture
def real(cast: Cast, production_account: RequesterAccount) -> QualificationType:
    """A type that reaches real workers, in whose study somebody may approve. One worker holds it with 9."""
    chosen: QualificationType = TypeFactory(account=production_account, mturk_id="3WAVE7")
    other = UserFactory()
    RoleFactory(user=other, role="pi", can_production=True)
    InvestigatorFactory(study=cast.study, user=other)
    QualificationFactory(type=chosen, worker=WorkerFactory(worker_id=ONE), value=9)
    return chosen


def refused_then_waiting(cast: Cast, *words: str) -> None:
    """Without --ask-for-approval nothing happens and 1; with it 5, and both say so to people and to scripts."""
    words = (*words, "--study", cast.study.slug)
    found = command(*words, "--json")
    error = json.loads(found.out)["error"]
    assert (found.code, error["code"], Job.objects.count()) == (Code.REFUSED, "approval_required", 0)
    assert "Nothing was done. Add --ask-for-approval" in error["message"]
    assert error["message"] in found.err
    found = command(*words, "--ask-for-approval", "--wait", "--json")
    job = json.loads(found.out)
    assert (found.code, job["state"], job["progress"]["left"]) == (Code.APPROVAL, "waiting", 1)
    assert len(job["approval"]) == 1
    assert "Nothing of it is sent until a PI of its study approves it. It " in found.err
    # whoever looks later learns the same
    found = command("jobs", job["id"])
    assert (found.code, found.out) == (Code.APPROVAL, f"Job {job['id']}: waits for approval, 1 left.\n")
    assert job["approval"][0] in found.err


def test_a_grant_that_somebody_must_approve(cast: Cast, real: QualificationType) -> None:
    refused_then_waiting(cast, "grant", "--type", "3WAVE7", "--score", "3", ONE)


def test_a_revoke_that_somebody_must_approve(cast: Cast, real: QualificationType) -> None:
    refused_then_waiting(cast, "revoke", "--type", "3WAVE7", "--reason-for-worker", "Thank you", ONE)


def test_accepting_a_request_that_somebody_must_approve(cast: Cast, real: QualificationType) -> None:
    asked: QualificationRequest = RequestFactory(type=real, worker__worker_id="A2GOODWORKER02")
    QualificationFactory(type=real, worker=asked.worker, value=9)
    refused_then_waiting(cast, "requests", str(asked.pk), "--accept", "--score", "3")


def test_rejecting_a_request_that_somebody_must_approve(
    cast: Cast, real: QualificationType, settings: Any
) -> None:
    settings.APPROVAL_WORKERS = 0
    asked = RequestFactory(type=real, worker__worker_id="A2GOODWORKER02")
    refused_then_waiting(cast, "requests", str(asked.pk), "--reject", "--reason-for-worker", "Come back later")


def test_where_nobody_could_approve_it_does_not_wait_for_ever(
    cast: Cast, production_account: RequesterAccount
) -> None:
    TypeFactory(account=production_account, mturk_id="3WAVE7")
    words = ("grant", "--type", "3WAVE7", "--notify", "--study", cast.study.slug, "--ask-for-approval", ONE)
    found = command(*words, "--json")
    assert (found.code, json.loads(found.out)["error"]["code"]) == (Code.REFUSED, "nobody_approves")
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("grant", "--type", "3WAVE7"), "Give worker IDs"),
        (("grant", "--type", "3WAVE7", "--file", "x.csv", ONE), "Give worker IDs"),
        (("grant", "--type", "3WAVE7", "--file", ""), "Give worker IDs"),  # an empty variable of a script
        (("jobs", "--stop"), "Name the job"),
        (("jobs", ""), "Name the job"),
        (("jobs", "", "--pause"), "Name the job"),
        (("jobs", "--wait"), "Name the job"),
        (("requests", "--accept"), "Name the request"),
        (("requests", "", "--reject"), "Name the request"),
        (("requests", ""), "Name the request"),
        (("requests", "--wait"), "Name the request"),
        (("requests", "x"), "Say --accept or --reject"),
        (("requests", "x", "--accept", "--reason-for-worker", "y"), "--reason-for-worker belongs to --reject"),
        (("requests", "x", "--reject", "--score", "5"), "--score belongs to --accept"),
        (("audit", "--export", "csv"), "--export and --out belong together"),
        (("audit", "--out", "log.csv"), "--export and --out belong together"),
    ],
)
def test_what_cannot_be_meant_is_not_taken_for_something_else(
    cast: Cast, wave: QualificationType, words: tuple[str, ...], said: str
) -> None:
    found = command(*words, "--json")
    assert (found.code, Job.objects.count()) == (Code.USAGE, 0)
    assert json.loads(found.out)["error"]["message"].startswith(said)


@pytest.mark.parametrize(
    "words",
    [
        ("jobs", "x", "--pause", "--stop"),
        ("requests", "x", "--accept", "--reject"),
        ("audit", "--verify", "--export", "csv"),
        ("types", "--limit", "-1"),
        ("types", "--limit", "x"),
        ("jobs", "x", "--wait", "--timeout", "nan"),
        ("jobs", "x", "--wait", "--timeout", "inf"),
        ("jobs", "x", "--wait", "--timeout", "-1"),
        ("grant", "--type", "x", "--score", "high", ONE),
        ("grant", ONE),
        ("nonsense",),
    ],
)
def test_what_is_not_understood_ends_with_2(words: tuple[str, ...], capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        options_of(*words)
    assert ended.value.code == Code.USAGE
    assert "Nothing was done." in capsys.readouterr().err


@pytest.mark.parametrize("fault", [OperationalError("gone"), NotVisible(), KeyboardInterrupt()])
def test_once_there_is_a_job_no_fault_of_looking_at_it_reads_as_nothing_done(
    wave: QualificationType, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    def broken(_: float) -> None:
        raise fault

    monkeypatch.setattr(changing.time, "sleep", broken)
    found = command("grant", "--type", "3WAVE7", "--wait", "--json", ONE)
    assert (found.code, json.loads(found.out)["state"]) == (Code.TIME_OVER, "running")
    assert found.err.count("\n") == 1
    assert Change.objects.count() == 1


@pytest.mark.parametrize("fault", [OperationalError("gone"), ZeroDivisionError("private words")])
def test_what_breaks_on_the_way_is_told_apart_from_a_refusal(
    wave: QualificationType, monkeypatch: pytest.MonkeyPatch, fault: Exception, caplog: Any
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(changing, "ask", broken)
    found = command("grant", "--type", "3WAVE7", "--json", ONE)
    assert found.code == Code.UNKNOWN
    assert "It is not known whether anything was done." in json.loads(found.out)["error"]["message"]
    assert "private words" not in found.out + found.err
    assert [record.name for record in caplog.records] == [running.__name__]


@pytest.mark.parametrize("words", [("grant", "--type", "3WAVE7", ONE), ("types",), ("types", "--json")])
def test_a_reader_that_went_away_changes_no_code(wave: QualificationType, words: tuple[str, ...]) -> None:
    """As in `manage.py qualadmin … | head`."""
    TypeFactory.create_batch(3, account=wave.account)
    reader, writer = os.pipe()
    os.close(reader)
    options = options_of(*words)
    with os.fdopen(writer, "w") as out:
        assert run(options, Printer(out, io.StringIO(), options["json"])) == Code.DONE
    assert Job.objects.count() == (words[0] == "grant")


def test_a_part_of_an_export_is_not_left_behind(cast: Cast, tmp_path: Path) -> None:
    def full() -> Any:
        yield b"a part"
        raise OSError(28, "No space left on device")

    path = tmp_path / "log.csv"
    with pytest.raises(OSError, match="No space"), path.open("xb") as file:
        reading._fill(file, full())
    assert not path.exists()
    found = command("audit", "--export", "csv", "--out", str(tmp_path / "nowhere" / "log.csv"), person="manager")
    assert (found.code, "cannot be written: No such file" in found.err) == (Code.REFUSED, True)


def test_who_waits_for_what_ended_learns_at_once_how(cast: Cast, wave: QualificationType) -> None:
    command("grant", "--type", "3WAVE7", ONE)
    job = Job.objects.get()
    assert command("jobs", str(job.pk), "--stop").code == Code.DONE
    assert command("jobs", str(job.pk), "--wait").code == Code.INCOMPLETE
    assert command("jobs", str(job.pk), "--withdraw").code == Code.REFUSED
