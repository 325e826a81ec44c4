"""Two answers to one request at the same moment: one is given, the other person is told."""

import pytest

from qualadmin.core.actions.answering import Rule
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.previews import Wishes
from qualadmin.core.actions.requests import answer_request, plan_answers, select_requests, take_back
from qualadmin.core.errors import Conflict
from qualadmin.core.models import Change, Job, QualificationRequest, RequesterAccount, User, Verb
from tests.core.actions.test_approval_races import at_once
from tests.factories import RequestFactory, RoleFactory, TypeFactory, UserFactory
from tests.tasks.hands import take

# Threads share one connection of the test database on SQLite, and its writers are alone by nature.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def rival() -> User:
    person: User = UserFactory()
    RoleFactory(user=person, role="granter")
    return person


def test_two_people_answer_at_once(account: RequesterAccount, granter: User, rival: User) -> None:
    first, second = granter.as_actor(), rival.as_actor()
    for _ in range(5):
        one = RequestFactory(type=TypeFactory(account=account))
        found = at_once(
            [
                lambda pk=one.pk: answer_request(
                    actor=first, request_id=pk, verb=Verb.ACCEPT, wishes=Wishes(score=80)
                ),
                lambda pk=one.pk: answer_request(actor=second, request_id=pk, verb=Verb.REJECT, wishes=Wishes()),
            ]
        )
        lost = [each for each in found if isinstance(each, Exception)]
        assert [getattr(each, "code", each) for each in lost] == ["being_answered"]
        assert Change.objects.filter(request=one).count() == 1


def test_one_is_answered_by_hand_while_all_are_answered_at_once(
    account: RequesterAccount, granter: User, rival: User
) -> None:
    first, second = granter.as_actor(), rival.as_actor()
    for _ in range(5):
        wave = TypeFactory(account=account)
        one, *_others = [RequestFactory(type=wave) for _ in range(4)]
        all_of_them = QualificationRequest.objects.filter(type=wave)
        preview = select_requests(actor=first, account=account, rows=all_of_them, verb=Verb.ACCEPT)
        plan_answers(actor=first, preview=preview, wishes=Wishes(), rule=Rule(70))
        found = at_once(
            [
                lambda row=preview: confirm_preview(actor=first, preview_id=row.pk, rows_sha256=row.rows_sha256),
                lambda pk=one.pk: answer_request(actor=second, request_id=pk, verb=Verb.REJECT, wishes=Wishes()),
            ]
        )
        job = Job.objects.get(preview=preview)
        open_answers = Change.objects.filter(request=one, state=Change.State.PLANNED)
        assert open_answers.count() == 1
        if isinstance(found[1], Conflict):
            assert (job.planned, job.cancelled) == (4, 0)
        else:
            assert (job.planned, job.cancelled) == (3, 1)


def test_it_is_taken_back_while_it_is_sent(account: RequesterAccount, granter: User) -> None:
    actor = granter.as_actor()
    for _ in range(5):
        one = RequestFactory(type=TypeFactory(account=account))
        change = answer_request(actor=actor, request_id=one.pk, verb=Verb.REJECT, wishes=Wishes())
        found = at_once(
            [
                lambda at=change.due_at: take(account, now=at),
                lambda pk=change.pk: take_back(actor=actor, change_id=pk),
            ]
        )
        change.refresh_from_db()
        if isinstance(found[1], Conflict):
            assert (change.state, found[1].code) == (Change.State.SENDING, "too_late")
        else:
            assert (change.state, found[0]) == (Change.State.CANCELLED, [])
