"""The command line: the same rights, checks and entries as on the pages, and exit codes that scripts can trust."""

import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.cli import changing
from qualadmin.cli.arguments import Words, add_words
from qualadmin.cli.printing import Code
from qualadmin.cli.running import WORDS
from qualadmin.core.models import Change, Job, Preview, QualificationRequest, QualificationType
from tests.cli.calling import command
from tests.entries import new_entries
from tests.factories import (
    QualificationFactory,
    RequestFactory,
    WorkerFactory,
)
from tests.people import Cast
from tests.tasks.cluster_process import ROOT

pytestmark = pytest.mark.django_db
ONE, TWO = "A1GOODWORKER01", "A2GOODWORKER02"


def end_all(state: str) -> None:
    """As if Amazon had answered everything so."""
    count = Change.objects.count()
    numbers = {"planned": 0, state: count}
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("job.finished")
        Change.objects.update(state=state, audit_id=entry)
        Job.objects.update(state="finished", audit_id=entry, **numbers)


def test_granting_is_a_job_of_the_person_named_and_the_log_says_by_whom_at_the_shell(
    cast: Cast, wave: QualificationType
) -> None:
    with new_entries() as entries:
        found = command("grant", "--type", "Wave 7", "--score", "7", "--reason", "Took part", ONE, TWO)
    job = Job.objects.get()
    assert (found.code, found.out) == (Code.DONE, f"Job {job.pk}: running, 2 left.\n")
    assert (job.created_by, job.reason, job.notify, job.total) == (cast.granter, "Took part", False, 2)
    assert set(Change.objects.values_list("value", flat=True)) == {7}
    made = next(one for one in entries if one.action == "job.created")
    auth = made.content["actor"]["auth"]
    assert (made.actor_id, auth["method"]) == (str(cast.granter.pk), "command line")
    assert auth["system_user"]
    assert ONE.encode() not in b"".join(bytes(one.core) for one in entries)


def test_a_dry_run_shows_every_fault_and_leaves_nothing(wave: QualificationType, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"WorkerId,Score\n{ONE},5\nnobody,6\n{TWO},7\n")
    found = command("grant", "--type", "3WAVE7", "--file", str(path), "--dry-run")
    assert found.code == Code.PROBLEMS
    assert "2 new, 1 cannot be done" in found.out
    assert "line 3: nobody:" in found.out
    found = command("grant", "--type", "3WAVE7", "--file", str(path), "--dry-run", "--skip-problems", "--json")
    assert found.code == Code.DONE
    assert json.loads(found.out)["changes"] == 2
    assert not Job.objects.exists()
    assert set(Preview.objects.values_list("state", flat=True)) == {"discarded"}


def test_with_faults_nothing_is_done_unless_they_are_to_be_left_out(
    wave: QualificationType, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"WorkerId,Score\n{ONE},5\nnobody,6\n")
    words = ("grant", "--type", "3WAVE7", "--file", str(path))
    assert (command(*words).code, Job.objects.count()) == (Code.PROBLEMS, 0)
    assert (command(*words, "--skip-problems").code, Job.objects.count()) == (Code.DONE, 1)


def test_from_standard_input_and_again(wave: QualificationType, monkeypatch: pytest.MonkeyPatch) -> None:
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id=ONE), value=7)
    words = ("--type", "3WAVE7", "--file", "-", "--json")
    for word, code, jobs in (("grant", Code.DONE, 0), ("revoke", Code.DONE, 1)):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(f"{ONE}\n".encode())))
        score = ("--score", "7") if word == "grant" else ()
        found = command(word, *words, *score)
        assert (found.code, Job.objects.count()) == (code, jobs)
        json.loads(found.out)


