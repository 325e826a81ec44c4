"""From a file or a pasted list over the columns to the check page."""

import csv
from collections.abc import Iterator

import pytest
from django.test import Client

from qualadmin.core.models import Job, Preview, PreviewRow, QualificationType, RequesterAccount
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.people import Cast
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lists import GOOD, SAMPLES, Someone, entries_of, everything, text_of, went_on

pytestmark = pytest.mark.django_db
BATCH, WORKERS = "Batch_5093217_batch_results.csv", "User_1149273_workers.csv"


@pytest.fixture
def wave(cast: Cast) -> QualificationType:
    chosen: QualificationType = TypeFactory(account=cast.account, name="Colour words wave 1")
    return chosen


@pytest.fixture
def checks(cast: Cast) -> QualificationType:
    chosen: QualificationType = TypeFactory(account=cast.account, name="Attention checks")
    return chosen


class TestBatchResults:
    """Amazon's own download of a batch, as it is."""

    def test_it_is_recognised_and_asks_only_what_matters(self, granter: Someone, wave: QualificationType) -> None:
        columns = granter.upload_sample(BATCH)
        page = granter.get(columns)
        assert_valid_page(page)
        text = text_of(page)
        assert "Amazon’s batch results, recognised by its columns · 1,200 rows · 564 different workers" in text
        for status in ("Approved (525 workers)", "Submitted (112 workers)", "Rejected (62 workers)"):
            assert status in text
        assert "5093217" in text
        assert "ignored" in text
        assert 'name="how"' not in page.content.decode()

    def test_everybody_with_one_assignment_that_was_not_rejected_is_551(
        self, granter: Someone, wave: QualificationType
    ) -> None:
        check = went_on(granter.columns(granter.upload_sample(BATCH), type=str(wave.pk), score="100"))
        text = text_of(granter.get(check))
        assert "Check before granting 551 workers" in text
        assert "Grant 551 workers in the emulator" in text
        job = Job.objects.get(pk=went_on(granter.confirm(check)).split("/")[2])
        assert (job.total, job.planned, job.file_name) == (551, 551, BATCH)

    def test_all_statuses_are_everybody(self, granter: Someone, wave: QualificationType) -> None:
        ticked = ["Approved", "Submitted", "Rejected"]
        check = went_on(granter.columns(granter.upload_sample(BATCH), type=str(wave.pk), statuses=ticked))
        assert "Check before granting 564 workers" in text_of(granter.get(check))

    def test_no_status_is_refused(self, granter: Someone, wave: QualificationType) -> None:
        response = granter.columns(granter.upload_sample(BATCH), type=str(wave.pk), statuses=[])
        assert response.status_code == 422
        assert "Tick at least one status" in text_of(response)

    def test_the_check_page_never_holds_all_rows(self, granter: Someone, wave: QualificationType) -> None:
        check = went_on(granter.columns(granter.upload_sample(BATCH), type=str(wave.pk)))
        seen: list[str] = []
        path = check
        for _ in range(20):
            page = granter.get(path)
            rows = [row.worker_id for row in page.context["results"].rows]
            assert len(rows) <= 50
            seen += rows
            if not page.context["results"].older_url:
                break
            path = check + page.context["results"].older_url
        assert len(seen) == len(set(seen)) == 551

    def test_everything_is_kept_for_who_comes_back(self, granter: Someone, wave: QualificationType) -> None:
        columns = granter.upload_sample(BATCH)
        went_on(granter.columns(columns, type=str(wave.pk), score="70", statuses=["Submitted"], reason="Why not"))
        again = granter.columns(columns)
        went_on(again)
        preview = Preview.objects.get()
        assert (preview.score, preview.reason, preview.options["statuses"]) == (70, "Why not", ["Submitted"])
        assert preview.type == wave


