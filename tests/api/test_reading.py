"""Reading by a program: what is known here, no more than the person may see, page by page."""

from typing import Any

import pytest

from qualadmin.core.models import Change, Job, QualificationType
from qualadmin.core.permissions import Scope
from tests.api.program import Program, details_of, error_of, token_for
from tests.entries import new_entries
from tests.factories import ChangeFactory, JobFactory, QualificationFactory, TypeFactory, WorkerFactory
from tests.people import Cast
from tests.web.lab import Lab, lab  # noqa: F401  (fixture)

pytestmark = pytest.mark.django_db
GRANT = "AssociateQualificationWithWorker"
WORKER = "A1GOODWORKER01"
SCORE = {"QualificationTypeId": "3WAVE7", "WorkerId": WORKER}


def pages(program: Program, operation: str, **body: Any) -> list[list[dict[str, Any]]]:
    """Every page of a list."""
    found, token = [], ""
    while True:
        more = {"NextToken": token} if token else {}
        answer = program.send(operation, body | more).json()
        found.append(answer["data"])
        token = answer["next"]
        if token is None:
            return found


class TestScore:
    def test_what_is_held_and_that_somebody_looked(self, program: Program, wave: QualificationType) -> None:
        held = QualificationFactory(type=wave, worker=WorkerFactory(worker_id=WORKER), value=77)
        with new_entries() as entries:
            found = program.data("GetQualificationScore", **SCORE)
        assert (found["IntegerValue"], found["Status"], found["WorkerId"]) == (77, "Granted", WORKER)
        assert found["CheckedAt"] == f"{held.checked_at:%Y-%m-%dT%H:%M:%SZ}"
        assert entries.actions == ["worker.searched"]
        assert WORKER not in bytes(entries.only.core).decode()

    def test_nobody_known_and_nothing_held_are_the_same(self, program: Program, wave: QualificationType) -> None:
        unknown = program.send("GetQualificationScore", SCORE)
        QualificationFactory(type=TypeFactory(account=wave.account), worker=WorkerFactory(worker_id=WORKER))
        nothing = program.send("GetQualificationScore", SCORE)
        assert error_of(unknown) == error_of(nothing) == (404, "NOT_FOUND")
        assert unknown.json() == nothing.json()

    def test_pseudonyms_cannot_be_looked_through(self, cast: Cast, wave: QualificationType) -> None:
        assert Program(token_for(cast.viewer)).send("GetQualificationScore", SCORE).status_code == 403


class TestHolders:
    @pytest.fixture
    def ids(self, wave: QualificationType) -> list[str]:
        """Newest first."""
        found = [f"A{number}HOLDER" for number in range(5)]
        for one in found:
            QualificationFactory(type=wave, worker=WorkerFactory(worker_id=one))
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id="A9TAKEN"), status="Revoked")
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=None))
        return found[::-1]

    def test_page_by_page_each_once(self, program: Program, ids: list[str]) -> None:
        found = pages(program, "ListWorkersWithQualificationType", QualificationTypeId="3WAVE7", MaxResults=2)
        assert [[one["WorkerId"] for one in page] for page in found] == [ids[:2], ids[2:4], ids[4:]]

    def test_from_whom_it_was_taken(self, program: Program, ids: list[str]) -> None:
        found = program.data("ListWorkersWithQualificationType", QualificationTypeId="3WAVE7", Status="Revoked")
        assert [one["WorkerId"] for one in found] == ["A9TAKEN"]

    def test_a_next_of_another_question_is_refused(self, program: Program, ids: list[str]) -> None:
        body = {"QualificationTypeId": "3WAVE7", "MaxResults": 1}
        token = program.send("ListWorkersWithQualificationType", body).json()["next"]
        others: list[tuple[str, dict[str, Any]]] = [
            ("ListWorkersWithQualificationType", body | {"Status": "Revoked"}),
            ("ListJobs", {}),
            ("ListQualificationTypes", {}),
        ]
        for operation, other in others:
            response = program.send(operation, other | {"NextToken": token})
            assert set(details_of(response)) == {"NextToken"}

    @pytest.mark.parametrize("token", ["x", "a:b:c", "{}", "x" * 2000])
    def test_a_made_up_next_is_refused(self, program: Program, token: str) -> None:
        assert set(details_of(program.send("ListJobs", {"NextToken": token}))) == {"NextToken"}


