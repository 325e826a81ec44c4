"""Jobs: the list, the page that follows one, what can be asked of it, and the permanent result."""

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from qualadmin.core.models import AccountPace, Change, Environment, Heartbeat, Job, QualificationType
from qualadmin.web.progress import Progress
from tests.factories import AccountFactory, ChangeFactory, JobFactory, StudyFactory, TypeFactory, WorkerFactory
from tests.people import Cast
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lists import Someone, entries_of, everything, text_of, went_on

pytestmark = pytest.mark.django_db
UNKNOWN = "Amazon does not know this worker in this environment. Check the worker ID."


@pytest.fixture
def heart_beats(db: None) -> None:
    Heartbeat.objects.create(name="cluster", beat_at=timezone.now())


def make_job(
    cast: Cast, wave: QualificationType, states: list[str], *, who: str = "JOBWORKER", **fields: Any
) -> Job:
    """A job of the granter with one change in each of `states`."""
    open_ones = sum(state in Change.OPEN for state in states)
    counters = {state: states.count(state) for state in ("done", "failed", "skipped", "cancelled")}
    counters["needs_person"] = states.count("person")
    values = {"total": len(states), "planned": open_ones, **counters, "created_by": cast.granter, **fields}
    job: Job = JobFactory(account=cast.account, started_at=timezone.now(), **values)
    now = timezone.now()
    for number, state in enumerate(states, start=1):
        message = UNKNOWN if state == "failed" else ""
        ChangeFactory(
            job=job, type=wave, n=number, line=number, state=state, attempt=1, message=message,
            code="RequestError" if message else "", worker=WorkerFactory(worker_id=f"A{number}{who}"),
            finished_at=None if state in Change.OPEN else now,
        )  # fmt: skip
    return job


def page_of(job: Job) -> str:
    return f"/jobs/{job.pk}/"


