"""The log by a program: the words, the limits and the rights of the page, and reading it is itself in the log."""

import base64
import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from qualadmin.audit import canonical
from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.tree import leaf_hash
from qualadmin.audit.types import Target
from qualadmin.core.permissions import Scope
from qualadmin.web import audit_reading
from tests.api.program import Program, details_of, error_of, token_for
from tests.api.test_reading import pages
from tests.entries import new_entries, payload_of
from tests.web.lab import WORKER_ID, Lab, lab  # noqa: F401  (fixture)

pytestmark = pytest.mark.django_db


@pytest.fixture
def pi(lab: Lab) -> Program:  # noqa: F811
    return Program(token_for(lab.cast.pi, Scope.AUDIT))


@pytest.fixture(autouse=True)
def _noted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_reading, "_noted", {})


def found(program: Program, search: str = "", **body: Any) -> list[dict[str, Any]]:
    asked = {"Search": search, **body} if search else body
    return [one for page in pages(program, "ListAuditEntries", **asked) for one in page]


def file_of(program: Program, **body: Any) -> bytes:
    data = program.data("ExportAuditLog", **body)
    content = base64.b64decode(data["content"])
    assert (len(content), hashlib.sha256(content).hexdigest()) == (data["bytes"], data["sha256"])
    return content


class TestSearch:
    def test_all_that_one_may_read_newest_first_each_once(self, pi: Program, lab: Lab) -> None:  # noqa: F811
        with audit.transaction(lab.cast.actor("manager").context) as tx:
            tx.record("account.enabled", stream=lab.other_study.stream)
        seen = found(pi, MaxResults=3)
        numbers = [one["seq"] for one in seen]
        assert numbers == sorted(set(numbers), reverse=True)
        assert len(numbers) > 6
        assert {one["stream"] for one in seen} <= {"system", lab.cast.account.stream, lab.cast.study.stream,
                                                   lab.cast.other_account.stream}  # fmt: skip
        hidden = AuditEntry.objects.filter(stream=lab.other_study.stream).values_list("seq", flat=True)
        assert hidden
        for seq in hidden:
            assert error_of(pi.send("GetAuditEntry", {"Seq": seq})) == (404, "NOT_FOUND")

    def test_by_the_words_of_the_page(self, pi: Program, lab: Lab) -> None:  # noqa: F811
        with audit.transaction(lab.cast.actor("manager").context) as tx:
            tx.record(
                "account.enabled", target=Target("account", "x", "The account"), stream=lab.cast.account.stream
            )
        (one,) = found(pi, "action:account.enabled actor:manager")
        assert (one["actor"], one["about"], one["outcome"]) == ("Manager Person", "The account", "ok")
        assert "The account" in one["sentence"]
        other = found(pi, "-action:account.* -action:audit.viewed", MaxResults=5)
        left_out = ("account.", "audit.viewed")
        assert other == [one for one in found(pi) if not one["action"].startswith(left_out)]

    def test_workers_have_pseudonyms_and_are_found_by_id(self, lab: Lab) -> None:  # noqa: F811
        program = Program(token_for(lab.cast.pi, Scope.AUDIT, Scope.READ))
        with new_entries() as entries:
            seen = found(program, f"worker:{WORKER_ID}")
        assert {one["worker"] for one in seen} == {lab.worker.pseudonym_in(one["stream"]) for one in seen}
        assert seen
        assert WORKER_ID not in json.dumps(seen)
        for entry in entries:
            assert WORKER_ID not in bytes(entry.core).decode() + str(payload_of(entry))

    @pytest.mark.parametrize(
        "search", ["plain", "colour:red", "action:nothing", "hours:20-7", 'type:"', "a\0b", "x:" * 900]
    )
    def test_words_that_mean_nothing_are_refused_with_their_place(self, pi: Program, search: str) -> None:
        for operation, more in (("ListAuditEntries", {}), ("ExportAuditLog", {"Format": "json"})):
            assert list(details_of(pi.send(operation, {"Search": search, **more}))) == ["Search"]

    def test_reading_is_noted_once_for_each_search(self, pi: Program) -> None:
        with new_entries() as entries:
            found(pi, MaxResults=2)
            found(pi, MaxResults=50)
            found(pi, "outcome:failed")
        assert entries.actions == ["audit.viewed", "audit.viewed"]
        assert payload_of(entries[1]) == {"filter": "outcome=failed"}

    def test_a_next_does_not_fit_another_search(self, pi: Program) -> None:
        token = pi.send("ListAuditEntries", {"MaxResults": 1}).json()["next"]
        response = pi.send("ListAuditEntries", {"Search": "outcome:ok", "NextToken": token})
        assert list(details_of(response)) == ["NextToken"]

    def test_who_may_not_read_more_reads_the_own_acts(self, lab: Lab) -> None:  # noqa: F811
        with audit.transaction(lab.cast.actor("viewer").context) as tx:
            tx.record("auth.logout")
        seen = found(Program(token_for(lab.cast.viewer, Scope.AUDIT)))
        assert {one["actor"] for one in seen} == {"Viewer Person"}
        assert "auth.logout" in {one["action"] for one in seen}

    @pytest.mark.parametrize("name", ["pi", "manager", "granter"])
    def test_a_token_for_one_account_reads_the_stream_of_that_account(self, lab: Lab, name: str) -> None:  # noqa: F811
        with audit.transaction(lab.cast.actor(name).context) as tx:
            tx.record("account.enabled", stream=lab.cast.account.stream)
            tx.record("account.enabled", stream=lab.cast.other_account.stream)
        one = Program(token_for(lab.cast.user(name), Scope.AUDIT, account=lab.cast.account))
        assert {entry["stream"] for entry in found(one)} == {lab.cast.account.stream}
        if name != "granter":
            assert lab.cast.study.slug not in file_of(one, Format="csv").decode()
            assert list(details_of(one.send("ListAuditEntries", {"Search": f"study:{lab.cast.study.slug}"})))


