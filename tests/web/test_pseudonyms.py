"""Pseudonyms on pages and in files: unlinkable from study to study, and the page that says whose one is."""

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, Who
from qualadmin.core.actions.people import give_role, invite_user
from qualadmin.core.models import Change, Job, User, Worker
from qualadmin.core.permissions import Role
from qualadmin.web.audit_roles import NO_ROLE
from qualadmin.web.signing_in import OWN
from tests.entries import new_entries
from tests.factories import PASSWORD, ChangeFactory
from tests.web.html import assert_valid_page
from tests.web.lab import WORKER_ID, Lab
from tests.web.lists import Someone, text_of, went_on

pytestmark = pytest.mark.django_db
WHY = "The worker asks to be taken out."


@pytest.fixture(autouse=True)
def nobody_slowed_down() -> None:
    cache.clear()


@pytest.fixture
def both(lab: Lab) -> tuple[str, str]:
    """The worker is in jobs of two studies. The pseudonyms of the two."""
    ChangeFactory(type=lab.type, worker=lab.worker, job=lab.other_job, state=Change.State.DONE, n=1)
    first, second = lab.worker.pseudonym_in(lab.job.stream), lab.worker.pseudonym_in(lab.other_job.stream)
    assert lab.job.stream != lab.other_job.stream
    assert first != second
    return first, second


@pytest.fixture
def pi(client: Client, lab: Lab) -> Someone:
    return Someone(client, lab.cast.pi, lab.cast.account)


def test_a_viewer_cannot_tell_that_two_studies_had_the_same_worker(lab: Lab, both: tuple[str, str]) -> None:
    viewer = Someone(Client(), lab.cast.viewer, lab.cast.account)
    pages = [viewer.get(f"/jobs/{job.pk}/").content.decode() for job in (lab.job, lab.other_job)]
    assert (both[0] in pages[0], both[1] in pages[0]) == (True, False)
    assert (both[0] in pages[1], both[1] in pages[1]) == (False, True)
    newest = viewer.get("/workers/").content.decode()  # this page spans studies: each line goes by its own
    assert both[0] in newest
    assert both[1] in newest
    for html in (*pages, newest):
        assert str(lab.worker.pk) not in html
        assert WORKER_ID not in html


def _noted(lab: Lab, *jobs: Job) -> None:
    with audit.transaction(lab.cast.actor("granter").context) as tx:
        for job in jobs:
            tx.record("worker.check.requested", stream=job.stream, subject=lab.worker.pk)


def test_files_of_the_log_name_a_worker_by_study(lab: Lab, both: tuple[str, str]) -> None:
    _noted(lab, lab.job, lab.other_job, lab.job)
    manager = Someone(Client(), lab.cast.manager, lab.cast.account)
    answer = manager.get("/audit/export.csv?action=worker.check.requested")
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["Worker"] for row in rows if row["Worker"]] == [both[0], both[1], both[0]]
    assert "IP address" not in rows[0]
    assert "127.0.0.1" not in content
    assert str(lab.worker.pk) not in content
    assert WORKER_ID not in content
    bundle = b"".join(manager.get("/audit/bundle.zip?action=worker.check.requested").streaming_content)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        named = [json.loads(line) for line in archive.read("subjects.jsonl").splitlines()]
        assert {(one["stream"], one["name"]) for one in named} == {
            (lab.job.stream, both[0]),
            (lab.other_job.stream, both[1]),
        }
        assert json.loads(archive.read("manifest.json"))["workers"] == 1
        assert both[1] in archive.read("report.html").decode()


