"""The audit log in a browser: who did it, when, why and from which file; scope, filters, export, verification."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qualadmin.audit import canonical, vocabulary
from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry, AuditHead
from qualadmin.audit.tree import leaf_hash
from qualadmin.audit.types import Target, Who
from qualadmin.core.actions.audit_log import EXPORT_LIMIT
from qualadmin.core.models import User
from qualadmin.tasks.sealer import note_published
from qualadmin.web.audit_scope import GROUPS
from tests.audit.sealing import Sealer
from tests.entries import new_entries, payload_of
from tests.factories import RoleFactory, UserFactory
from tests.web.html import assert_valid_page
from tests.web.lab import WORKER_ID, Lab
from tests.web.lists import Someone, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def pi(lab: Lab, client: Client) -> Someone:
    return Someone(client, lab.cast.pi, lab.cast.account)


@pytest.fixture
def granted(lab: Lab) -> AuditEntry:
    """Entries as the drain writes them for the worker of the lab: the intent, and Amazon's answer."""
    granter = lab.cast.actor("granter")
    drain = granter.context.__class__(
        actor=Who("task", "drain", "drain"), on_behalf_of=Who("user", str(lab.cast.granter.pk), "Granter Person")
    )
    common = {
        "target": Target("qtype", str(lab.type.pk), lab.type.name),
        "stream": lab.cast.study.stream,
        "subject": lab.worker.pk,
        "job": str(lab.job.pk),
    }
    with audit.transaction(drain) as tx:
        start = tx.record("mturk.call.started", outcome="started", changes={"value": [None, 80]}, **common)
        end = tx.record(
            "mturk.call.finished",
            changes={"state": ["sending", "done"], "value": [50, 80]},
            parent=start,
            aws={"op": "AssociateQualificationWithWorker", "request_id": "61ca55e4-0c9e", "http": 200},
            payload={"detail": "as asked"},
            **common,
        )
    return AuditEntry.objects.get(pk=AuditEntry.objects.get(id=end).seq)


def test_it_says_who_granted_a_worker_when_why_and_from_which_file(
    pi: Someone, lab: Lab, granted: AuditEntry
) -> None:
    address = went_on(pi.send("/audit/", words=WORKER_ID))
    assert address == f"/audit/?worker={lab.worker.pk}"
    page = pi.get(address)
    assert_valid_page(page)
    assert f"Worker: {WORKER_ID}" in text_of(page)
    entry = pi.get(f"/audit/{granted.seq}/")
    assert_valid_page(entry)
    text = text_of(entry)
    for words in (
        "On behalf of Granter Person",
        "Reason Took part in wave 6",
        "File wave-7.csv",
        "SHA-256 " + "ab" * 32,
        "value 50 80",
        "61ca55e4-0c9e",
        "as asked",
        WORKER_ID,
        bytes(granted.leaf).hex(),
    ):
        assert words in text
    assert f"/audit/{granted.parent}/" in entry.content.decode()
    assert f'href="/audit/{granted.seq}/"' in pi.get(f"/audit/{granted.parent}/").content.decode()


def test_no_worker_id_stands_in_an_address_or_in_what_is_noted(pi: Someone, lab: Lab) -> None:
    with new_entries() as entries:
        address = went_on(pi.send("/audit/", words=WORKER_ID))
        pi.get(address)
    assert WORKER_ID not in address
    for entry in entries:
        assert WORKER_ID not in bytes(entry.core).decode()
        assert WORKER_ID not in str(payload_of(entry))


def test_an_unknown_worker_is_said_to_be_unknown(pi: Someone, lab: Lab) -> None:
    page = pi.send("/audit/", words="A1NOBODYKNOWS")
    assert page.status_code == 422
    assert "says nothing about them" in text_of(page)


def test_a_pi_reads_the_own_studies_accounts_and_the_installation_but_no_other_study(
    pi: Someone, lab: Lab
) -> None:
    with audit.transaction(lab.cast.actor("manager").context) as tx:
        for stream in ("system", lab.cast.account.stream, lab.cast.study.stream, lab.other_study.stream):
            tx.record("account.enabled", target=Target("account", "x", f"in {stream}"), stream=stream)
    text = text_of(pi.get("/audit/?action=account.enabled"))
    assert "in system" in text
    assert f"in {lab.cast.account.stream}" in text
    assert f"in {lab.cast.study.stream}" in text
    assert f"in {lab.other_study.stream}" not in text
    hidden = AuditEntry.objects.filter(stream=lab.other_study.stream).newest().first()
    assert hidden is not None
    assert pi.get(f"/audit/{hidden.seq}/").status_code == 404
    assert pi.get(f"/audit/?stream={lab.other_study.stream}").status_code == 400