def test_one_entry_has_the_content_behind_its_hash(pi: Program, lab: Lab) -> None:  # noqa: F811
    seq = found(pi)[0]["seq"]
    one = pi.data("GetAuditEntry", Seq=seq)
    assert one["leaf"] == leaf_hash(canonical.encode(one["core"])).hex()
    assert one["texts_erased"] is False


class TestExport:
    def test_a_table_as_on_the_page(self, pi: Program) -> None:
        with new_entries() as entries:
            rows = list(
                csv.reader(io.StringIO(file_of(pi, Format="csv", Search="outcome:ok").decode("utf-8-sig")))
            )
        assert rows[0][0] == "Entry"
        assert rows[-1][4].startswith("End of the file: ")
        assert entries.only.action == "audit.exported"
        assert payload_of(entries.only) == {"filter": "outcome=ok"}
        without = file_of(pi, Format="csv", Names=False).decode()
        assert "Granter Person" not in without

    def test_json_with_the_bytes_behind_each_hash(self, pi: Program) -> None:
        whole = json.loads(file_of(pi, Format="json"))
        assert whole["manifest"]["entries"] == len(whole["entries"]) > 3
        one = whole["entries"][0]
        assert one["leaf"] == leaf_hash(canonical.encode(one["core"])).hex()

    def test_a_bundle_that_proves_itself(self, pi: Program) -> None:
        with zipfile.ZipFile(io.BytesIO(file_of(pi, Format="bundle"))) as bundle:
            names = {name.rpartition("/")[2] for name in bundle.namelist()}
        assert {"verify.py", "entries.csv", "report.html"} <= names

    def test_worker_ids_need_the_right_to_see_them(self, pi: Program, lab: Lab) -> None:  # noqa: F811
        body = {"Format": "bundle", "WorkerIds": True}
        assert error_of(pi.send("ExportAuditLog", body)) == (403, "PERMISSION_DENIED")
        both = Program(token_for(lab.cast.pi, Scope.AUDIT, Scope.READ))
        assert both.send("ExportAuditLog", body).status_code == 200

    @pytest.mark.parametrize(
        ("body", "parameter"),
        [
            ({}, "Format"),
            ({"Format": "pdf"}, "Format"),
            ({"Format": "csv", "WorkerIds": True}, "WorkerIds"),
            ({"Format": "json", "Names": False}, "Names"),
        ],
    )
    def test_what_no_format_has_is_named(self, pi: Program, body: dict[str, Any], parameter: str) -> None:
        with new_entries() as entries:
            assert list(details_of(pi.send("ExportAuditLog", body))) == [parameter]
        assert entries == []

    def test_more_than_fits_is_cut_or_refused(self, pi: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("qualadmin.api.operations.audit.EXPORT_LIMIT", 3)
        assert json.loads(file_of(pi, Format="json"))["manifest"]["capped"] is True
        assert error_of(pi.send("ExportAuditLog", {"Format": "bundle"})) == (409, "CONFLICT")


def test_the_log_is_verified_and_that_is_noted(pi: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_entries() as entries:
        report = pi.data("VerifyAuditLog")
    assert (report["result"], report["findings"], report["quick"]) == ("unbroken", [], True)
    assert report["checked"] == report["size"] > 3
    assert entries.only.action == "audit.verified"
    monkeypatch.setattr("qualadmin.core.actions.audit_log.QUICK_LIMIT", 2)
    assert error_of(pi.send("VerifyAuditLog")) == (422, "VALIDATION_ERROR")
