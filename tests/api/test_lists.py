"""Lists from a program: as rows or as a file, read as on the pages, and nothing guessed that nobody saw."""

import base64
from pathlib import Path
from typing import Any

import pytest

from qualadmin.core.models import Change, Preview, PreviewRow, QualificationType, Worker
from tests.api.program import Program, details_of, error_of, token_for
from tests.api.test_reading import pages
from tests.entries import new_entries
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.people import Cast

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
ROWS = [{"WorkerId": "A1GOODWORKER01", "IntegerValue": 80}, {"WorkerId": "A2GOODWORKER02"}]


def packed(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def made(program: Program, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = program.data("CreatePreview", **({"QualificationTypeId": "3WAVE7"} | body))
    return found


def of_file(program: Program, text: str | bytes, **body: Any) -> dict[str, Any]:
    return made(program, File=packed(text), **body)


def lines(program: Program, preview: dict[str, Any], **body: Any) -> list[dict[str, Any]]:
    found = pages(program, "ListPreviewLines", PreviewId=preview["id"], MaxResults=7, **body)
    return [one for page in found for one in page]


def scores(program: Program, preview: dict[str, Any]) -> dict[str, Any]:
    return {one["given"]: one["IntegerValue"] for one in lines(program, preview)}


class TestRows:
    def test_they_are_compared_with_what_is_held_and_nothing_happens(
        self, program: Program, wave: QualificationType
    ) -> None:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id="A3SCORED03"), value=10)
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id="A4ALREADY4"), value=80)
        rows = [
            *ROWS,
            {"WorkerId": "A3SCORED03"},
            {"WorkerId": "A4ALREADY4", "IntegerValue": 80},
            {"WorkerId": "x y"},
        ]
        with new_entries() as entries:
            found = made(program, Rows=rows, IntegerValue=55, Reason="Wave 6 again")
        assert [one.action for one in entries] == ["file.uploaded"]
        assert (
            found["counts"] | {"new": 2, "score_change": 1, "already_so": 1, "cannot_be_done": 1}
            == found["counts"]
        )
        assert (found["changes"], found["state"], found["reason"]) == (3, "ready", "Wave 6 again")
        shown = lines(program, found)
        assert [one["line"] for one in shown] == [1, 2, 3, 4, 5]
        assert [one["IntegerValue"] for one in shown[:3]] == [80, 55, 55]
        assert (shown[2]["value_before"], shown[2]["status_before"]) == (10, "Granted")
        assert shown[4]["message"].endswith(".")
        assert not Change.objects.exists()
        assert not Worker.objects.filter(worker_id="A1GOODWORKER01")

    def test_without_any_score_all_get_the_usual_one(self, program: Program, wave: QualificationType) -> None:
        found = made(program, Rows=[{"WorkerId": "A1GOODWORKER01"}])
        assert scores(program, found) == {"A1GOODWORKER01": wave.default_score}

    def test_some_are_granted_and_some_taken_away(self, program: Program, wave: QualificationType) -> None:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id="A3SCORED03"), value=10)
        found = made(program, Rows=[*ROWS, {"WorkerId": "A3SCORED03", "Action": "Revoke"}])
        assert [one["group"] for one in lines(program, found)] == ["new", "new", "taken_away"]

    def test_taking_away_from_all(self, program: Program, wave: QualificationType) -> None:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id="A3SCORED03"), value=10)
        found = made(program, Rows=[{"WorkerId": "A3SCORED03"}], Verb="revoke", ReasonForWorker="The study ended.")
        assert (found["verb"], found["counts"]["taken_away"], found["emails"]) == (
            "revoke", 1, ["Amazon will e-mail the 1 worker it is taken from, with your reason."],
        )  # fmt: skip

    @pytest.mark.parametrize("text", ["A1,2", 'A"1', "A1;A2", "=cmd()", "A1 A2", "WorkerId", "é", "A1\nA2"])
    def test_a_row_is_one_row_whatever_stands_in_it(
        self, program: Program, wave: QualificationType, text: str
    ) -> None:
        found = made(program, Rows=[{"WorkerId": text}, {"WorkerId": "A2GOODWORKER02"}])
        shown = lines(program, found)
        assert [one["group"] for one in shown] == ["cannot_be_done", "new"]
        assert shown[0]["given"] == text

    @pytest.mark.parametrize(
        ("rows", "why"),
        [
            ([], "Must not be empty."),
            ({}, "Must be a list."),
            ("A1", "Must be a list."),
            ([1], "Item 1: Must be an object."),
            ([{}], "Item 1: WorkerId: Is missing."),
            ([{"WorkerId": 7}], "Item 1: WorkerId: Must be a text."),
            ([{"WorkerId": "x" * 201}], "Item 1: WorkerId: Has 201 characters; 200 are allowed."),
            ([{"WorkerId": "A\0"}], "Item 1: WorkerId: Holds a character that cannot be kept."),
            ([{"WorkerId": "A1", "Score": 1}], "Item 1: Score: There is no such part."),
            ([{"WorkerId": "A1", "IntegerValue": "1"}], "Item 1: IntegerValue: Must be a whole number."),
            ([{"WorkerId": "A1", "Action": "grant"}], "Item 1: Action: Must be one of Grant, Revoke."),
        ],
    )
    def test_what_is_no_row_is_named(self, program: Program, rows: Any, why: str) -> None:
        response = program.send("CreatePreview", {"QualificationTypeId": "3WAVE7", "Rows": rows})
        assert details_of(response) == {"Rows": [why]}

    def test_of_many_faults_the_first_are_named_and_the_rest_counted(self, program: Program) -> None:
        response = program.send("CreatePreview", {"QualificationTypeId": "3WAVE7", "Rows": [1] * 50})
        assert details_of(response)["Rows"][-1] == "And 30 more."