def test_waiting_tells_how_it_ended(wave: QualificationType, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = ("grant", "--type", "3WAVE7", "--wait", "--timeout")
    assert command(*grant, "0", ONE).code == Code.TIME_OVER
    monkeypatch.setattr(changing.time, "sleep", lambda _: end_all("done"))
    found = command(*grant, "60", TWO)
    assert (found.code, "finished, 2 done" in found.out) == (Code.DONE, True)
    assert "1 of 1" in found.err or "#" in found.err
    monkeypatch.setattr(changing.time, "sleep", lambda _: end_all("failed"))
    assert command(*grant, "60", "A3GOODWORKER03").code == Code.INCOMPLETE


@pytest.mark.parametrize("who", ["pi", "manager", "viewer"])
def test_who_may_not_on_the_pages_may_not_here(wave: QualificationType, who: str) -> None:
    with new_entries() as entries:
        found = command("grant", "--type", "3WAVE7", "--json", ONE, person=who)
    assert found.code == Code.REFUSED
    assert json.loads(found.out)["error"]["code"] == "needs_grant"
    assert "Your role does not allow this" in found.err
    assert entries.only.action == "access.denied"
    assert not Job.objects.exists()


def test_nobody_who_could_not_sign_in(cast: Cast, wave: QualificationType) -> None:
    assert command("types", person="nobody").code == Code.REFUSED
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("user.deactivated")
        type(cast.granter).objects.filter(pk=cast.granter.pk).update(is_active=False, audit_id=entry)
    found = command("grant", "--type", "3WAVE7", ONE)
    assert (found.code, "was closed" in found.err) == (Code.REFUSED, True)


def test_types_workers_jobs_and_the_log_are_listed(cast: Cast, wave: QualificationType) -> None:
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id=ONE), value=7)
    assert "3WAVE7" in command("types", "Wave").out
    assert ONE in command("workers", "--type", "Wave 7").out
    found = command("workers", "--type", "Wave 7", person="viewer")
    assert (found.code, ONE in found.out + found.err) == (Code.REFUSED, False)
    command("grant", "--type", "3WAVE7", "--score", "9", TWO)
    job = Job.objects.get()
    rows = [json.loads(line) for line in command("jobs", "--json").out.splitlines()]
    assert [row["id"] for row in rows] == [str(job.pk)]
    assert command("jobs", str(job.pk), "--pause").out == f"Job {job.pk}: paused, 1 left.\n"
    assert command("jobs", str(job.pk), "--stop").out == f"Job {job.pk}: stopped, 1 not done.\n"
    assert command("jobs", str(job.pk), "--resume").code == Code.REFUSED
    log = command("audit", "action:job.created", "--limit", "5", person="manager")
    assert (log.code, len(log.out.splitlines())) == (Code.DONE, 2)
    assert TWO not in log.out
    fault = command("audit", "nonsense:x", person="manager")
    assert (fault.code, "nonsense" in fault.err) == (Code.REFUSED, True)


def test_the_log_is_verified_and_taken_away(cast: Cast, tmp_path: Path) -> None:
    found = command("audit", "--verify", "--json", person="manager")
    assert (found.code, json.loads(found.out)["result"]) in {
        (Code.DONE, "unbroken"),
        (Code.INCOMPLETE, "incomplete"),
    }
    path = tmp_path / "log.csv"
    found = command("audit", "--export", "csv", "--out", str(path), "--json", person="manager")
    assert found.code == Code.DONE
    assert json.loads(found.out)["bytes"] == len(path.read_bytes())
    assert command("audit", "--export", "csv", "--out", str(path), person="manager").code == Code.REFUSED


def test_requests_are_listed_and_answered(cast: Cast, wave: QualificationType) -> None:
    asked: QualificationRequest = RequestFactory(type=wave, worker=WorkerFactory(worker_id=ONE))
    found = command("requests")
    assert (str(asked.pk) in found.out, ONE in found.out) == (True, True)
    assert ONE not in command("requests", person="viewer").out
    assert command("requests", "nonsense", "--accept").code == Code.REFUSED
    assert command("requests", str(asked.pk), "--accept", "--score", "7").code == Code.DONE
    change = Change.objects.get()
    assert (change.verb, change.value, change.request) == ("accept", 7, asked)


def test_every_word_is_there_and_a_wrong_one_ends_with_its_code() -> None:
    assert set(WORDS) == {"grant", "revoke", "types", "workers", "jobs", "requests", "audit"}
    done = subprocess.run(
        [sys.executable, "manage.py", "qualadmin", "grant", "--as", "mira"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={"QUALADMIN_MODE": "test", "DJANGO_SETTINGS_MODULE": "tests.settings", "QUALADMIN_NO_BOOTSTRAP": "1"},
    )  # fmt: skip
    assert done.returncode == Code.USAGE
    assert "--type" in done.stderr


def test_the_documents_name_every_code_word_and_option() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text()
    for one in Code:
        assert f"| {one.value} |" in text
    for word in WORDS:
        assert f"`{word}" in text
    parser = Words()
    add_words(parser)
    words = next(one for one in parser._actions if isinstance(one.choices, dict))
    options = {
        option for one in words.choices.values() for each in one._actions for option in each.option_strings[-1:]
    }
    assert {option for option in options if option not in text} == set()
