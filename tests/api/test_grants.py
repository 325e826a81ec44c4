"""Granting and revoking by a program: the same checks as on the pages, and the same trace in the log."""

import json
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.actions import repeats, single
from qualadmin.core.actions.restorations import mark_restored
from qualadmin.core.actor import Actor
from qualadmin.core.models import Change, Job, Preview, QualificationType, RepeatKey, RequesterAccount, Study
from qualadmin.core.permissions import Scope
from tests.api.program import Program, details_of, error_of, token_for
from tests.entries import new_entries, payload_of
from tests.factories import (
    AccountFactory,
    QualificationFactory,
    RoleFactory,
    StudyFactory,
    TypeFactory,
    UserFactory,
    WorkerFactory,
)
from tests.people import Cast

pytestmark = pytest.mark.django_db
GRANT, REVOKE = "AssociateQualificationWithWorker", "DisassociateQualificationFromWorker"
WORKER = "A1GOODWORKER01"
FULL = {"QualificationTypeId": "3WAVE7", "WorkerId": WORKER}


def nothing_happened() -> bool:
    return not (Job.objects.exists() or Preview.objects.exists() or Change.objects.exists())


def test_a_grant_is_accepted_and_planned(program: Program, wave: QualificationType, cast: Cast) -> None:
    with new_entries() as entries:
        response = program.send(
            GRANT, FULL | {"IntegerValue": 42, "Reason": "Took part", "Study": cast.study.slug}
        )
    assert response.status_code == 202
    change = Change.objects.select_related("job", "worker").get()
    created = f"{change.created_at:%Y-%m-%dT%H:%M:%SZ}"
    assert response.json() == {"success": True, "data": {"id": str(change.pk), "created_at": created}}
    assert (change.state, change.value, change.worker.worker_id) == ("planned", 42, WORKER)
    job = change.job
    assert job is not None
    assert (job.total, job.notify, job.reason, job.study, job.source) == (1, False, "Took part", cast.study, "api")
    assert job.created_by == cast.granter
    entry = entries.only
    assert (entry.action, entry.actor_id) == ("job.created", str(cast.granter.pk))
    assert b'"method":"token"' in bytes(entry.core)
    assert payload_of(entry)["reason"] == "Took part"
    assert WORKER not in bytes(entry.core).decode()


def test_left_out_means_silent_and_the_usual_score(program: Program, wave: QualificationType) -> None:
    program.data(GRANT, **FULL)
    assert Change.objects.get().value == wave.default_score
    assert Job.objects.get().notify is False


def test_a_notification_is_sent_only_when_asked_for(program: Program, wave: QualificationType) -> None:
    program.data(GRANT, **FULL, SendNotification=True)
    assert Job.objects.get().notify is True


def test_a_study_may_be_named_by_its_id(program: Program, wave: QualificationType, study: Study) -> None:
    program.data(GRANT, **FULL, Study=str(study.pk))
    assert Job.objects.get().study == study