class TestWorkerFile:
    """Amazon's worker file: types by name, scores and Revoke in its cells."""

    @pytest.fixture
    def held(self, wave: QualificationType, checks: QualificationType) -> None:
        """Amazon's side as the file's CURRENT- columns describe it."""
        with (SAMPLES / WORKERS).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows[:400]:
            cells = [(one, row[f"CURRENT-{one.name}"].strip()) for one in (wave, checks)]
            if any(cell for _, cell in cells):
                worker = WorkerFactory(worker_id=row["Worker ID"].strip())
                for one, cell in cells:
                    if cell:
                        QualificationFactory(type=one, worker=worker, value=int(cell))

    def test_types_are_proposed_by_name_and_revoking_is_an_explicit_choice(
        self, granter: Someone, wave: QualificationType, checks: QualificationType
    ) -> None:
        columns = granter.upload_sample(WORKERS)
        page = granter.get(columns)
        assert_valid_page(page)
        html = page.content.decode()
        assert f'<option value="{wave.pk}" selected' in html
        assert f'<option value="{checks.pk}" selected' in html
        assert 'name="score"' not in html
        response = granter.columns(columns)
        assert response.status_code == 422
        assert "Choose whether the workers are told." in text_of(response)

    def test_it_gives_what_a_careful_reader_finds(
        self, granter: Someone, held: None, wave: QualificationType, checks: QualificationType
    ) -> None:
        check = went_on(granter.columns(granter.upload_sample(WORKERS), how="silent"))
        rows = PreviewRow.objects.all()
        changes = rows.filter(group__in=["new", "score"])
        assert changes.filter(type=wave).count() == 57
        assert changes.filter(type=checks).count() == 32
        assert rows.filter(type=wave, group="same").count() == 17
        assert rows.filter(type=wave, group="revoke").count() == 14
        assert rows.filter(type=checks, group="revoke").count() == 3
        assert rows.filter(type=checks, group="problem").count() == 9
        page = granter.get(f"{check}?group=problem")
        assert_valid_page(page)
        text = text_of(page)
        assert "Grant 89 and take away 17 in the emulator" in text
        assert "is not handled here" in text
        assert "UPDATE-Attention checks:" in text

    def test_a_type_can_be_left_out_but_not_all(self, granter: Someone, wave: QualificationType) -> None:
        columns = granter.upload_sample(WORKERS)
        response = granter.columns(columns, type_0="", type_1="", how="silent")
        assert response.status_code == 422
        assert "Choose a type for at least one column." in text_of(response)
        went_on(granter.columns(columns, type_0=str(wave.pk), type_1="", how="silent"))
        assert not PreviewRow.objects.filter(column__contains="Attention").exists()

    def test_a_worker_file_is_not_read_as_a_list_to_take_away(self, granter: Someone) -> None:
        columns = went_on(granter.upload(WORKERS, (SAMPLES / WORKERS).read_bytes(), verb="revoke"))
        text = text_of(granter.get(columns))
        assert "This file says in each cell what to do." in text
        assert "Start again with another list" in text
        assert granter.columns(columns).status_code in {200, 422}
        assert PreviewRow.objects.count() == 0


