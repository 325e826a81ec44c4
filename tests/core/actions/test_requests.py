"""Answering requests: who may, what is refused, approval, many at once, answers kept and forgotten."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions.answering import Rule
from qualadmin.core.actions.answers import change_scoring_key, forget_answers
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.previews import Wishes
from qualadmin.core.actions.requests import (
    answer_request,
    plan_answers,
    request_reading,
    select_requests,
    take_back,
)
from qualadmin.core.actions.seen import SeenRequest
from qualadmin.core.actions.waiting import apply_requests
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    AskedTest,
    Change,
    Job,
    Preview,
    PreviewRow,
    QualificationRequest,
    QualificationType,
    RequestAnswers,
    RequesterAccount,
    ScoringKey,
    Study,
    User,
    Verb,
)
from qualadmin.core.scoring import sheet_of
from tests.approving import Second
from tests.entries import new_entries
from tests.factories import QualificationFactory, RequestFactory, RoleFactory, TypeFactory, UserFactory
from tests.people import Cast
from tests.questions.documents import ANSWERS, form, key, question, scored, selections

pytestmark = pytest.mark.django_db

Group, State = PreviewRow.Group, QualificationRequest.State
TEST = form(question("sky", selections("blue", "green")), question("why"))
KEY = key(scored("sky", ("blue", 90), default=10))


def answers(sky: str) -> str:
    return (
        f'<QuestionFormAnswers xmlns="{ANSWERS}"><Answer><QuestionIdentifier>sky</QuestionIdentifier>'
        f"<SelectionIdentifier>{sky}</SelectionIdentifier></Answer>"
        "<Answer><QuestionIdentifier>why</QuestionIdentifier><FreeText>I looked.</FreeText></Answer>"
        "</QuestionFormAnswers>"
    )


@pytest.fixture
def wave(account: RequesterAccount) -> QualificationType:
    made: QualificationType = TypeFactory(account=account)
    return made


def answer(person: User, one: QualificationRequest, verb: Verb = Verb.ACCEPT, **wishes: Any) -> Change:
    if verb == Verb.ACCEPT:
        wishes = {"score": 80, **wishes}
    return answer_request(actor=person.as_actor(), request_id=one.pk, verb=verb, wishes=Wishes(**wishes))


def waiting(wave: QualificationType, *skies: str) -> list[QualificationRequest]:
    """Requests with answers, as Amazon lists them."""
    seen = [
        SeenRequest(f"3R{n}", wave.mturk_id or "", f"AASKER{n}", timezone.now(), TEST, answers(sky))
        for n, sky in enumerate(skies)
    ]
    apply_requests(actor=Actor.system("tests"), account=wave.account, requests=seen)
    return list(QualificationRequest.objects.order_by("mturk_id"))


def test_of_two_people_the_second_reads_who_answered(wave: QualificationType, granter: User) -> None:
    one = RequestFactory(type=wave)
    second = UserFactory(full_name="Second Person")
    RoleFactory(user=second, role="granter")
    answer(granter, one)
    with pytest.raises(Conflict, match=r"accepted it with score 80; Amazon is being told\. Nothing more was done"):
        answer(second, one, Verb.REJECT)
    assert Job.objects.count() == Change.objects.count() == 1


def test_an_answer_that_was_taken_back_leaves_the_request_to_others(wave: QualificationType, cast: Cast) -> None:
    one = RequestFactory(type=wave)
    second = UserFactory()
    RoleFactory(user=second, role="granter")
    change = answer(cast.granter, one)
    with pytest.raises(NotAllowed):
        take_back(actor=second.as_actor(), change_id=change.pk)
    take_back(actor=cast.granter.as_actor(), change_id=change.pk)
    job = Job.objects.get()
    assert (job.state, job.cancelled, job.planned) == (Job.State.FINISHED, 1, 0)
    assert answer(second, one, Verb.REJECT, revoke_reason="Not now.").state == Change.State.PLANNED


@pytest.mark.parametrize(
    ("wishes", "field"),
    [({"score": None}, "score"), ({"score": 101}, "score"), ({"score": -1}, "score")],
)
def test_scores_that_cannot_be(wave: QualificationType, granter: User, wishes: dict[str, Any], field: str) -> None:
    one = RequestFactory(type=wave)
    with new_entries() as entries, pytest.raises(ActionError) as refused:
        answer(granter, one, **wishes)
    assert refused.value.field == field
    assert not list(entries)
    assert not Preview.objects.exists()


def test_who_may_not_answer(wave: QualificationType, cast: Cast) -> None:
    one = RequestFactory(type=wave)
    with pytest.raises(NotAllowed):
        answer(cast.manager, one)
    elsewhere = RequestFactory(type=TypeFactory(account=cast.other_account))
    person = UserFactory()
    RoleFactory(user=person, role="granter", account=cast.account)
    with pytest.raises(NotVisible):
        answer(person, elsewhere)
    assert not Job.objects.exists()


def test_lowering_a_score_in_production_waits_for_a_pi(second: Second, granter: User, study: Study) -> None:
    one = RequestFactory(type=second.type)
    QualificationFactory(type=one.type, worker=one.worker, value=90)
    with pytest.raises(ActionError, match="Name the study"):
        answer(granter, one)
    change = answer(granter, one, study=study)
    assert change.job
    assert change.job.state == Job.State.WAITING
    with pytest.raises(Conflict, match="that waits for approval"):
        answer(granter, one, Verb.REJECT, study=study)
    take_back(actor=granter.as_actor(), change_id=change.pk)
    assert Job.objects.get().state == Job.State.WITHDRAWN
    assert answer(granter, one, score=95, study=study).job.state == Job.State.RUNNING  # type: ignore[union-attr]


def test_many_are_accepted_with_what_the_key_makes_of_their_answers(
    wave: QualificationType, granter: User
) -> None:
    actor = granter.as_actor()
    blue, green, held = waiting(wave, "blue", "green", "blue")
    QualificationFactory(type=wave, worker=held.worker, value=90)
    bare = RequestFactory(type=wave)
    with new_entries() as entries:
        change_scoring_key(actor=actor, type=wave, text=KEY, test=TEST)
        change_scoring_key(actor=actor, type=wave, text=KEY, test=TEST)  # changes nothing
    before, after = entries.only.changes["sha256"]
    assert (entries.only.action, before == after) == ("qtype.key.changed", False)
    rows = QualificationRequest.objects.all()
    with new_entries() as entries:
        preview = select_requests(actor=actor, account=wave.account, rows=rows, verb=Verb.ACCEPT, matching=True)
    assert entries.only.action == "request.selected"
    assert entries.only.changes == {"rows": [None, 4], "matching": [None, True], "verb": [None, "accept"]}
    plan_answers(actor=actor, preview=preview, wishes=Wishes(), rule=Rule(by_key=True))
    found = {row.request_id: row for row in preview.rows.all()}
    assert [(found[one.pk].group, found[one.pk].value) for one in (blue, green, held, bare)] == [
        (Group.NEW, 90), (Group.NEW, 10), (Group.SCORE, 90), (Group.PROBLEM, None),
    ]  # fmt: skip
    assert found[held.pk].why == "Holds it with this score already: only the request ends."
    assert "without answers" in found[bare.pk].why
    answer(granter, green, Verb.REJECT)  # meanwhile
    job = confirm_preview(actor=actor, preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    assert (job.kind, job.planned, job.cancelled) == (Job.Kind.ACCEPT, 2, 1)
    assert job.title == f"Accept 3 requests for {wave.name}"
    left = job.changes.get(state=Change.State.CANCELLED)
    assert (left.request_id, left.code) == (green.pk, "request_ended")


def test_a_list_that_is_rejected_says_who_keeps_a_score(wave: QualificationType, granter: User) -> None:
    actor = granter.as_actor()
    one, other = RequestFactory(type=wave), RequestFactory(type=TypeFactory(account=wave.account))
    QualificationFactory(type=wave, worker=one.worker, value=70)
    rows = QualificationRequest.objects.all()
    preview = select_requests(actor=actor, account=wave.account, rows=rows, verb=Verb.REJECT)
    plan_answers(actor=actor, preview=preview, wishes=Wishes(revoke_reason="The study is over."), rule=Rule())
    assert preview.counts["reject"] == 2
    assert preview.rows.get(request=one).why == "Holds it. Rejecting the request leaves the score."
    job = confirm_preview(actor=actor, preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    assert (job.kind, job.planned, job.revoke_reason) == (Job.Kind.REJECT, 2, "The study is over.")
    assert {one.pk, other.pk} == set(job.changes.values_list("request", flat=True))


def test_answers_are_kept_while_a_request_waits_and_forgotten_some_time_after(
    wave: QualificationType, granter: User
) -> None:
    first, second = waiting(wave, "blue", "green")
    assert AskedTest.objects.count() == 1
    assert RequestAnswers.objects.filter(request__worker=first.worker).get().text == answers("blue")
    tomorrow = timezone.now() + timedelta(days=1)
    apply_requests(actor=Actor.system("tests"), account=wave.account, requests=[], as_of=tomorrow)
    assert set(QualificationRequest.objects.values_list("state", flat=True)) == {State.CLOSED}
    prune = Actor.system("prune")
    assert forget_answers(actor=prune, before=tomorrow) == 0
    with new_entries() as entries:
        assert forget_answers(actor=prune, before=tomorrow + timedelta(days=1)) == 2
    assert entries.only.action == "request.answers.forgotten"
    assert entries.only.changes == {"count": [None, 2]}
    assert not AskedTest.objects.exists()
    assert second.worker.worker_id == "AASKER1", "the worker is still known"


def test_asking_amazon_which_requests_wait_is_told(wave: QualificationType, granter: User) -> None:
    with new_entries() as entries:
        request_reading(actor=granter.as_actor(), account=wave.account)
    told = entries.only
    assert (told.action, told.actor_id) == ("account.requests.asked", str(granter.pk))
    assert (told.stream, told.target_id) == (wave.account.stream, str(wave.account.pk))


def test_answers_beside_the_key(wave: QualificationType) -> None:
    sheet = sheet_of(TEST, answers("green"), KEY)
    sky, why = sheet.lines
    assert (sky.answer, sky.wanted, sky.points, sky.most, sky.is_best) == (("green",), "blue", 10, 90, False)
    assert (why.answer, why.points) == (("I looked.",), None)
    assert sheet.score == 10
    assert sheet_of("", answers("blue"), KEY).score == 90
    assert sheet_of("<broken", "<broken", KEY).raw == "<broken"
    assert sheet_of(TEST, "", KEY).why == "The request came without answers."
    assert sheet_of(TEST, answers("blue"), "").score is None


def test_a_key_with_faults_is_refused_with_their_places(wave: QualificationType, granter: User) -> None:
    actor = granter.as_actor()
    for text, fault in (("<AnswerKey", "Line 1"), (key(scored("sea", ("blue", 1))), "has no question sea")):
        with pytest.raises(ActionError, match=fault):
            change_scoring_key(actor=actor, type=wave, text=text, test=TEST)
    change_scoring_key(actor=actor, type=wave, text=KEY, test=TEST)
    with new_entries() as entries:
        change_scoring_key(actor=actor, type=wave, text=KEY, test=TEST)
        assert not list(entries)
        change_scoring_key(actor=actor, type=wave, text="")
    assert ScoringKey.objects.get().text == ""