class TestTogether:
    @pytest.mark.parametrize(
        ("body", "parameter"),
        [
            ({}, "Rows"),
            ({"Rows": ROWS, "File": packed("A1")}, "Rows"),
            ({"Rows": ROWS, "FileName": "x.csv"}, "FileName"),
            ({"Rows": ROWS, "WorkerColumn": "x"}, "WorkerColumn"),
            ({"Rows": ROWS, "Statuses": ["Approved"]}, "Statuses"),
            ({"Rows": ROWS, "HasHeader": False}, "HasHeader"),
            ({"Rows": ROWS, "Verb": "revoke"}, "Rows"),
            ({"Rows": ROWS, "Verb": "accept"}, "Verb"),
            ({"Rows": ROWS[1:], "Verb": "revoke", "IntegerValue": 1}, "IntegerValue"),
            ({"Rows": ROWS[1:], "Verb": "revoke", "SendNotification": True}, "SendNotification"),
            ({"Rows": ROWS, "QualificationTypeId": None}, "QualificationTypeId"),
            ({"Rows": ROWS[1:], "IntegerValue": 101}, "IntegerValue"),
            ({"Rows": ROWS, "Study": "none"}, "Study"),
            ({"File": "no base64!"}, "File"),
            ({"File": packed(b"\x89PNG\r\n\x1a\n\0\0")}, "File"),
            ({"File": packed("")}, "File"),
            ({"File": packed("WorkerId\n")}, "File"),
        ],
    )
    def test_what_does_not_go_together_is_named_and_leaves_nothing(
        self, program: Program, wave: QualificationType, body: dict[str, Any], parameter: str
    ) -> None:
        whole = {"QualificationTypeId": "3WAVE7"} | body
        response = program.send("CreatePreview", {name: one for name, one in whole.items() if one is not None})
        assert response.status_code in {400, 422}
        assert list(details_of(response)) == [parameter]
        assert not PreviewRow.objects.exists()
        assert set(Preview.objects.values_list("state", "content")) <= {("discarded", None)}

    def test_types_of_several_accounts_make_no_list(
        self, cast: Cast, program: Program, wave: QualificationType
    ) -> None:
        TypeFactory(account=cast.other_account, mturk_id="3OTHER")
        types = {"Colour words wave 1": "3WAVE7", "Attention checks": "3OTHER"}
        response = program.send("CreatePreview", {"QualificationTypes": types, "File": packed("A1")})
        assert "several accounts" in details_of(response)["QualificationTypes"][0]


