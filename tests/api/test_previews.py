"""Confirming, discarding and undoing by a program: exactly what was shown, once, and approved where it must be."""

from typing import Any

import pytest

from qualadmin.core.actions.studies import remove_investigator
from qualadmin.core.models import Change, Job, Preview, QualificationType
from tests.api.program import Program, details_of, error_of, token_for
from tests.api.test_lists import ROWS, lines, made
from tests.approving import Second, second  # noqa: F401  (fixture)
from tests.core.actions.undoing import held
from tests.entries import new_entries
from tests.factories import QualificationFactory, WorkerFactory
from tests.people import Cast
from tests.tasks.hands import finish

pytestmark = pytest.mark.django_db


def confirmation(preview: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"PreviewId": preview["id"], "Digest": preview["digest"], **more}


class TestConfirming:
    def test_exactly_what_was_shown_becomes_a_job_that_is_followed_to_its_result(
        self, program: Program, wave: QualificationType
    ) -> None:
        preview = made(program, Rows=ROWS, Reason="Took part")
        with new_entries() as entries:
            response = program.send("ConfirmPreview", confirmation(preview), key="k-1")
        assert (response.status_code, entries.actions) == (202, ["job.created"])
        job = response.json()["data"]
        assert (job["state"], job["reason"], job["progress"]["left"]) == ("running", "Took part", 2)
        finish(wave.account)
        done = program.data("GetJob", JobId=job["id"])
        assert (done["state"], done["progress"]["done"], done["progress"]["percent"]) == ("finished", 2, 100)
        result = {one["WorkerId"]: one["state"] for one in program.data("ListChanges", JobId=job["id"])}
        assert result == {"A1GOODWORKER01": "done", "A2GOODWORKER02": "done"}

    def test_again_it_is_the_same_job(self, program: Program, wave: QualificationType) -> None:
        preview = made(program, Rows=ROWS)
        first = program.send("ConfirmPreview", confirmation(preview), key="k-1").json()
        assert program.send("ConfirmPreview", confirmation(preview), key="k-1").json() == first
        assert program.data("ConfirmPreview", **confirmation(preview)) == first["data"]
        assert Job.objects.count() == 1
        assert program.data("GetPreview", PreviewId=preview["id"])["state"] == "confirmed"
        assert error_of(program.send("DiscardPreview", {"PreviewId": preview["id"]})) == (409, "CONFLICT")

    def test_another_digest_confirms_nothing(self, program: Program, wave: QualificationType) -> None:
        preview = made(program, Rows=ROWS)
        response = program.send("ConfirmPreview", confirmation(preview | {"digest": "0" * 64}))
        assert error_of(response) == (409, "CONFLICT")
        for wrong in ("", "x", "A" * 64, preview["digest"] + "\n"):
            refused = program.send("ConfirmPreview", confirmation(preview | {"digest": wrong}))
            assert list(details_of(refused)) == ["Digest"]
        assert not Job.objects.exists()

    def test_with_nothing_left_to_do_there_is_no_job(self, program: Program, wave: QualificationType) -> None:
        preview = made(program, Rows=[{"WorkerId": "nobody"}])
        assert preview["changes"] == 0
        assert error_of(program.send("ConfirmPreview", confirmation(preview))) == (422, "VALIDATION_ERROR")

    def test_a_discarded_list_is_forgotten(self, program: Program, wave: QualificationType) -> None:
        preview = made(program, Rows=ROWS)
        for _ in range(2):
            assert program.data("DiscardPreview", PreviewId=preview["id"])["state"] == "discarded"
        assert lines(program, preview) == []
        assert error_of(program.send("ConfirmPreview", confirmation(preview))) == (409, "CONFLICT")
        assert error_of(program.send("AcceptCorrections", {"PreviewId": preview["id"], "All": True}))[0] == 409