@pytest.mark.parametrize("name", ["viewer", "granter"])
def test_others_read_their_own_acts_only(client: Client, lab: Lab, granted: AuditEntry, name: str) -> None:
    someone = Someone(client, lab.cast.user(name), lab.cast.account)
    with audit.transaction(lab.cast.actor(name).context) as tx:
        tx.record("auth.logout")
    page = someone.get("/audit/")
    assert "What you did yourself" in text_of(page)
    me = str(lab.cast.user(name).pk)
    seen = page.context["results"].rows
    assert seen
    assert all(me in {entry.actor_id, entry.obo_id} for entry in seen)
    # What the task cluster did for the granter is the granter's act; to the viewer it does not exist.
    assert someone.get(f"/audit/{granted.seq}/").status_code == (200 if name == "granter" else 404)
    assert someone.get("/audit/export.csv").status_code == 403
    assert someone.get("/audit/?person=1").status_code == 400


def test_somebody_whose_number_is_a_name_elsewhere_is_not_taken_for_it(client: Client, lab: Lab) -> None:
    """A part of the program may be called by a number that is a person's too."""
    viewer = Someone(client, lab.cast.viewer, lab.cast.account)
    with audit.transaction(
        lab.cast.actor("manager").context.__class__(actor=Who("cli", str(lab.cast.viewer.pk), "root"))
    ) as tx:
        tx.record("account.enabled", target=Target("account", "x", "by somebody at the terminal"))
    assert "at the terminal" not in text_of(viewer.get("/audit/"))


def test_a_manager_of_one_account_reads_that_account(client: Client, lab: Lab) -> None:
    user: User = UserFactory()
    RoleFactory(user=user, role="manager", account=lab.cast.other_account)
    someone = Someone(client, user, lab.cast.other_account)
    with audit.transaction(lab.cast.actor("manager").context) as tx:
        for stream in ("system", lab.cast.account.stream, lab.cast.other_account.stream):
            tx.record("account.enabled", target=Target("account", "x", f"in {stream}"), stream=stream)
    text = text_of(someone.get("/audit/?action=account.*"))
    assert "in account:other-lab" in text
    assert "in system" not in text
    assert "in account:practice-lab" not in text


def test_filters_narrow_and_stand_as_chips(pi: Someone, lab: Lab, granted: AuditEntry) -> None:
    granter = lab.cast.granter
    for query, chip, found in (
        (f"person={granter.pk}", f"Who: {granter.full_name}", {"mturk.call.started", "mturk.call.finished"}),
        ("action=mturk.*", "What: Calls to Amazon: all", {"mturk.call.started", "mturk.call.finished"}),
        ("action=mturk.call.finished&outcome=ok", "Outcome: Done", {"mturk.call.finished"}),
        (f"job={lab.job.pk}", "Job: wave-7.csv", {"mturk.call.started", "mturk.call.finished"}),
        (f"type={lab.type.pk}", "Type: Wave 7", {"mturk.call.started", "mturk.call.finished"}),
        (f"stream={lab.cast.study.stream}&outcome=started", "Study: Sleep", {"mturk.call.started"}),
    ):
        page = pi.get(f"/audit/?{query}")
        assert_valid_page(page)
        assert chip in text_of(page), query
        assert found <= {entry.action for entry in page.context["results"].rows}, query
    assert not pi.get("/audit/?request=" + "0" * 32).context["results"].rows


BAD_DAYS = ["from=2026-02-30", "to=0000-00-00", "from=9999-12-31", "from=20261101"]
BAD_NAMES = ["action=nothing.like.it", "outcome=fine", "job=1", "person=0", "stream=study:x", "worker=A1MADEUP"]


@pytest.mark.parametrize("query", [*BAD_DAYS, *BAD_NAMES, "worker=00000000-0000-0000-0000-000000000009"])
def test_bi_32_a_value_without_meaning_is_refused_by_name(pi: Someone, query: str) -> None:
    response = pi.get(f"/audit/?{query}")
    assert response.status_code == 400
    assert_valid_page(response)


def test_bi_31_too_long_an_address_is_refused(pi: Someone) -> None:
    assert pi.get("/audit/?request=" + "a" * 100_000).status_code == 414
    assert pi.get("/audit/?" + "&".join(f"k{n}=1" for n in range(200))).status_code == 400


def test_bi_32_a_day_is_one_of_the_reader(pi: Someone, lab: Lab) -> None:
    User.objects.filter(pk=lab.cast.pi.pk).update(time_zone="Pacific/Kiritimati")
    page = pi.get("/audit/?from=2026-03-29")
    assert "From: 2026-03-29 (Pacific/Kiritimati)" in text_of(page)


