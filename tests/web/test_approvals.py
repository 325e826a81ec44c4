"""The second person on the pages: said beforehand, asked for, decided, and remembered."""

import pytest
from django.test import Client

from qualadmin.core.actions.approvals import approve_job, send_back_job, withdraw_job
from qualadmin.core.models import Job, Letter, RequesterAccount, Verb
from tests.approving import Second
from tests.factories import InvestigatorFactory, QualificationFactory, RoleFactory, StudyFactory, WorkerFactory
from tests.tasks.lists import make_job, make_preview, worker_ids
from tests.web.html import assert_valid_page
from tests.web.lists import Someone, entries_of, text_of, went_on

pytestmark = pytest.mark.django_db
State = Job.State


@pytest.fixture
def asker(second: Second) -> Someone:
    return Someone(Client(), second.granter, second.account)


@pytest.fixture
def decider(second: Second) -> Someone:
    return Someone(Client(), second.pi, second.account)


def page_of(job: Job) -> str:
    return f"/jobs/{job.pk}/"


def state_of(job: Job) -> str:
    return Job.objects.get(pk=job.pk).state


class TestBeforehand:
    def test_the_check_page_says_that_why_and_who(self, asker: Someone, second: Second) -> None:
        preview = make_preview(second.granter, second.type, worker_ids(3), study=second.study, notify=True)
        page = asker.get(f"/previews/{preview.pk}/")
        assert_valid_page(page)
        text = text_of(page)
        assert "because it lets Amazon e-mail 3 workers." in text
        assert "Nothing is sent until Pi Person approves." in text
        assert "Ask to grant 3 workers in production" in text
        path = went_on(asker.confirm(f"/previews/{preview.pk}/"))
        job = Job.objects.get()
        assert (path, job.state) == (page_of(job), State.WAITING)
        assert "Waits for a second person" in text_of(asker.get(path))
        assert "What was confirmed" in text_of(asker.get(f"/previews/{preview.pk}/"))

    def test_where_nobody_can_it_says_so_and_refuses(self, asker: Someone, second: Second) -> None:
        preview = make_preview(
            second.granter, second.type, worker_ids(1), study=StudyFactory(title="Nobody's"), notify=True
        )
        path = f"/previews/{preview.pk}/"
        assert "Nobody can approve this." in text_of(asker.get(path))
        refused = asker.confirm(path)
        assert refused.status_code == 422
        assert_valid_page(refused)
        assert "Nobody's” has no other PI" in text_of(refused)
        assert not Job.objects.exists()

    def test_small_jobs_say_nothing_of_it(self, asker: Someone, second: Second) -> None:
        preview = make_preview(second.granter, second.type, worker_ids(3), study=second.study)
        text = text_of(asker.get(f"/previews/{preview.pk}/"))
        assert "second person" not in text
        assert "Grant 3 workers in production" in text