class TestWhileItRuns:
    def test_it_asks_again_and_says_how_far_it_is(
        self, granter: Someone, cast: Cast, wave: QualificationType, heart_beats: None
    ) -> None:
        job = make_job(cast, wave, ["done", "failed", "skipped", "planned"])
        page = granter.get(page_of(job))
        assert_valid_page(page)
        html = page.content.decode()
        assert f'data-hx-get="/jobs/{job.pk}/progress/" data-hx-trigger="every 2s"' in html
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in html
        text = text_of(page)
        assert "3 of 4 done (75%), 1 failed" in text
        assert "You can close this page." in text
        assert "task cluster is not running" not in text

    def test_the_part_that_is_asked_for_again(
        self, granter: Someone, cast: Cast, wave: QualificationType, heart_beats: None
    ) -> None:
        job = make_job(cast, wave, ["done", "planned"])
        part = granter.fragment(f"{page_of(job)}progress/")
        assert_valid_fragment(part)
        assert "data-poll" in part.content.decode()
        assert "HX-Trigger" not in part.headers
        Job.objects.filter(pk=job.pk)
        ended = make_job(cast, wave, [], total=0, state="finished", finished_at=timezone.now())
        part = granter.fragment(f"{page_of(ended)}progress/")
        assert "data-poll" not in part.content.decode()
        assert "hx-trigger" not in part.content.decode()
        assert part.headers["HX-Trigger"] == "job-ended"

    def test_lines_that_renew_themselves_add_nothing_to_the_history(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        job = make_job(cast, wave, ["done"])
        here = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page_of(job)}"}
        same = granter.get(page_of(job), headers=here)
        assert "HX-Push-Url" not in same.headers
        other = granter.get(f"{page_of(job)}?outcome=done", headers=here)
        assert other.headers["HX-Push-Url"] == f"{page_of(job)}?outcome=done"

    def test_without_htmx_the_part_leads_to_the_page(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        job = make_job(cast, wave, ["planned"])
        assert went_on(granter.get(f"{page_of(job)}progress/")) == page_of(job)

    def test_a_silent_worker_process_is_said(self, granter: Someone, cast: Cast, wave: QualificationType) -> None:
        job = make_job(cast, wave, ["planned"])
        assert "The task cluster is not running." in text_of(granter.get(page_of(job)))
        Heartbeat.objects.create(name="cluster", beat_at=timezone.now() - timedelta(seconds=61))
        assert "The task cluster is not running." in text_of(granter.get(page_of(job)))

    def test_throttling_is_a_fact_and_not_an_error(
        self, granter: Someone, cast: Cast, wave: QualificationType, heart_beats: None
    ) -> None:
        job = make_job(cast, wave, ["planned"])
        pace = AccountPace.objects.create(account=cast.account, throttled_at=timezone.now())
        text = text_of(granter.get(page_of(job)))
        assert "Amazon asked us to slow down. This is normal: going on more slowly." in text
        pace.throttled_at = timezone.now() - timedelta(minutes=2)
        pace.open_until = timezone.now() + timedelta(seconds=50)
        pace.save()
        text = text_of(granter.get(page_of(job)))
        assert "slow down" not in text
        assert "Nothing is sent for about 50 s" in text

    def test_a_paused_or_switched_off_account_is_said(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        paused = AccountFactory(name="Paused lab", paused_reason="Amazon refused the credentials.")
        off = AccountFactory(name="Off lab", is_enabled=False)
        for account, words in ((paused, "Amazon refused the credentials."), (off, "is switched off")):
            granter.use(account)
            job = JobFactory(account=account, created_by=cast.granter, total=1, planned=1)
            assert words in text_of(granter.get(page_of(job)))

    def test_time_left_is_only_told_after_five_seconds_and_rounded(
        self, cast: Cast, wave: QualificationType, heart_beats: None
    ) -> None:
        job = make_job(cast, wave, ["done"] * 20 + ["planned"] * 40)
        early = Progress(job, job.started_at + timedelta(seconds=4))
        assert early.rate == 0
        assert "Time left" not in dict(early.facts)
        later = Progress(job, job.started_at + timedelta(seconds=10))
        assert later.rate == pytest.approx(2.0, rel=0.05)
        assert dict(later.facts)["Time left"] == "about 20 s"
        assert dict(later.facts)["Rate"] == "2 a second"
        much_later = Progress(job, job.started_at + timedelta(seconds=60))
        assert "Time left" not in dict(much_later.facts)


class TestPauseStopResumeRetry:
    def test_stopping_asks_once_more_and_twice_is_once(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        job = make_job(cast, wave, ["done", "planned", "planned"])
        question = granter.get(f"{page_of(job)}stop/")
        assert_valid_page(question)
        assert "Stop after 1 of 3" in text_of(question)
        assert Job.objects.get().state == "running"
        fields = granter.hidden(f"{page_of(job)}stop/")
        for _ in range(2):
            went_on(granter.client.post(f"{page_of(job)}stop/", fields))
        assert entries_of("job.stopped") == 1
        page = granter.get(page_of(job))
        assert_valid_page(page)
        assert "Stopped after 1; 2 not done" in text_of(page)
        assert "Resume" not in text_of(page)
        assert went_on(granter.get(f"{page_of(job)}stop/")) == page_of(job)

    def test_pausing_is_one_click_and_leaves_resume_and_stop(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        job = make_job(cast, wave, ["done", "planned", "planned"])
        fields = granter.hidden(page_of(job))
        for _ in range(2):
            assert went_on(granter.client.post(f"{page_of(job)}pause/", fields)) == page_of(job)
        assert entries_of("job.paused") == 1
        page = granter.get(page_of(job))
        assert_valid_page(page)
        assert "Paused after 1; 2 left" in text_of(page)
        assert [word for word in ("Resume", "Stop…", "Pause ") if word in text_of(page)] == ["Resume", "Stop…"]
        assert "data-poll" in page.content.decode()  # calls in hand still come back
        assert "Leave it paused" in text_of(granter.get(f"{page_of(job)}stop/"))

    def test_resuming_goes_on(self, granter: Someone, cast: Cast, wave: QualificationType) -> None:
        job = make_job(cast, wave, ["planned"], state="paused")
        fields = granter.hidden(page_of(job))
        for _ in range(2):
            assert went_on(granter.client.post(f"{page_of(job)}resume/", fields)) == page_of(job)
        assert Job.objects.get().state == "running"
        assert entries_of("job.resumed") == 1

    def test_retrying_sends_only_what_failed_and_a_second_click_leads_to_the_job(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        job = make_job(cast, wave, ["done", "failed", "failed"], state="finished", finished_at=timezone.now())
        assert "Retry 2 failed" in text_of(granter.get(page_of(job)))
        fields = granter.hidden(page_of(job))
        for _ in range(2):
            assert went_on(granter.client.post(f"{page_of(job)}retry/", fields)) == page_of(job)
        assert entries_of("job.retried") == 1
        assert Change.objects.filter(job=job, state="planned", attempt=1).count() == 2

    @pytest.mark.parametrize("verb", ["pause", "stop", "resume", "retry"])
    def test_bi_36_a_finished_job_is_neither_paused_nor_stopped_nor_resumed_nor_retried(
        self, granter: Someone, cast: Cast, wave: QualificationType, verb: str
    ) -> None:
        job = make_job(cast, wave, ["done"], state="finished", finished_at=timezone.now())
        fields = granter.hidden("/grant/")
        before = everything()
        response = granter.client.post(f"{page_of(job)}{verb}/", fields)
        assert response.status_code == 409
        assert Job.objects.get().state == "finished"
        assert everything() == before

    @pytest.mark.parametrize(("name", "status"), [("pi", 302), ("manager", 302), ("viewer", 403)])
    def test_who_may_stop(self, cast: Cast, wave: QualificationType, name: str, status: int) -> None:
        job = make_job(cast, wave, ["planned"])
        someone = Someone(Client(), cast.user(name), cast.account)
        sees = f'href="{page_of(job)}stop/"' in someone.get(page_of(job)).content.decode()
        assert sees is (status == 302)
        fields = someone.hidden("/profile/")
        assert someone.get(f"{page_of(job)}stop/").status_code == (200 if status == 302 else 403)
        guard = {"guard_account": str(cast.account.pk), "guard_environment": "emulator"}
        guard |= {"guard_person": str(cast.user(name).pk), "form_key": "0" * 32}
        for verb in ("pause", "stop"):
            assert someone.client.post(f"{page_of(job)}{verb}/", fields | guard).status_code == status
        for verb in ("resume", "retry"):
            assert someone.client.post(f"{page_of(job)}{verb}/", fields | guard).status_code == 403
        assert "Resume" not in text_of(someone.get(page_of(job)))


class TestInParts:
    """Large jobs: what the page says, and which buttons it has, while they are worked on in parts."""

    @pytest.mark.parametrize(
        ("state", "prepares", "counts", "says", "buttons"),
        [
            ("preparing", "list", {"planned": 500}, "Being prepared: 500 of 2,000", ["Pause", "Stop…"]),
            ("preparing", "approved", {"planned": 2000}, "is being left out", ["Pause", "Stop…"]),
            ("preparing", "retry", {"planned": 400, "failed": 600, "done": 1000}, "sent again: 400 of 1,000",
             ["Pause", "Stop…"]),
            ("paused", "list", {"planned": 500}, "Paused while being prepared: 500 of 2,000",
             ["Stop…", "Resume"]),
            ("stopped", "", {"cancelled": 500}, "500 of 2,000 lines had been written down", []),
            ("stopped", "", {"cancelled": 1500, "done": 500}, "Stopped after 500; 1,500 not done", []),
        ],
    )  # fmt: skip
    def test_what_it_says_and_offers(
        self, granter: Someone, cast: Cast, wave: QualificationType, heart_beats: None, state: str, prepares: str,
        counts: dict[str, int], says: str, buttons: list[str],
    ) -> None:  # fmt: skip
        ended = timezone.now() if state == "stopped" else None
        fields = {"total": 2000, "planned": 0, "done": 0, "cancelled": 0, **counts}
        job = make_job(cast, wave, ["cancelled"], state=state, prepares=prepares, finished_at=ended, **fields)
        page = granter.get(page_of(job))
        assert_valid_page(page)
        assert says in text_of(page)
        html = page.content.decode()
        names = {"Pause": "job-pause", "Stop…": "job-stop", "Resume": "job-resume"}
        assert [one for one in names if f'id="{names[one]}"' in html] == buttons
        if state != "stopped":
            assert_valid_page(granter.get(f"{page_of(job)}stop/"))

    def test_a_job_whose_lines_are_still_to_come_does_not_say_that_it_has_none(
        self, granter: Someone, cast: Cast, wave: QualificationType, heart_beats: None
    ) -> None:
        job = make_job(cast, wave, [], state="preparing", prepares="list", total=2000)
        text = text_of(granter.get(page_of(job)))
        assert "No line is written down yet" in text
        assert "Nothing was left to do" not in text

    def test_what_is_not_given_up_yet_is_not_queued_any_more(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        job = make_job(cast, wave, ["planned"], state="stopped")
        text = text_of(granter.get(page_of(job)))
        assert "Not done Is not sent any more." in text
        assert "Queued" not in text


class TestTheResult:
    @pytest.fixture
    def job(self, cast: Cast, wave: QualificationType) -> Job:
        study = StudyFactory(title="Colours")
        return make_job(
            cast, wave, ["done", "failed", "skipped", "cancelled", "person"], state="finished", study=study,
            finished_at=timezone.now(), reason="Took part", source="file", file_name="list.csv",
            file_sha256="ab" * 32,
        )  # fmt: skip

    def test_it_says_who_when_why_from_which_file_and_how_each_line_ended(
        self, granter: Someone, job: Job
    ) -> None:
        page = granter.get(page_of(job))
        assert_valid_page(page)
        text = text_of(page)
        for words in ("Granter Person", "Colours", "Took part", "list.csv", "ab" * 32, "Finished, with failures"):
            assert words in text
        assert "Amazon does not know this worker in this environment. Check the worker ID. RequestError" in text
        assert "Look at the worker and decide." in text
        assert "data-poll" not in page.content.decode()

    @pytest.mark.parametrize("outcome", ["done", "failed", "skipped", "cancelled", "person", "open"])
    def test_lines_are_filtered_by_outcome(self, granter: Someone, job: Job, outcome: str) -> None:
        page = granter.get(f"{page_of(job)}?outcome={outcome}")
        assert_valid_page(page)
        assert [one.state for one in page.context["results"].rows] == ([] if outcome == "open" else [outcome])
        assert_valid_fragment(granter.fragment(f"{page_of(job)}?outcome={outcome}"))

    def test_the_csv_has_every_line_and_its_download_is_on_record(self, granter: Someone, job: Job) -> None:
        response = granter.get(f"{page_of(job)}results.csv")
        lines = list(csv.DictReader(b"".join(response.streaming_content).decode("utf-8-sig").splitlines()))
        assert [line["Worker ID"] for line in lines] == [f"A{n}JOBWORKER" for n in range(1, 6)]
        assert lines[0]["Outcome"] == "Granted"
        assert lines[1]["Code"] == "RequestError"
        assert entries_of("job.exported") == 1

    def test_viewers_see_pseudonyms_and_take_nothing_away(self, cast: Cast, job: Job) -> None:
        viewer = Someone(Client(), cast.viewer, cast.account)
        for response in (viewer.get(page_of(job)), viewer.fragment(f"{page_of(job)}progress/")):
            assert "JOBWORKER" not in response.content.decode()
        html = viewer.get(page_of(job)).content.decode()
        assert "W-" in html
        assert "results.csv" not in html
        assert viewer.get(f"{page_of(job)}results.csv").status_code == 403
        assert entries_of("job.exported") == 0

    def test_a_pi_does_not_see_jobs_of_other_studies(self, cast: Cast, job: Job) -> None:
        pi = Someone(Client(), cast.pi, cast.account)
        assert pi.get(page_of(job)).status_code == 404
        assert "list.csv" not in text_of(pi.get("/jobs/"))

    def test_it_asks_few_questions_of_the_database(
        self, granter: Someone, job: Job, django_assert_max_num_queries: Any
    ) -> None:
        granter.get(page_of(job))
        for path in (page_of(job), f"{page_of(job)}?outcome=done", "/jobs/?state=finished", "/requests/"):
            with django_assert_max_num_queries(12):
                granter.get(path)
        with django_assert_max_num_queries(12):
            granter.fragment(f"{page_of(job)}progress/")

    def test_another_account_in_use_says_which_one_to_switch_to(
        self, granter: Someone, cast: Cast, job: Job
    ) -> None:
        granter.use(cast.other_account)
        response = granter.get(page_of(job))
        assert response.status_code == 409
        assert "This job belongs to “Practice lab”" in text_of(response)


class TestTheList:
    def test_it_shows_the_jobs_of_the_account_in_use(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        job = make_job(cast, wave, ["done", "planned"], title="Mine")
        JobFactory(account=cast.other_account, title="Elsewhere")
        page = granter.get("/jobs/")
        assert_valid_page(page)
        text = text_of(page)
        assert "Mine" in text
        assert "1 of 2" in text
        assert "Elsewhere" not in text
        assert page_of(job) in page.content.decode()

    def test_filters_live_in_the_address_and_show_as_chips(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        study = StudyFactory(title="Colours")
        make_job(cast, wave, ["done"], title="Wanted", state="finished", study=study)
        make_job(cast, wave, ["planned"], title="Other", who="ELSE")
        today = timezone.now().date()
        for query in (
            "state=finished",
            f"study={study.pk}",
            f"by={cast.granter.pk}&state=finished",
            f"kind=grant&state=finished&from={today}&to={today}",
        ):
            page = granter.get(f"/jobs/?{query}")
            assert_valid_page(page)
            assert "Wanted" in text_of(page)
            assert "Filtered by" in text_of(page)
            assert [job.title for job in page.context["results"].rows] == ["Wanted"]
        assert_valid_fragment(granter.fragment("/jobs/?state=finished"))

    def test_empty_states_differ(self, granter: Someone, cast: Cast) -> None:
        assert "No jobs yet" in text_of(granter.get("/jobs/"))
        viewer = Someone(Client(), cast.viewer, cast.account)
        assert "Grant a qualification" not in text_of(viewer.get("/jobs/"))
        make_job(cast, TypeFactory(account=cast.account), ["done"])
        assert "No job matches" in text_of(granter.get("/jobs/?state=stopped"))

    def test_no_address_holds_a_worker_id(self, granter: Someone, cast: Cast, wave: QualificationType) -> None:
        job = make_job(cast, wave, ["done"])
        for path in ("/jobs/", page_of(job)):
            html = granter.get(path).content.decode()
            assert not any("JOBWORKER" in piece.split('"')[0] for piece in html.split('href="')[1:])


def test_production_is_named_on_a_job_page(granter: Someone, cast: Cast) -> None:
    real = AccountFactory(name="Real lab", environment=Environment.PRODUCTION)
    granter.use(real)
    job = JobFactory(account=real, created_by=cast.granter)
    page = granter.get(page_of(job))
    assert "· Production ·" in page.content.decode().split("</title>")[0]