def test_bi_33_a_worker_of_another_account_is_no_filter(client: Client, lab: Lab) -> None:
    user: User = UserFactory()
    RoleFactory(user=user, role="pi", account=lab.cast.other_account)
    someone = Someone(client, user, lab.cast.other_account)
    assert someone.get(f"/audit/?worker={lab.worker.pk}").status_code == 400
    assert someone.get(f"/audit/?job={lab.job.pk}").status_code == 400


def test_reading_is_noted_once_for_each_filter(pi: Someone, lab: Lab) -> None:
    with new_entries() as entries:
        pi.get("/audit/")
        pi.get("/audit/")
        pi.get("/audit/?after=3")
        pi.get("/audit/?outcome=failed")
    assert entries.actions == ["audit.viewed", "audit.viewed"]
    assert payload_of(entries[1])["filter"] == "outcome=failed"


def test_the_export_holds_exactly_what_is_filtered(pi: Someone, lab: Lab, granted: AuditEntry) -> None:
    with audit.transaction(lab.cast.actor("manager").context) as tx:
        tx.record("account.enabled", target=Target("account", "x", '=HYPERLINK("http://evil")'))
    with new_entries() as entries:
        response = pi.get("/audit/export.csv?action=mturk.call.finished")
        rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert response.headers["Content-Disposition"] == 'attachment; filename="qualadmin-audit-log.csv"'
    assert [row[0] for row in rows] == ["Entry", str(granted.seq), ""]
    assert rows[-1][4] == (
        f"End of the file: 1 entry, filter: action=mturk.call.finished. First entry {granted.seq}, hash "
        f"{bytes(granted.leaf).hex()}; last entry {granted.seq}, hash {bytes(granted.leaf).hex()}."
    )
    line = dict(zip(rows[0], rows[1], strict=True))
    assert line["Worker"] == lab.worker.pseudonym_in(granted.stream)
    assert line["On behalf of"] == "Granter Person"
    assert line["Changes"] == "state sending → done, value 50 → 80"
    assert WORKER_ID not in str(rows)
    assert entries.only.action == "audit.exported"
    assert entries.only.changes == {"rows": [None, 1]}
    everything = b"".join(pi.get("/audit/export.csv?action=account.enabled").streaming_content).decode()
    assert "\"'=HYPERLINK" in everything