class TestApproval:
    """A program that is answered “accepted” takes it for done, so waiting has to be asked for."""

    @pytest.fixture
    def preview(self, program: Program, second: Second) -> dict[str, Any]:  # noqa: F811
        """A list that lowers a score in production."""
        QualificationFactory(type=second.type, worker=WorkerFactory(worker_id="A1GOODWORKER01"), value=90)
        body = {"QualificationTypeId": second.type.mturk_id, "Study": second.study.slug}
        return made(program, **body, Rows=ROWS)

    def test_it_is_refused_and_says_how_to_ask(self, program: Program, preview: dict[str, Any]) -> None:
        assert preview["approval"] == ["It lowers 1 score."]
        with new_entries() as entries:
            response = program.send("ConfirmPreview", confirmation(preview), key="k-1")
        assert error_of(response) == (403, "APPROVAL_REQUIRED")
        assert "AskForApproval" in response.json()["error"]["message"]
        assert entries == []
        assert not Job.objects.exists()
        assert program.data("GetPreview", PreviewId=preview["id"]) == preview

    def test_asked_for_it_waits_and_can_be_withdrawn(self, program: Program, preview: dict[str, Any]) -> None:
        job = program.data("ConfirmPreview", **confirmation(preview, AskForApproval=True))
        assert job["state"] == "waiting"
        assert program.data("ConfirmPreview", **confirmation(preview))["state"] == "waiting"  # the same job
        assert program.data("WithdrawJob", JobId=job["id"])["state"] == "withdrawn"
        assert error_of(program.send("WithdrawJob", {"JobId": job["id"]})) == (409, "CONFLICT")
        assert set(Change.objects.values_list("state", flat=True)) == {"cancelled"}

    def test_where_nobody_could_approve_it_is_refused_at_once(
        self,
        program: Program,
        preview: dict[str, Any],
        second: Second,  # noqa: F811
        cast: Cast,
    ) -> None:
        remove_investigator(actor=cast.manager.as_actor(), study=second.study, user=second.pi)
        response = program.send("ConfirmPreview", confirmation(preview, AskForApproval=True))
        assert error_of(response) == (422, "VALIDATION_ERROR")
        assert not Job.objects.exists()

    def test_more_real_workers_than_a_slip_should_reach_are_counted_by_the_program_too(
        self,
        program: Program,
        second: Second,  # noqa: F811
    ) -> None:
        rows = [{"WorkerId": f"A{number}GOODWORKER"} for number in range(1001, 1102)]
        body = {"QualificationTypeId": second.type.mturk_id, "Study": second.study.slug, "Rows": rows}
        preview = made(program, **body)
        assert (preview["changes"], preview["count_needed"]) == (101, True)
        for wrong in ({}, {"Count": 100}):
            response = program.send("ConfirmPreview", confirmation(preview, **wrong, AskForApproval=True))
            assert list(details_of(response)) == ["Count"]
        assert (
            program.send("ConfirmPreview", confirmation(preview, Count=101, AskForApproval=True)).status_code
            == 202
        )


class TestUndoing:
    @pytest.fixture
    def job(self, program: Program, wave: QualificationType) -> dict[str, Any]:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id="A1GOODWORKER01"), value=10)
        found: dict[str, Any] = program.data("ConfirmPreview", **confirmation(made(program, Rows=ROWS)))
        return found

    def test_every_worker_gets_back_what_was_held(
        self, program: Program, wave: QualificationType, job: dict[str, Any]
    ) -> None:
        before = held(wave)
        finish(wave.account)
        assert held(wave) != before
        first, again = (
            program.send("CreateUndoPreview", {"JobId": job["id"], "Reason": "Wrong list"}, key="k-9").json()[
                "data"
            ]
            for _ in range(2)
        )
        assert first == again
        assert (first["undoes"], first["counts"]["score_change"], first["counts"]["taken_away"]) == (
            job["id"],
            1,
            1,
        )
        assert held(wave) != before
        undoing = program.data("ConfirmPreview", **confirmation(first))
        assert undoing["undoes"] == job["id"]
        finish(wave.account)
        assert {key: one for key, one in held(wave).items() if one[0] == "Granted"} == before

    def test_an_undo_has_no_corrections(
        self, program: Program, wave: QualificationType, job: dict[str, Any]
    ) -> None:
        finish(wave.account)
        preview = program.data("CreateUndoPreview", JobId=job["id"])
        response = program.send("AcceptCorrections", {"PreviewId": preview["id"], "All": True})
        assert error_of(response) == (422, "VALIDATION_ERROR")

    def test_a_job_that_has_not_ended_is_not_undone(self, program: Program, job: dict[str, Any]) -> None:
        assert error_of(program.send("CreateUndoPreview", {"JobId": job["id"]})) == (409, "CONFLICT")
        assert Preview.objects.filter(undoes__isnull=False).count() == 0

    def test_a_job_of_others_is_not_there(self, cast: Cast, job: dict[str, Any]) -> None:
        outsider = Program(token_for(cast.outsider))
        assert error_of(outsider.send("CreateUndoPreview", {"JobId": job["id"]})) == (404, "NOT_FOUND")


class TestKeys:
    def test_pausing_again_by_the_same_key_does_not_pause_what_was_resumed(
        self, program: Program, wave: QualificationType
    ) -> None:
        job = program.data("ConfirmPreview", **confirmation(made(program, Rows=ROWS)))
        body = {"JobId": job["id"]}
        paused = program.send("PauseJob", body, key="p-1").json()
        program.data("ResumeJob", **body)
        assert program.send("PauseJob", body, key="p-1").json() == paused
        assert program.data("GetJob", **body)["state"] == "running"