class TestFiles:
    def test_columns_as_found(self, program: Program, wave: QualificationType) -> None:
        found = of_file(program, "WorkerId,Score\nA1GOODWORKER01,5\nA2GOODWORKER02,x\n", FileName="../w 7.csv")
        assert (found["file_name"], found["counts"]["new"], found["counts"]["cannot_be_done"]) == ("w 7.csv", 1, 1)
        assert [one["line"] for one in lines(program, found)] == [2, 3]

    def test_columns_by_name(self, program: Program, wave: QualificationType) -> None:
        text = "who,a,b\nA1GOODWORKER01,1,2\nA2GOODWORKER02,3,4\n"
        found = of_file(program, text, WorkerColumn="WHO", ScoreColumn="b")
        assert scores(program, found) == {"A1GOODWORKER01": 2, "A2GOODWORKER02": 4}
        none = of_file(program, text, ScoreColumn="", IntegerValue=9)
        assert set(scores(program, none).values()) == {9}

    def test_columns_without_names(self, program: Program, wave: QualificationType) -> None:
        text = "A1GOODWORKER01,1,2\nA2GOODWORKER02,3,4\n"
        found = of_file(program, text, HasHeader=False, ScoreColumn="column 3")
        assert scores(program, found) == {"A1GOODWORKER01": 2, "A2GOODWORKER02": 4}

    @pytest.mark.parametrize(
        ("text", "body", "parameter"),
        [
            ("who,a\nA1GOODWORKER01,1\n", {"ScoreColumn": "c"}, "ScoreColumn"),
            ("who,a,a\nA1GOODWORKER01,1,1\n", {"ScoreColumn": "a"}, "ScoreColumn"),
            ("x,y\nfoo,bar\n", {}, "WorkerColumn"),
            ("who,Score\nA1GOODWORKER01,1\n", {"IntegerValue": 3}, "IntegerValue"),
            ("who,Score\nA1GOODWORKER01,1\n", {"WorkerColumn": "Score"}, "File"),
            ("who,Score\nA1GOODWORKER01,1\n", {"Statuses": ["Approved"]}, "Statuses"),
        ],
    )
    def test_what_the_file_does_not_have_is_named(
        self, program: Program, wave: QualificationType, text: str, body: dict[str, Any], parameter: str
    ) -> None:
        whole = {"QualificationTypeId": "3WAVE7", "File": packed(text)} | body
        assert list(details_of(program.send("CreatePreview", whole))) == [parameter]
        assert not Preview.objects.exclude(state="discarded").exists()

    def test_amazons_batch_results_want_the_statuses_named(
        self, program: Program, wave: QualificationType
    ) -> None:
        data = (SAMPLES / "Batch_5093217_batch_results.csv").read_bytes()
        body = {"QualificationTypeId": "3WAVE7", "File": packed(data)}
        response = program.send("CreatePreview", body)
        assert "“Approved” (" in details_of(response)["Statuses"][0]
        response = program.send("CreatePreview", body | {"Statuses": ["Approved", "Lost"]})
        assert "“Lost”" in details_of(response)["Statuses"][0]
        approved = of_file(program, data, Statuses=["Approved"])["changes"]
        assert 0 < approved < of_file(program, data, Statuses=["Approved", "Rejected"])["changes"]

    def test_amazons_worker_file_wants_its_types_named(
        self, program: Program, cast: Cast, wave: QualificationType
    ) -> None:
        checks: Any = TypeFactory(account=cast.account, mturk_id="3CHECK")
        data = (SAMPLES / "User_1149273_workers.csv").read_bytes()
        response = program.send("CreatePreview", {"QualificationTypeId": "3WAVE7", "File": packed(data)})
        assert "Attention checks" in details_of(response)["QualificationTypes"][0]
        types = {"Colour words wave 1": "3WAVE7", "Nothing": "3CHECK"}
        response = program.send("CreatePreview", {"QualificationTypes": types, "File": packed(data)})
        assert "“Nothing”" in details_of(response)["QualificationTypes"][0]
        types = {"Attention checks": "3CHECK"}
        preview = program.data("CreatePreview", QualificationTypes=types, File=packed(data))
        assert preview["changes"] > 0
        assert set(PreviewRow.objects.exclude(group="problem").values_list("type", flat=True)) == {checks.pk}

    def test_corrections_are_used_once_somebody_says_so(self, program: Program, wave: QualificationType) -> None:
        text = "WorkerId,Score\n A1GOODWORKER01 ,5\na2goodworker02,6\nA3GOODWORKER03,7\n"
        found = of_file(program, text)
        assert (found["counts"]["corrections_proposed"], found["changes"]) == (2, 1)
        waiting = lines(program, found, Group="correction")
        assert [one["WorkerId"] for one in waiting] == [None, None]
        assert all(one["correction"] for one in waiting)
        body = {"PreviewId": found["id"]}
        for wrong in ({}, {"Lines": []}, {"Lines": [2], "All": True}, {"Lines": [4]}, {"Lines": [0]}):
            assert list(details_of(program.send("AcceptCorrections", body | wrong))) == ["Lines"]
        one = program.data("AcceptCorrections", **body, Lines=[3])
        assert (one["changes"], one["counts"]["corrections_accepted"]) == (2, 1)
        assert one["digest"] != found["digest"]
        both = program.data("AcceptCorrections", **body, All=True)
        assert (both["changes"], both["counts"]["corrections_proposed"]) == (3, 0)


class TestWho:
    def test_previews_are_ones_own(
        self, program: Program, wave: QualificationType, colleague: Any, cast: Cast
    ) -> None:
        preview = made(program, Rows=ROWS)
        digest = {"Digest": preview["digest"]}
        for other in (token_for(colleague), token_for(cast.granter, account=cast.other_account)):
            for operation, more in (
                ("GetPreview", {}), ("ListPreviewLines", {}), ("AcceptCorrections", {"All": True}),
                ("DiscardPreview", {}), ("ConfirmPreview", digest),
            ):  # fmt: skip
                response = Program(other).send(operation, {"PreviewId": preview["id"], **more})
                assert error_of(response) == (404, "NOT_FOUND"), operation
        assert program.data("GetPreview", PreviewId=preview["id"]) == preview

    def test_the_same_call_again_makes_no_second_list(self, program: Program, wave: QualificationType) -> None:
        body = {"QualificationTypeId": "3WAVE7", "Rows": ROWS}
        first, again = (program.send("CreatePreview", body, key="k-1").json() for _ in range(2))
        assert first == again
        assert Preview.objects.count() == 1
        assert error_of(program.send("CreatePreview", body | {"Rows": ROWS[:1]}, key="k-1")) == (409, "CONFLICT")

    def test_ten_megabytes_are_too_many(self, program: Program, wave: QualificationType) -> None:
        response = program.send("CreatePreview", {"QualificationTypeId": "3WAVE7", "File": "QUJD" * 2_500_000})
        assert error_of(response) == (413, "VALIDATION_ERROR")