def test_bi_29_an_export_that_is_cut_says_so(pi: Someone, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert EXPORT_LIMIT == 250_000
    monkeypatch.setattr("qualadmin.web.views.audit.EXPORT_LIMIT", 3)
    rows = b"".join(pi.get("/audit/export.csv").streaming_content).decode().strip().split("\r\n")
    assert len(rows) == 1 + 3 + 1 + 1
    assert "This file ends after 3 entries" in rows[-2]


def test_bi_29_an_export_never_holds_more_than_a_slice(
    pi: Someone, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BI-29: however many entries there are, so many are in memory at once."""
    monkeypatch.setattr("qualadmin.web.audit_export.SLICE", 2)
    number = AuditHead.objects.get().size
    response = pi.get("/audit/export.json")
    with CaptureQueriesContext(connection) as queries:
        found = json.loads(b"".join(response.streaming_content))["manifest"]["entries"]
    reads = [one["sql"] for one in queries if "core" in one["sql"] and "audit_entry" in one["sql"]]
    assert 4 < found <= number
    assert len(reads) == (found + 1) // 2
    assert all(re.search(r"LIMIT [12]$", sql) for sql in reads)


def test_the_json_export_holds_the_very_bytes_that_were_hashed_and_a_manifest(
    pi: Someone, lab: Lab, granted: AuditEntry
) -> None:
    with new_entries() as entries:
        response = pi.get("/audit/export.json?action=mturk.call.finished")
        text = b"".join(response.streaming_content)
    assert response.headers["Content-Disposition"] == 'attachment; filename="qualadmin-audit-log.json"'
    assert bytes(granted.core) in text
    assert WORKER_ID.encode() not in text
    whole = json.loads(text)
    (entry,) = whole["entries"]
    assert entry["leaf"] == leaf_hash(canonical.encode(entry["core"])).hex() == bytes(granted.leaf).hex()
    assert whole["manifest"]["filter"] == "action=mturk.call.finished"
    assert whole["manifest"]["entries"] == 1
    assert whole["manifest"]["first"] == whole["manifest"]["last"] == {"seq": granted.seq, "leaf": entry["leaf"]}
    assert entries.only.action == "audit.exported"


def test_an_export_of_nothing_is_still_a_whole_file(pi: Someone, lab: Lab) -> None:
    text = b"".join(pi.get("/audit/export.json?action=worker.note.added").streaming_content)
    assert json.loads(text)["entries"] == []
    rows = b"".join(pi.get("/audit/export.csv?action=worker.note.added").streaming_content).decode()
    assert "No entries. Filter: action=worker.note.added." in rows


def test_a_pi_checks_the_log_and_sees_the_result(pi: Someone, lab: Lab) -> None:
    assert "Never checked" in text_of(pi.get("/audit/"))
    fields = hidden_of(pi.get("/audit/"))
    with new_entries() as entries:
        went_on(pi.client.post("/audit/verify/", fields))
    assert "audit.verified" in entries.actions
    text = text_of(pi.get("/audit/"))
    assert "Unbroken" in text
    assert "checked just now by Pi Person" in text


def test_the_receipt_says_what_was_checked_and_sealed(pi: Someone, lab: Lab, tmp_path: Path) -> None:
    assert "No checkpoint of this log is published" in text_of(pi.get("/audit/"))
    sealer = Sealer.new(lab.cast.actor("manager").context, tmp_path)
    checkpoint = sealer.seal()
    note_published(checkpoint.size, "/mnt/other")
    went_on(pi.client.post("/audit/verify/", hidden_of(pi.get("/audit/"))))
    assert f"Sealed up to entry {checkpoint.size - 1}, published just now to /mnt/other" in text_of(
        pi.get("/audit/")
    )
    response = pi.get("/audit/receipt.json")
    assert "attachment" in response["Content-Disposition"]
    content = json.loads(response.content)
    assert content["checkpoint"]["note"] == checkpoint.note
    assert content["verification"]["by"] == "Pi Person"
    assert content["verification"]["entries"] == AuditEntry.objects.get(action="audit.verified").seq


def test_a_long_log_is_left_to_the_command(pi: Someone, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qualadmin.core.actions.audit_log.QUICK_LIMIT", 2)
    went_on(pi.client.post("/audit/verify/", hidden_of(pi.get("/audit/"))))
    assert "python3 manage.py audit_verify" in text_of(pi.get("/audit/"))
    assert not AuditEntry.objects.filter(action="audit.verified").exists()


def test_bi_20_text_of_people_stays_text(pi: Someone, lab: Lab) -> None:
    with audit.transaction(lab.cast.actor("manager").context) as tx:
        tx.record(
            "account.paused",
            target=Target("account", "x", "<script>alert(1)</script>"),
            stream=lab.cast.account.stream,
            payload={"detail": '"><img src=x onerror=alert(1)>'},
        )
    newest = AuditEntry.objects.filter(action="account.paused").newest().first()
    assert newest is not None
    for path in ("/audit/?action=account.paused", f"/audit/{newest.seq}/"):
        page = pi.get(path)
        assert_valid_page(page)
        assert b"<script>alert" not in page.content
        assert b"<img src=x" not in page.content


def test_an_entry_leads_to_all_of_its_person(lab: Lab) -> None:
    with audit.transaction(lab.cast.actor("granter").context) as tx:
        entry = tx.record("qtype.sync.requested", stream=lab.cast.account.stream)
    seq = AuditEntry.objects.get(id=entry).seq
    pi = Someone(Client(), lab.cast.pi, lab.cast.account)
    link = f"/audit/?person={lab.cast.granter.pk}"
    assert f'href="{link}"' in pi.get(f"/audit/{seq}/").content.decode()
    assert {one.actor_id for one in pi.get(link).context["results"].rows} == {str(lab.cast.granter.pk)}
    granter = Someone(Client(), lab.cast.granter, lab.cast.account)
    assert "All of this person" not in granter.get(f"/audit/{seq}/").content.decode()


def test_a_line_does_not_say_twice_what_changed(pi: Someone, lab: Lab) -> None:
    with audit.transaction(lab.cast.actor("pi").context) as tx:
        about = Target("checkpoint", "5", "Checkpoint of 5 entries")
        tx.record(
            "audit.checkpoint.prepared", changes={"streams": [None, ["system", 5]], "guards_missing": [None, 0]}
        )
        tx.record(
            "audit.checkpoint.publish_failed", target=about, outcome="failed", changes={"place": [None, "/disk"]}
        )
    asked = "audit.checkpoint.prepared,audit.checkpoint.publish_failed"
    lines = pi.get(f"/audit/?action={asked}").context["lines"]
    assert [(one.sentence, one.changes) for one in lines] == [
        ("Checkpoint of 5 entries of the log could not be published: place /disk", ""),
        ("The log was read for a checkpoint", "guards missing 0"),
    ]


def test_every_kind_of_entry_can_be_searched_for() -> None:
    """A new noun gets a group: without one its entries are in no choice and in no search in words."""
    assert {name.partition(".")[0] for name in vocabulary.names() if not name.startswith("lamp.")} <= set(GROUPS)