def test_an_accepted_grant_asks_the_database_little(
    program: Program, wave: QualificationType, django_assert_max_num_queries: Any
) -> None:
    """Most of what it costs. The first one also notes the use of the token and makes the worker known."""
    program.send(GRANT, FULL, key="k-1")
    with django_assert_max_num_queries(21):
        assert program.send(GRANT, FULL | {"IntegerValue": 7}, key="k-2").status_code == 202


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"QualificationTypeId": ""}, "QualificationTypeId"),
        ({"QualificationTypeId": "x" * 65}, "QualificationTypeId"),
        ({"QualificationTypeId": None}, "QualificationTypeId"),
        ({"WorkerId": ""}, "WorkerId"),
        ({"WorkerId": "a1goodworker01"}, "WorkerId"),
        ({"WorkerId": " A1GOODWORKER01"}, "WorkerId"),
        ({"WorkerId": "A1GOODWORKER01\n"}, "WorkerId"),
        ({"WorkerId": "A" * 65}, "WorkerId"),
        ({"WorkerId": ["A1GOODWORKER01"]}, "WorkerId"),
        ({"IntegerValue": "5"}, "IntegerValue"),
        ({"IntegerValue": 5.0}, "IntegerValue"),
        ({"IntegerValue": 1e400}, "IntegerValue"),
        ({"IntegerValue": True}, "IntegerValue"),
        ({"IntegerValue": None}, "IntegerValue"),
        ({"IntegerValue": 2**31}, "IntegerValue"),
        ({"IntegerValue": -(2**31) - 1}, "IntegerValue"),
        ({"IntegerValue": 101}, "IntegerValue"),
        ({"SendNotification": 0}, "SendNotification"),
        ({"SendNotification": "false"}, "SendNotification"),
        ({"SendNotification": None}, "SendNotification"),
        ({"Reason": 7}, "Reason"),
        ({"Reason": "x" * 2001}, "Reason"),
        ({"Reason": "nul\0"}, "Reason"),
        ({"Reason": "half \ud800"}, "Reason"),
        ({"Reason": "unseen \u200b"}, "Reason"),
        ({"Reason": "AKIA" + "ABCDEFGH12345678"}, "Reason"),
        ({"Study": "no-such-study"}, "Study"),
        ({"Study": 5}, "Study"),
        ({"Study": "\0"}, "Study"),
        ({"workerid": "A1GOODWORKER01"}, "workerid"),
        ({"Reason ": "x"}, "Reason "),
    ],
)
def test_bad_input_is_named_and_nothing_done(
    program: Program, wave: QualificationType, change: dict[str, Any], parameter: str
) -> None:
    body = json.dumps(FULL | change).replace("Infinity", "1e400")  # a number that Python’s json cannot write
    response = program.send(GRANT, body.encode())
    assert response.status_code in {400, 422}
    assert response.json()["error"]["code"] == "VALIDATION_ERROR"
    assert list(details_of(response)) == [parameter]
    assert nothing_happened()


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "{{7*7}}", "=HYPERLINK(1)", "'; DROP TABLE", "\r\nx: y"]
)
def test_hostile_text_is_text(program: Program, wave: QualificationType, text: str) -> None:
    assert program.send(GRANT, FULL | {"Reason": text}).status_code == 202
    assert Job.objects.get().reason == text.strip().replace("\r\n", "\n")
    for name in ("QualificationTypeId", "Study"):
        response = program.send(GRANT, FULL | {name: text})
        assert response.status_code in {400, 404}
        assert "<script>" not in response.content.decode()


class TestWhatIsSoAlready:
    """Nothing is sent twice, and a program is told so in a way it can tell from a mistake."""

    def test_the_same_score(self, program: Program, wave: QualificationType) -> None:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=WORKER), value=80)
        response = program.send(GRANT, FULL | {"IntegerValue": 80})
        assert error_of(response) == (409, "CONFLICT")
        assert nothing_happened()
        assert program.send(GRANT, FULL | {"IntegerValue": 81}).status_code == 202

    def test_nothing_to_take_away(self, program: Program, wave: QualificationType) -> None:
        assert error_of(program.send(REVOKE, FULL)) == (409, "CONFLICT")
        assert nothing_happened()


class TestRevoking:
    @pytest.fixture(autouse=True)
    def _held(self, wave: QualificationType) -> None:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=WORKER), value=80)

    def test_silently_unless_words_for_the_worker_are_given(self, program: Program) -> None:
        program.data(REVOKE, **FULL, Reason="For the log")
        change = Change.objects.select_related("job").get()
        assert (change.verb, change.value) == ("revoke", None)
        assert change.job is not None
        assert (change.job.reason, change.job.revoke_reason) == ("For the log", "")

    def test_with_words_for_the_worker(self, program: Program) -> None:
        program.data(REVOKE, **FULL, ReasonForWorker="The study has ended.")
        assert Job.objects.get().revoke_reason == "The study has ended."

    def test_amazons_documentation_names_a_score_that_there_is_not(self, program: Program) -> None:
        assert list(details_of(program.send(REVOKE, FULL | {"IntegerValue": 1}))) == ["IntegerValue"]