class TestTypes:
    def test_by_name_page_by_page(self, program: Program, cast: Cast) -> None:
        for name in ("Beta", "alpha", "Gamma"):
            TypeFactory(account=cast.account, name=name)
        TypeFactory(account=cast.account, name="Not yet there", state="requested", mturk_id=None)
        found = [one["Name"] for page in pages(program, "ListQualificationTypes", MaxResults=1) for one in page]
        assert found == list(QualificationType.objects.grantable().order_by("name").values_list("name", flat=True))
        assert [one["Name"] for one in program.data("ListQualificationTypes", Query="BET")] == ["Beta"]

    def test_one(self, program: Program, wave: QualificationType, cast: Cast) -> None:
        found = program.data("GetQualificationType", QualificationTypeId="3WAVE7")
        assert (found["Name"], found["Account"], found["MaxScore"]) == (
            "Wave 7",
            cast.account.slug,
            wave.max_score,
        )

    def test_types_of_other_accounts_are_not_listed(self, cast: Cast, wave: QualificationType) -> None:
        assert Program(token_for(cast.outsider)).data("ListQualificationTypes") == []
        one = Program(token_for(cast.granter, Scope.READ, account=cast.other_account))
        assert one.data("ListQualificationTypes") == []


class TestJobs:
    def test_a_grant_is_followed_to_its_job(self, program: Program, wave: QualificationType) -> None:
        accepted = program.data(GRANT, **SCORE, IntegerValue=5, Reason="Because")
        change = program.data("GetChange", ChangeId=accepted["id"])
        assert change["created_at"] == accepted["created_at"]
        assert (change["state"], change["WorkerId"], change["IntegerValue"]) == ("planned", WORKER, 5)
        assert change["message"] == "Waits for its turn."
        job = program.data("GetJob", JobId=change["job_id"])
        assert (job["state"], job["kind"], job["reason"]) == ("running", "grant", "Because")
        assert job["progress"] == {
            "total": 1, "left": 1, "done": 0, "failed": 0, "already_so": 0, "not_done": 0, "needs_person": 0,
            "percent": 0,
        }  # fmt: skip
        assert program.data("ListChanges", JobId=job["id"]) == [change]
        assert program.data("ListJobs") == [job]

    def test_every_state_has_a_word(self, program: Program, lab: Lab) -> None:  # noqa: F811
        for state in Job.State:
            JobFactory(account=lab.cast.account, created_by=lab.cast.granter, state=state)
        for number, state in enumerate(Change.State, start=10):
            ChangeFactory(type=lab.type, job=lab.job, n=number, state=state)
        assert {one["state"] for one in program.data("ListJobs")} == {one.name.lower() for one in Job.State}
        changes = [
            one for page in pages(program, "ListChanges", JobId=str(lab.job.pk), MaxResults=3) for one in page
        ]
        assert {one["state"] for one in changes} == {one.name.lower() for one in Change.State}
        assert len({one["id"] for one in changes}) == len(changes) == Change.objects.filter(job=lab.job).count()

    def test_jobs_page_by_page_newest_first(self, program: Program, cast: Cast) -> None:
        made = [JobFactory(account=cast.account, created_by=cast.granter) for _ in range(3)]
        found = [one["id"] for page in pages(program, "ListJobs", MaxResults=1) for one in page]
        assert found == [
            str(one.pk) for one in sorted(made, key=lambda one: (one.created_at, one.pk), reverse=True)
        ]

    def test_a_pi_sees_the_own_studies_and_a_viewer_no_worker(self, lab: Lab) -> None:  # noqa: F811
        pi, viewer = (Program(token_for(lab.cast.user(name))) for name in ("pi", "viewer"))
        assert {one["title"] for one in pi.data("ListJobs")} == {"wave-7.csv"}
        assert error_of(pi.send("GetJob", {"JobId": str(lab.other_job.pk)})) == (404, "NOT_FOUND")
        assert viewer.data("GetChange", ChangeId=str(lab.change.pk))["WorkerId"] is None
        assert pi.data("GetChange", ChangeId=str(lab.change.pk))["WorkerId"] == lab.worker.worker_id

    def test_what_is_of_others_is_not_there(self, lab: Lab) -> None:  # noqa: F811
        outsider = Program(token_for(lab.cast.outsider))
        for operation, body in (
            ("GetJob", {"JobId": str(lab.job.pk)}),
            ("ListChanges", {"JobId": str(lab.job.pk)}),
            ("GetChange", {"ChangeId": str(lab.change.pk)}),
        ):
            assert error_of(outsider.send(operation, body)) == (404, "NOT_FOUND")

    def test_what_was_only_seen_at_amazon_is_no_change_of_a_job(self, program: Program, lab: Lab) -> None:  # noqa: F811
        seen = Change.objects.filter(job=None).values_list("pk", flat=True)[0]
        assert error_of(program.send("GetChange", {"ChangeId": str(seen)})) == (404, "NOT_FOUND")
        assert error_of(program.send("GetChange", {"ChangeId": "9" * 18})) == (404, "NOT_FOUND")