class TestTables:
    """Tables of other origin: columns are proposed, shown and changed."""

    @pytest.mark.parametrize("name", ["scores-semicolon-bom.csv", "scores-utf16.csv", "scores-no-header.csv"])
    def test_three_spellings_of_one_table_give_the_same(
        self, granter: Someone, wave: QualificationType, name: str
    ) -> None:
        columns = granter.upload_sample(name)
        assert_valid_page(granter.get(columns))
        went_on(granter.columns(columns, type=str(wave.pk)))
        rows = PreviewRow.objects.order_by("worker_id").values_list("worker_id", "value", "group")
        assert len(rows) == 60
        assert {row[2] for row in rows} == {"new"}
        digest = Preview.objects.get().rows_sha256
        expected = sorted(
            line.split(",")[:2] for line in (SAMPLES / "scores-no-header.csv").read_text().splitlines() if line
        )
        assert [[row[0], str(row[1])] for row in rows] == expected
        assert len(digest) == 64

    def test_an_unknown_column_is_named_as_ignored(self, granter: Someone, wave: QualificationType) -> None:
        columns = went_on(granter.upload("a.csv", b"WorkerId,Score,Shoe size\nA1GOODWORKER01,5,44\n"))
        text = text_of(granter.get(columns))
        assert "1 ignored column: Shoe size" in text
        assert "2 columns read, 1 ignored" in text

    def test_columns_can_be_chosen_when_nothing_is_certain(
        self, granter: Someone, wave: QualificationType
    ) -> None:
        columns = went_on(granter.upload("a.csv", b"who,how\nfoo,5\nbar,6\n,7\n"))
        page = granter.get(columns)
        assert_valid_page(page)
        assert "Choose the column of the worker IDs" in text_of(page)
        assert "Go on" in text_of(page)
        response = granter.columns(columns, worker_column="0")
        assert response.status_code == 200
        assert "Check line by line" in text_of(response)

    def test_the_first_line_can_be_data_after_all(self, granter: Someone, wave: QualificationType) -> None:
        columns = went_on(granter.upload("a.csv", b"A9FIRST0000001,5\nA1GOODWORKER01,6\n"))
        assert "2 rows" in text_of(granter.get(columns))
        as_names = granter.get(f"{columns}?header=yes")
        assert "1 row " in text_of(as_names)

    def test_one_column_chosen_twice_is_refused(self, granter: Someone, wave: QualificationType) -> None:
        columns = granter.upload_sample("scores-no-header.csv")
        response = granter.columns(columns, worker_column="0", score_column="0", type=str(wave.pk))
        assert response.status_code == 422
        assert "One column was chosen twice." in text_of(response)

    def test_a_list_can_be_taken_away_as_a_whole(self, granter: Someone, wave: QualificationType) -> None:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=GOOD[0]))
        columns = went_on(granter.upload("a.txt", "\n".join(GOOD).encode(), verb="revoke"))
        html = granter.get(columns).content.decode()
        assert 'name="score"' not in html
        assert 'name="notify"' not in html
        check = went_on(granter.columns(columns, type=str(wave.pk), how="silent"))
        assert "Take away from 1 worker in the emulator" in text_of(granter.get(check))


class TestCorrections:
    """A correction is proposed, never made in silence."""

    @pytest.fixture
    def check(self, granter: Someone, wave: QualificationType) -> str:
        return granter.grant(type=wave.pk, list="A1GOODWORKER01\na2goodworker02\na3goodworker03\nme@example.org")

    def test_it_is_left_out_until_accepted(self, granter: Someone, check: str) -> None:
        page = granter.get(check)
        assert_valid_page(page)
        text = text_of(page)
        assert "Grant 1 worker in the emulator" in text
        assert "2 IDs may be meant differently." in text
        assert "Read as A2GOODWORKER02" in text

    def test_ticked_lines_are_used_then_all_then_none(self, granter: Someone, check: str) -> None:
        path = f"{check}corrections/"
        fields = granter.hidden(check)
        went_on(granter.client.post(path, fields | {"use": "ticked", "accept": ["2"]}))
        assert "Grant 2 workers" in text_of(granter.get(check))
        assert "Written as a2goodworker02" in text_of(granter.get(check))
        went_on(granter.client.post(path, fields | {"use": "all"}))
        assert "Grant 3 workers" in text_of(granter.get(check))
        went_on(granter.client.post(path, fields | {"use": "none"}))
        assert "Grant 1 worker " in text_of(granter.get(check))

    def test_a_line_without_a_proposal_cannot_be_accepted(self, granter: Someone, check: str) -> None:
        before = Preview.objects.get().rows_sha256
        fields = granter.hidden(check) | {"use": "ticked"}
        for accept in ("1", "4", "99", "x"):
            assert granter.client.post(f"{check}corrections/", fields | {"accept": [accept]}).status_code == 422
        assert Preview.objects.get().rows_sha256 == before

    def test_a_page_from_before_the_correction_is_not_confirmed(self, granter: Someone, check: str) -> None:
        old = granter.hidden(check)
        went_on(granter.client.post(f"{check}corrections/", old | {"use": "all"}))
        response = granter.client.post(check, old)
        assert response.status_code == 409
        assert "changed in another window after you opened this page. Nothing was done." in text_of(response)
        assert Job.objects.count() == 0
        went_on(granter.confirm(check))
        assert Job.objects.get().total == 3

    def test_the_pasted_list_of_a_notebook(self, granter: Someone, wave: QualificationType) -> None:
        columns = granter.upload_sample("pasted-list.txt")
        check = went_on(granter.columns(columns, type=str(wave.pk)))
        counts = Preview.objects.get().counts
        assert counts["proposed"] > 0
        assert counts["new"] == PreviewRow.objects.filter(group="new").count()
        proposed = granter.get(f"{check}?group=proposed")
        assert_valid_page(proposed)
        assert len(proposed.context["results"].rows) == counts["proposed"]