class TestWhileItWaits:
    def test_the_inbox_the_count_and_the_dashboard(self, decider: Someone, asker: Someone, second: Second) -> None:
        assert "Nothing waits for you" in text_of(decider.get("/approvals/"))
        job = second.waiting(2)
        page = decider.get("/approvals/")
        assert_valid_page(page)
        assert f'href="{page_of(job)}"' in page.content.decode()
        assert "It lets Amazon e-mail 2 workers." in text_of(page)
        assert 'Approvals<span class="count">1<span class="sr"> waiting</span>' in page.content.decode()
        assert "1 approval waits for your decision." in text_of(decider.get("/"))
        assert "waits for your decision" not in text_of(asker.get("/"))

    def test_a_job_of_another_account_is_one_switch_away(
        self, decider: Someone, second: Second, account: RequesterAccount
    ) -> None:
        job = second.waiting(1)
        decider.use(account)
        page = decider.get("/approvals/")
        assert_valid_page(page)
        assert "Work in Real lab to see it" in text_of(page)
        assert page_of(job) not in page.content.decode()
        fields = {"account": str(second.account.pk), "next": "/approvals/"}
        assert went_on(decider.client.post("/accounts/use/", fields)) == "/approvals/"
        assert page_of(job) in decider.get("/approvals/").content.decode()

    def test_who_may_decide_sees_what_would_happen(self, decider: Someone, second: Second) -> None:
        job = second.waiting(2, reason="Wave 7 begins.")
        QualificationFactory(type=second.type, worker=job.changes.first().worker, value=3)
        page = decider.get(page_of(job))
        assert_valid_page(page)
        text = text_of(page)
        for part in (
            "Your approval is asked for",
            "it lets Amazon e-mail 2 workers",
            "New 2",
            "1 worker holds another score than when this was asked",
            "Wave 7 begins.",
            "Approve 2 changes",
            "Waits for approval.",
            "ADRAIN0000000",
        ):
            assert part in text, part
        assert "Withdraw" not in text
        assert "0 of 2 done" not in text

    def test_who_asked_sees_whom_it_waits_for_and_whom_no_mail_reached(
        self, asker: Someone, second: Second
    ) -> None:
        job = second.waiting(1)
        text = text_of(asker.get(page_of(job)))
        assert "Nothing is sent until Pi Person approves." in text
        assert "No mail reached" not in text
        assert "Approve" not in text.replace("Approved", "")
        Letter.objects.update(state="failed", problem="the mail server could not be reached")
        page = asker.get(page_of(job))
        assert_valid_page(page)
        assert "No mail reached Pi Person: the mail server could not be reached." in text_of(page)


class TestDeciding:
    def test_approve(self, decider: Someone, second: Second) -> None:
        job = second.waiting(2)
        path = page_of(job)
        sent = decider.send(path, to=f"{path}decide/", decision="approve", words="Go on.")
        page = decider.get(went_on(sent))
        assert_valid_page(page)
        text = text_of(page)
        assert "Approved. The job runs now." in text
        assert "Approved by Pi Person" in text
        assert "Go on." in text
        assert "0 of 2 done" in text
        assert state_of(job) == State.RUNNING

    def test_sending_back_needs_words_and_keeps_nothing_else(
        self, decider: Someone, asker: Someone, second: Second
    ) -> None:
        job = second.waiting(2)
        path = page_of(job)
        refused = decider.send(path, to=f"{path}decide/", decision="send_back", words=" ")
        assert refused.status_code == 422
        assert_valid_page(refused)
        assert "Say why you send it back" in text_of(refused)
        assert state_of(job) == State.WAITING
        said = "Wave 6 is not over.\n<b>Wait</b> until Monday."
        went_on(decider.send(path, to=f"{path}decide/", decision="send_back", words=said))
        page = asker.get(path)
        assert_valid_page(page)
        assert "Sent back by Pi Person" in text_of(page)
        assert "&lt;b&gt;Wait&lt;/b&gt; until Monday." in page.content.decode()
        assert "Not sent: the job was not approved." in text_of(page)
        assert "Sent back" in text_of(asker.get("/jobs/?state=declined"))

    @pytest.mark.parametrize("decision", ["", "delete", "approve\x00"])
    def test_only_the_two_buttons_decide(self, decider: Someone, second: Second, decision: str) -> None:
        job = second.waiting(1)
        path = page_of(job)
        answer = decider.send(path, to=f"{path}decide/", decision=decision, words="x")
        assert answer.status_code == 422
        assert state_of(job) == State.WAITING

    def test_f38_the_slower_one_gets_a_409_page(self, decider: Someone, asker: Someone, second: Second) -> None:
        job = second.waiting(1)
        path = page_of(job)
        fields = decider.hidden(path)
        withdraw_job(actor=second.granter.as_actor(), job_id=job.pk)
        answer = decider.client.post(f"{path}decide/", {**fields, "decision": "approve"})
        assert answer.status_code == 409
        assert_valid_page(answer)
        assert "Somebody was faster: this job was withdrawn meanwhile." in text_of(answer)
        assert state_of(job) == State.WITHDRAWN
        other = make_job(second.granter, second.type, ["AELSE"], study=second.study, notify=True)
        fields = asker.hidden(f"{page_of(other)}withdraw/")
        approve_job(actor=second.pi.as_actor(), job_id=other.pk)
        assert asker.client.post(f"{page_of(other)}withdraw/", fields).status_code == 409
        assert state_of(other) == State.RUNNING

    def test_one_form_sent_twice_decides_once(self, decider: Someone, second: Second) -> None:
        job = second.waiting(1)
        path = page_of(job)
        fields = {**decider.hidden(path), "decision": "approve", "words": ""}
        answers = [decider.client.post(f"{path}decide/", fields) for _ in range(2)]
        assert {went_on(one) for one in answers} == {path}
        assert entries_of("job.approval.granted") == 1

    def test_never_ones_own(self, asker: Someone, second: Second) -> None:
        """The person is a granter and a PI of the study; the form is made by hand."""
        RoleFactory(user=second.granter, role="pi", can_production=True)
        InvestigatorFactory(study=second.study, user=second.granter)
        job = second.waiting(1)
        assert "approve-button" not in asker.get(page_of(job)).content.decode()
        assert "Nothing waits for you" in text_of(asker.get("/approvals/"))
        fields = asker.hidden(f"{page_of(job)}withdraw/")
        for decision in ("approve", "send_back"):
            fields["form_key"] = fields["form_key"][::-1]
            answer = asker.client.post(
                f"{page_of(job)}decide/", {**fields, "decision": decision, "words": "Mine."}
            )
            assert answer.status_code == 403
        assert "You asked for this job yourself" in text_of(answer)
        assert state_of(job) == State.WAITING

    def test_bi35_extra_fields_are_ignored(self, asker: Someone, second: Second) -> None:
        preview = make_preview(second.granter, second.type, worker_ids(1), study=second.study, notify=True)
        extra = {"state": "running", "approved_by": "1", "decision": "approve", "env": "sandbox"}
        went_on(asker.confirm(f"/previews/{preview.pk}/", **extra))
        job = Job.objects.get()
        assert (job.state, job.approval.decision) == (State.WAITING, "")


