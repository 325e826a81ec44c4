"""The log as a bundle, from the page to the verdict: whose entries, which names, and what is noted of it."""

import io
import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.bundle import archive
from qualadmin.audit.models import AuditCheckpoint, AuditEntry
from qualadmin.audit.types import Context, Target, Who
from tests.audit.bundles import Signer, Verdict, checked, root_at
from tests.entries import new_entries, payload_of
from tests.factories import RoleFactory, UserFactory
from tests.web.html import assert_valid_page
from tests.web.lab import WORKER_ID, Lab
from tests.web.lists import Someone, text_of

pytestmark = pytest.mark.django_db
SIGNER = Signer()


@pytest.fixture(autouse=True)
def state(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.VAR_DIR = tmp_path / "var"
    yield
    assert list((tmp_path / "var").glob("*")) == []


@pytest.fixture
def pi(lab: Lab, client: Client) -> Someone:
    return Someone(client, lab.cast.pi, lab.cast.account)


@pytest.fixture
def entries(lab: Lab) -> None:
    context = Context(actor=Who("user", str(lab.cast.granter.pk), "Granter Person"))
    with audit.transaction(context) as tx:
        for stream in (lab.cast.study.stream, lab.other_study.stream, lab.cast.account.stream):
            for detail in ("as asked", f"the worker {WORKER_ID} was asked for"):
                tx.record(
                    "mturk.call.finished",
                    stream=stream,
                    subject=lab.worker.pk,
                    target=Target("qtype", str(lab.type.pk), "<script>alert(1)</script>"),
                    payload={"detail": detail},
                )


def seal() -> int:
    """What the sealer does, with a key of the test. Returns the size."""
    with audit.transaction(Context.system("seal")) as tx:
        counts: dict[str, int] = {"system": 1}
        for stream in AuditEntry.objects.values_list("stream", flat=True):
            counts[stream] = counts.get(stream, 0) + 1
        streams = [[name, counts[name]] for name in sorted(counts)]
        tx.record("audit.checkpoint.prepared", changes={"streams": [None, streams], "guards_missing": [None, 0]})
    size = AuditEntry.objects.count()
    note = SIGNER.note(size, root_at(size))
    AuditCheckpoint.objects.create(size=size, root=root_at(size), note=note, sealed_at=timezone.now())
    return size


def fetched(someone: Someone, path: str) -> bytes:
    response = someone.get(path)
    content = b"".join(response.streaming_content)
    assert int(response.headers["Content-Length"]) == len(content)
    assert response.headers["Content-Disposition"] == 'attachment; filename="qualadmin-audit-log.zip"'
    leave(response)
    return content


def leave(response: Any) -> None:
    """Close the answer as a server does, but keep the connection to the database, which is the test's."""
    with patch.object(connection, "close_if_unusable_or_obsolete"):
        response.close()


def files_in(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def verdict_of(content: bytes, tmp_path: Path, *arguments: str) -> Verdict:
    path = tmp_path / "bundle.zip"
    path.write_bytes(content)
    return checked(path, "--key", SIGNER.key, *arguments)


def test_a_pi_exports_a_study_and_proves_that_nothing_is_left_out(
    pi: Someone, lab: Lab, entries: None, tmp_path: Path
) -> None:
    size, stream = seal(), lab.cast.study.stream
    with new_entries() as noted:
        content = fetched(pi, f"/audit/bundle.zip?stream={stream}")
    verdict = verdict_of(content, tmp_path, "--complete", stream)
    assert verdict.code == 0, verdict.text
    assert f"completeness of {stream}: all 2 entries are here" in verdict
    exported = [json.loads(line) for line in files_in(content)["entries.jsonl"].splitlines()]
    assert [(one["stream"], one["action"]) for one in exported] == [
        (stream, "mturk.call.finished"),
        (stream, "mturk.call.finished"),
        ("system", "audit.checkpoint.prepared"),
    ]
    entry = noted.only
    assert entry.action == "audit.exported"
    assert payload_of(entry) == {"filter": f"stream={stream.replace(':', '%3A')}"}
    assert {name: after for name, (_, after) in entry.changes.items()} == {
        "format": "bundle",
        "rows": 3,  # with the entry that states the counts
        "size": size,
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
        "worker_ids": False,
        "complete": [stream],
    }


def test_without_a_filter_it_is_all_that_one_may_read(
    pi: Someone, client: Client, lab: Lab, entries: None, tmp_path: Path
) -> None:
    seal()
    own = fetched(pi, "/audit/bundle.zip")
    assert verdict_of(own, tmp_path, "--complete", lab.cast.study.stream, "--complete", "system").code == 0
    assert lab.other_study.stream not in json.loads(files_in(own)["manifest.json"])["complete"]
    manager = Someone(Client(), lab.cast.manager, lab.cast.account)
    whole = fetched(manager, "/audit/bundle.zip")
    assert "completeness of the whole log" in verdict_of(whole, tmp_path)
    # What came after the checkpoint is not in it.
    newest = json.loads(files_in(whole)["manifest.json"])["size"]
    assert newest < AuditEntry.objects.count()


def test_a_selection_says_that_it_is_one(pi: Someone, lab: Lab, entries: None, tmp_path: Path) -> None:
    seal()
    verdict = verdict_of(fetched(pi, f"/audit/bundle.zip?worker={lab.worker.pk}"), tmp_path)
    assert verdict.code == 0
    assert "the bundle is a selection" in verdict


def test_somebody_who_may_not_read_the_count_of_the_log_gets_no_claim(
    client: Client, lab: Lab, entries: None, tmp_path: Path
) -> None:
    seal()
    user = UserFactory()
    RoleFactory(user=user, role="manager", account=lab.cast.account)
    content = fetched(
        Someone(client, user, lab.cast.account), f"/audit/bundle.zip?stream={lab.cast.account.stream}"
    )
    assert b"audit.checkpoint.prepared" not in files_in(content)["entries.jsonl"]
    assert "lacks the entry in which the log states" in verdict_of(content, tmp_path)


def test_a_worker_id_is_only_in_the_bundle_that_says_so(
    pi: Someone, lab: Lab, entries: None, tmp_path: Path
) -> None:
    seal()
    stream = lab.cast.study.stream
    pseudonymous = files_in(fetched(pi, f"/audit/bundle.zip?stream={stream}"))
    assert WORKER_ID.encode() not in b"".join(pseudonymous.values())
    assert json.loads(pseudonymous["manifest.json"])["texts_withheld"] == 1
    assert json.loads(pseudonymous["subjects.jsonl"])["name"] == lab.worker.pseudonym_in(stream)
    assert b"as asked" in pseudonymous["payloads.jsonl"]
    content = fetched(pi, f"/audit/bundle-with-ids.zip?stream={stream}")
    named = files_in(content)
    assert json.loads(named["subjects.jsonl"]) == {
        "name": WORKER_ID,
        "stream": stream,
        "subject": lab.worker.pk.hex,
    }
    assert WORKER_ID.encode() in named["report.html"]
    assert json.loads(named["manifest.json"])["texts_withheld"] == 0
    assert verdict_of(content, tmp_path).code == 0


def test_bi_20_the_report_holds_text_of_people_as_text(pi: Someone, entries: None) -> None:
    report = files_in(fetched(pi, "/audit/bundle.zip"))["report.html"]
    assert b"&lt;script&gt;alert(1)" in report
    assert b"<script" not in report
    assert b"proves nothing" in report


def test_a_log_that_nobody_signed_is_exported_and_says_so(pi: Someone, entries: None, tmp_path: Path) -> None:
    verdict = verdict_of(fetched(pi, "/audit/bundle.zip"), tmp_path)
    assert verdict.code == 2
    assert "nobody signed" in verdict


def test_ta46_notes_signed_by_two_keys_come_along(pi: Someone, entries: None, tmp_path: Path) -> None:
    size = AuditEntry.objects.count()
    note = SIGNER.note(size, root_at(size))
    both = note + Signer(8).line(note.partition("\n\n")[0] + "\n")
    AuditCheckpoint.objects.create(size=size, root=root_at(size), note=both, sealed_at=timezone.now())
    seal()
    content = fetched(pi, "/audit/bundle.zip")
    assert sum(name.startswith("checkpoints/") for name in files_in(content)) == 2
    assert verdict_of(content, tmp_path).code == 0


def test_f48_a_reader_who_leaves_is_written_down_and_the_file_is_gone(pi: Someone, entries: None) -> None:
    """F-48, also for one who leaves before the first byte; the fixture sees that no file stays."""
    with new_entries() as noted:
        response = pi.get("/audit/bundle.zip")
        length = int(response.headers["Content-Length"])
        sent = len(next(iter(response.streaming_content)))
        leave(response)
    if sent < length:
        assert noted.actions == ["audit.exported", "audit.export.broken_off"]
    with new_entries() as noted:
        leave(pi.get("/audit/bundle.zip"))
    assert noted.actions == ["audit.exported", "audit.export.broken_off"]
    exported, broken = noted
    assert (broken.outcome, broken.parent) == ("failed", exported.seq)
    assert broken.changes["bytes"][1] == 0
    assert broken.changes["bytes"][0] == exported.changes["bytes"][1]


def test_a_download_to_the_end_is_one_entry(pi: Someone, entries: None) -> None:
    with new_entries() as noted:
        fetched(pi, "/audit/bundle.zip")
    assert noted.actions == ["audit.exported"]


@pytest.mark.parametrize(
    ("place", "limit"),
    [("qualadmin.web.views.audit_bundle.EXPORT_LIMIT", 2), ("qualadmin.audit.bundle.archive.LIMIT", 9)],
)
def test_what_is_too_large_is_refused_and_nothing_is_noted(
    pi: Someone, entries: None, monkeypatch: pytest.MonkeyPatch, place: str, limit: int
) -> None:
    assert archive.LIMIT == 2**31
    monkeypatch.setattr(place, limit)
    with new_entries() as noted:
        page = pi.get("/audit/bundle.zip")
    assert page.status_code == 409
    assert_valid_page(page)
    assert "Nothing was exported" in text_of(page)
    assert "audit.exported" not in noted.actions


def test_looking_for_the_head_alone_makes_nothing(pi: Someone, lab: Lab) -> None:
    with new_entries() as noted:
        assert pi.client.head("/audit/bundle.zip").status_code == 200
    assert noted == []
    assert settings.AUDIT_ORIGIN


def test_the_page_offers_it_to_those_who_may(pi: Someone, lab: Lab) -> None:
    page = pi.get(f"/audit/?stream={lab.cast.study.stream}")
    assert_valid_page(page)
    assert f"/audit/bundle.zip?stream={lab.cast.study.stream.replace(':', '%3A')}" in page.content.decode()
    assert "/audit/bundle-with-ids.zip" in page.content.decode()
    assert 'id="proof"' in pi.get("/help/").content.decode()
    granter = Someone(Client(), lab.cast.granter, lab.cast.account)
    assert "bundle" not in granter.get("/audit/").content.decode()
    assert granter.get("/audit/bundle.zip").status_code == 403