class TestRepeating:
    """The same key: the same answer, whatever happened to the first one on its way back."""

    def test_the_same_request_again_does_nothing_more(self, program: Program, wave: QualificationType) -> None:
        first = program.send(GRANT, FULL, key="k-1")
        with new_entries() as entries:
            again = program.send(GRANT, dict(reversed(FULL.items())), key="k-1")
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert (Change.objects.count(), entries) == (1, [])

    def test_it_is_answered_even_when_the_type_is_gone(self, program: Program, wave: QualificationType) -> None:
        first = program.send(GRANT, FULL, key="k-1")
        with audit.transaction(Context.system("tests")) as tx:
            entry = tx.record("qtype.seen_changed")
            QualificationType.objects.filter(pk=wave.pk).update(state="gone", audit_id=entry)
        assert program.send(GRANT, FULL, key="k-1").json() == first.json()

    def test_with_other_content_it_is_a_conflict(self, program: Program, wave: QualificationType) -> None:
        program.send(GRANT, FULL, key="k-1")
        for operation, body in ((GRANT, FULL | {"IntegerValue": 1}), (REVOKE, FULL)):
            assert error_of(program.send(operation, body, key="k-1")) == (409, "CONFLICT")
        assert Change.objects.count() == 1

    def test_the_key_of_another_person_is_another_key(
        self, program: Program, wave: QualificationType, colleague: Any
    ) -> None:
        program.send(GRANT, FULL, key="k-1")
        other = Program(token_for(colleague))
        assert other.send(GRANT, FULL | {"WorkerId": "A2GOODWORKER02"}, key="k-1").status_code == 202

    def test_a_refusal_does_not_use_up_the_key(self, program: Program, wave: QualificationType) -> None:
        assert program.send(GRANT, FULL | {"Study": "none"}, key="k-1").status_code == 400
        assert program.send(GRANT, FULL, key="k-1").status_code == 202

    def test_without_the_right_there_is_no_answer_either(
        self, cast: Cast, program: Program, wave: QualificationType
    ) -> None:
        program.send(GRANT, FULL, key="k-1")
        reading = Program(token_for(cast.granter, Scope.READ))
        assert error_of(reading.send(GRANT, FULL, key="k-1")) == (403, "PERMISSION_DENIED")

    def test_two_at_the_same_moment_make_one_change(
        self, program: Program, wave: QualificationType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second one has looked before the first one was done; the constraint decides."""
        first = program.send(GRANT, FULL, key="k-1")
        seen = iter([None])  # the first look finds nothing yet
        look = repeats.answer_before
        monkeypatch.setattr(repeats, "answer_before", lambda **known: next(seen, look(**known)))
        monkeypatch.setattr(single, "row_for", _as_if_new(single.row_for))
        assert program.send(GRANT, FULL, key="k-1").json() == first.json()
        assert (Change.objects.count(), RepeatKey.objects.count(), Job.objects.count()) == (1, 1, 1)


def _as_if_new(real: Any) -> Any:
    def row_for(*parts: Any) -> Any:
        row = real(*parts)
        row.group = "new"
        return row

    return row_for


class TestProduction:
    """Real workers: the role, the study and the second person count as on the pages."""

    @pytest.fixture
    def real(self, production_account: RequesterAccount) -> QualificationType:
        chosen: QualificationType = TypeFactory(account=production_account, mturk_id="3REAL")
        return chosen

    @pytest.fixture
    def body(self, real: QualificationType, study: Study) -> dict[str, Any]:
        return {"QualificationTypeId": "3REAL", "WorkerId": WORKER, "Study": study.slug}

    def test_with_a_study_it_is_accepted(self, program: Program, body: dict[str, Any]) -> None:
        assert program.send(GRANT, body).status_code == 202

    def test_without_a_study_it_is_not(self, program: Program, body: dict[str, Any]) -> None:
        del body["Study"]
        response = program.send(GRANT, body)
        assert response.status_code == 422
        assert list(details_of(response)) == ["Study"]

    def test_a_closed_study_is_none(self, program: Program, body: dict[str, Any]) -> None:
        StudyFactory(slug="closed", is_open=False)
        assert list(details_of(program.send(GRANT, body | {"Study": "closed"}))) == ["Study"]

    @pytest.mark.parametrize("lowered", [True, False])
    def test_what_a_second_person_must_approve_is_refused(
        self, program: Program, body: dict[str, Any], real: QualificationType, lowered: bool
    ) -> None:
        if lowered:
            QualificationFactory(type=real, worker=WorkerFactory(worker_id=WORKER), value=90)
        with new_entries() as entries:
            response = program.send(
                GRANT, body | ({"IntegerValue": 10} if lowered else {"SendNotification": True})
            )
        assert error_of(response) == (403, "APPROVAL_REQUIRED")
        assert ("lowers 1 score" if lowered else "e-mail 1 worker") in response.json()["error"]["message"]
        assert nothing_happened()
        assert entries == []

    def test_a_role_for_practice_does_not_reach_it(self, cast: Cast, body: dict[str, Any]) -> None:
        person = UserFactory()
        RoleFactory(user=person, role="granter")
        with new_entries() as entries:
            response = Program(token_for(person)).send(GRANT, body)
        assert error_of(response) == (403, "PERMISSION_DENIED")
        assert "does not reach real workers" in response.json()["error"]["message"]
        assert "access.denied" in entries.actions


def test_a_type_of_another_account_is_not_there(cast: Cast, wave: QualificationType) -> None:
    for token in (token_for(cast.outsider), token_for(cast.granter, account=cast.other_account)):
        response = Program(token).send(GRANT, FULL)
        assert error_of(response) == (404, "NOT_FOUND")
        assert error_of(Program(token).send(GRANT, FULL | {"QualificationTypeId": "3NOWHERE"})) == (
            404,
            "NOT_FOUND",
        )
    assert nothing_happened()


def test_a_type_of_several_accounts_needs_a_token_for_one(
    cast: Cast, program: Program, wave: QualificationType
) -> None:
    TypeFactory(account=cast.other_account, mturk_id=wave.mturk_id)
    assert error_of(program.send(GRANT, FULL)) == (409, "CONFLICT")
    one = Program(token_for(cast.granter, account=cast.account))
    assert one.send(GRANT, FULL).status_code == 202
    assert Job.objects.get().account == cast.account


@pytest.mark.parametrize("state", [{"state": "requested"}, {"status": "Inactive"}, {"is_requestable": False}])
def test_a_type_that_cannot_be_given_is_refused(cast: Cast, program: Program, state: dict[str, Any]) -> None:
    TypeFactory(account=cast.account, mturk_id="3OTHER", **state)
    response = program.send(GRANT, FULL | {"QualificationTypeId": "3OTHER"})
    assert response.status_code == 422
    assert list(details_of(response)) == ["QualificationTypeId"]


def test_an_account_that_is_switched_off_takes_nothing(program: Program, cast: Cast) -> None:
    TypeFactory(account=AccountFactory(is_enabled=False), mturk_id="3OFF")
    assert error_of(program.send(GRANT, FULL | {"QualificationTypeId": "3OFF"})) == (409, "CONFLICT")
    assert nothing_happened()


def test_a_restored_service_takes_nothing_and_says_so(cast: Cast, wave: QualificationType) -> None:
    mark_restored(
        actor=Actor.system("restore"), taken_at=timezone.now(), sha256="0" * 64, entries=1, root="0", put_aside=""
    )
    assert error_of(Program(token_for(cast.granter)).send(GRANT, FULL)) == (503, "UNAVAILABLE")
    assert nothing_happened()