class TestCheckPage:
    @pytest.fixture
    def check(self, granter: Someone, wave: QualificationType) -> str:
        columns = granter.upload_sample("scores-with-faults.csv")
        return went_on(granter.columns(columns, type=str(wave.pk)))

    def test_tiles_filter_and_their_numbers_are_those_of_the_lines(self, granter: Someone, check: str) -> None:
        counts = Preview.objects.get().counts
        assert counts["problem"] > 5
        for group in set(PreviewRow.Group.values) - {"left", "reject"}:  # of undoing, of answering requests
            page = granter.get(f"{check}?group={group}")
            assert len(page.context["results"].rows) == min(50, counts[group])
            assert f'href="?group={group}"' in granter.get(check).content.decode()

    def test_a_part_of_the_page_is_given_to_htmx(self, granter: Someone, check: str) -> None:
        assert_valid_fragment(granter.fragment(f"{check}?group=problem"))

    def test_problems_come_as_csv_with_why(self, granter: Someone, check: str) -> None:
        response = granter.get(f"{check}problems.csv")
        assert response.headers["Content-Disposition"] == 'attachment; filename="qualadmin-problems.csv"'
        lines = list(csv.reader(b"".join(response.streaming_content).decode("utf-8-sig").splitlines()))
        assert lines[0][-2:] == ["line", "why"]
        assert len(lines) - 1 == Preview.objects.get().counts["problem"]
        assert all(line[-1] for line in lines[1:])

    def test_discarding_forgets_it_and_twice_changes_nothing(self, granter: Someone, check: str) -> None:
        fields = granter.hidden(check)
        for _ in range(2):
            went_on(granter.client.post(f"{check}discard/", fields))
        preview = Preview.objects.get()
        assert (preview.state, preview.content, PreviewRow.objects.count()) == ("discarded", None, 0)
        assert granter.get(check).status_code == 409
        assert granter.client.post(check, fields).status_code == 409
        assert Job.objects.count() == 0

    def test_what_was_confirmed_can_neither_be_changed_nor_discarded(self, granter: Someone, check: str) -> None:
        fields = granter.hidden(check)
        went_on(granter.confirm(check))
        before = everything()
        assert granter.client.post(f"{check}discard/", fields).status_code == 409
        assert granter.client.post(f"{check}corrections/", fields | {"use": "all"}).status_code == 409
        assert granter.get(f"{check}columns/").status_code == 302
        assert granter.get(f"{check}problems.csv").status_code == 409
        assert everything() == before

    def test_it_asks_few_questions_of_the_database(
        self, granter: Someone, check: str, django_assert_max_num_queries: object
    ) -> None:
        granter.get(check)
        with django_assert_max_num_queries(12):  # type: ignore[operator]
            granter.get(f"{check}?group=new")

    def test_only_its_maker_sees_it(self, cast: Cast, check: str, account: RequesterAccount) -> None:
        for name, status in (("manager", 403), ("pi", 403), ("viewer", 403)):
            someone = Someone(Client(), cast.user(name), account)
            for path in (check, f"{check}columns/", f"{check}problems.csv"):
                assert someone.get(path).status_code == status
        outsider = Someone(Client(), cast.outsider, cast.other_account)
        before = entries_of("access.denied")
        assert outsider.get(check).status_code == 404
        assert entries_of("access.denied") == before + 1


def test_the_sample_file_can_be_read_again(granter: Someone, wave: QualificationType) -> None:
    response = granter.get("/bulk/sample.csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    columns = went_on(granter.upload("sample.csv", response.content))
    went_on(granter.columns(columns, type=str(wave.pk), how="silent"))
    assert Preview.objects.get().counts["new"] == 2


def _pages(granter: Someone) -> Iterator[str]:
    yield from ("/grant/", "/revoke/", "/bulk/")


def test_the_forms_are_valid_pages(granter: Someone, wave: QualificationType) -> None:
    for path in _pages(granter):
        assert_valid_page(granter.get(path))
        refused = granter.send(path)
        assert refused.status_code == 422
        assert_valid_page(refused)