def test_withdrawing_asks_once_more(asker: Someone, second: Second) -> None:
    job = second.waiting(1)
    assert f"{page_of(job)}withdraw/" in asker.get(page_of(job)).content.decode()
    path = f"{page_of(job)}withdraw/"
    assert_valid_page(asker.get(path))
    assert state_of(job) == State.WAITING
    page = asker.get(went_on(asker.send(path)))
    assert "Withdrawn by Granter Person" in text_of(page)
    assert state_of(job) == State.WITHDRAWN


def test_the_account_says_what_its_limits_are(asker: Someone, second: Second) -> None:
    text = text_of(asker.get(f"/accounts/{second.account.pk}/"))
    assert "A second person from 201 workers, 21 taken away, any lower score, any e-mail" in text


def test_the_log_tells_it_in_sentences(decider: Someone, second: Second) -> None:
    job = second.waiting(1)
    send_back_job(actor=second.pi.as_actor(), job_id=job.pk, words="Not yet.")
    held = QualificationFactory(type=second.type, worker=WorkerFactory(), value=5)
    other = make_job(
        second.granter, second.type, [held.worker.worker_id], verb=Verb.REVOKE,
        study=second.study, revoke_reason="The study has ended.",
    )  # fmt: skip
    approve_job(actor=second.pi.as_actor(), job_id=other.pk)
    page = decider.get("/audit/")
    assert_valid_page(page)
    text = text_of(page)
    for sentence in (
        "Granter Person asked for approval of the job “Grant, 1 change”",
        "Pi Person sent the job “Grant, 1 change” back",
        "Pi Person approved the job “Take away, 1 change”",
    ):
        assert sentence in text, sentence