def test_t_a72_a_file_without_names_has_no_worker_no_address_and_nobody_of_staff(
    lab: Lab, both: tuple[str, str]
) -> None:
    _noted(lab, lab.job, lab.other_job, lab.job)
    boss, granter = lab.cast.actor("manager"), lab.cast.granter
    newcomer = invite_user(actor=boss, username="nova", full_name="Nova Newcomer", email="nova@lab.example",
                           password="a long enough phrase")  # fmt: skip
    give_role(actor=boss, user=newcomer, role=Role.VIEWER)
    root = Context(actor=Who("cli", str(granter.pk), "os-account-of-somebody"))
    drain = Context(
        actor=Who("task", "drain", "drain"), on_behalf_of=Who("user", str(granter.pk), "Granter Person")
    )
    for context in (root, drain):
        audit.record_now(context, "worker.check.requested", stream=lab.job.stream, subject=lab.worker.pk)
    manager = Someone(Client(), lab.cast.manager, lab.cast.account)
    manager.get("/audit/")  # an entry with an IP address
    named = _text(manager.get("/audit/export.csv"))
    content = _text(manager.get("/audit/export-roles.csv"))
    for name in ("Nova Newcomer", "nova@lab.example", "Granter Person", "os-account-of-somebody"):
        assert name in named, name
    people = User.objects.values_list("full_name", "email")
    hidden = [WORKER_ID, str(lab.worker.pk), "127.0.0.1", "os-account-of-somebody", "nova", *sum(people, ())]
    assert [one for one in hidden if one and one in content] == []
    rows = [row for row in csv.DictReader(io.StringIO(content)) if row["Entry"]]
    checked = [row for row in rows if row["Action"] == "worker.check.requested"][:5]  # the newest
    assert [row["Worker"] for row in checked] == [both[0], both[0], both[0], both[1], both[0]]
    assert [row["Who"] for row in checked] == ["drain", "The command line", *["Granter"] * 3]
    assert [row["On behalf of"] for row in checked] == ["Granter", "", "", "", ""]
    added = next(row for row in rows if row["Action"] == "user.invited")  # the newest
    assert (added["Who"], added["About"], added["Changes"]) == ("Manager", NO_ROLE, "")
    given = next(row for row in rows if row["Action"] == "role.granted")
    assert (given["Who"], given["About"]) == ("Manager", "Viewer")


def _text(answer: Any) -> str:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def test_who_asks_with_a_reason_is_led_to_the_worker(pi: Someone, lab: Lab) -> None:
    assert "Whose pseudonym?" in text_of(pi.get("/workers/"))
    assert_valid_page(pi.get("/workers/pseudonym/"))
    name = lab.worker.pseudonym_in(lab.job.stream)
    with new_entries() as entries:
        address = went_on(
            pi.send("/workers/pseudonym/", stream=lab.job.stream, pseudonym=name, reason=WHY, password=PASSWORD)
        )
    assert address == f"/workers/{lab.worker.pk}/"
    assert entries.actions == ["worker.revealed"]
    text = text_of(pi.get(address))
    assert f"{name} is this worker" in text
    assert WORKER_ID in text


def test_whoever_finds_an_open_session_does_not_try_passwords(pi: Someone, lab: Lab) -> None:
    name = lab.worker.pseudonym_in(lab.job.stream)
    fields = {"stream": lab.job.stream, "pseudonym": name, "reason": WHY}
    for _ in range(OWN.times):
        page = pi.send("/workers/pseudonym/", **fields, password="not it")
        assert page.status_code == 422
        assert "The password is not right" in text_of(page)
    page = pi.send("/workers/pseudonym/", **fields, password=PASSWORD)
    assert "Too many wrong passwords" in text_of(page)
    assert PASSWORD not in page.content.decode()
    page = pi.send(
        "/profile/password/", old=PASSWORD, new="four plain words together", again="four plain words together"
    )
    assert "Too many wrong passwords. Nothing was changed." in text_of(page), "both ask for the same password"


def test_a_study_of_others_is_no_choice(pi: Someone, lab: Lab) -> None:
    page = pi.send(
        "/workers/pseudonym/",
        stream=lab.other_study.stream,
        pseudonym=lab.worker.pseudonym_in(lab.other_study.stream),
        reason=WHY,
        password=PASSWORD,
    )
    assert page.status_code == 422
    assert "Choose one of the list" in text_of(page)


def test_an_erased_worker_is_said_to_be_one(pi: Someone, lab: Lab) -> None:
    entry = _erased(lab.worker, lab)
    assert entry
    name = lab.worker.pseudonym_in(lab.job.stream)
    sent = {"stream": lab.job.stream, "pseudonym": name, "reason": WHY, "password": PASSWORD}
    address = went_on(pi.send("/workers/pseudonym/", **sent))
    assert "was erased" in text_of(pi.get(address))


def _erased(worker: Worker, lab: Lab) -> bool:
    with audit.transaction(lab.cast.actor("manager").context) as tx:
        entry = tx.record("worker.check.requested", subject=worker.pk)
        return Worker.objects.filter(pk=worker.pk).update(worker_id=None, audit_id=entry) == 1
