"""Lists about workers for whom another job still has something to do: "already so" looks at what will be."""

import pytest

from qualadmin.core.actions.claims import MAX_JOBS
from qualadmin.core.actions.control import pause_job
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Job, PreviewRow, Qualification, QualificationType, RequesterAccount, User, Verb
from tests.factories import TypeFactory
from tests.tasks.hands import finish, take
from tests.tasks.lists import make_job, make_preview, worker_ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def wave(account: RequesterAccount) -> QualificationType:
    found: QualificationType = TypeFactory(account=account, name="Wave 3")
    return found


def group(preview_of: object) -> str:
    return PreviewRow.objects.get(preview=preview_of).group


def holds(chosen: QualificationType) -> tuple[str, int | None]:
    row = Qualification.objects.get(type=chosen)
    return row.status, row.value


def test_the_score_held_now_is_granted_again_where_another_job_takes_it_away(
    wave: QualificationType, granter: User
) -> None:
    make_job(granter, wave, ["AONE"], score=50)
    finish(wave.account)
    away = make_job(granter, wave, ["AONE"], verb=Verb.REVOKE)
    preview = make_preview(granter, wave, ["AONE"], score=50)
    assert group(preview) == "score"
    assert PreviewRow.objects.get(preview=preview).why.startswith("Another job is about to change this.")
    again = make_job(granter, wave, ["AONE"], score=50)
    assert list(again.changes.values_list("state", flat=True)) == ["planned"]
    finish(wave.account)
    assert holds(wave) == ("Granted", 50)
    away.refresh_from_db()
    assert away.state == Job.State.FINISHED


def test_what_another_job_is_about_to_grant_can_be_taken_away(wave: QualificationType, granter: User) -> None:
    make_job(granter, wave, ["AONE"], score=50)
    assert take(wave.account), "the grant is on its way"
    preview = make_preview(granter, wave, ["AONE"], verb=Verb.REVOKE)
    assert group(preview) == "revoke"
    away = make_job(granter, wave, ["AONE"], verb=Verb.REVOKE)
    assert list(away.changes.values_list("state", flat=True)) == ["planned"]


def test_a_paused_job_keeps_its_place_here_too(wave: QualificationType, granter: User) -> None:
    grant = make_job(granter, wave, ["AONE"], score=50)
    pause_job(actor=granter.as_actor(), job_id=grant.pk)
    assert group(make_preview(granter, wave, ["AONE"], verb=Verb.REVOKE)) == "revoke"


def test_what_another_job_is_about_to_do_the_same_way_is_already_so(
    wave: QualificationType, granter: User
) -> None:
    make_job(granter, wave, ["AONE"], score=50)
    finish(wave.account)
    make_job(granter, wave, ["AONE"], score=70)
    make_job(granter, wave, ["AONE"], score=50)
    assert group(make_preview(granter, wave, ["AONE"], score=50)) == "same"
    with pytest.raises(ActionError, match="Nothing is left to do"):
        make_job(granter, wave, ["AONE"], score=50)


def test_what_waits_for_another_type_or_worker_is_none_of_its_business(
    wave: QualificationType, granter: User
) -> None:
    other = TypeFactory(account=wave.account, name="Wave 4")
    make_job(granter, wave, ["AONE"], score=50)
    finish(wave.account)
    make_job(granter, other, ["AONE"], score=70)
    make_job(granter, wave, ["ATWO"], score=70)
    assert group(make_preview(granter, wave, ["AONE"], score=50)) == "same"


def test_jobs_that_wait_for_others_never_keep_the_rest_waiting(wave: QualificationType, granter: User) -> None:
    """More jobs wait for a paused one than get a share of one claim."""
    paused = make_job(granter, wave, worker_ids(2), score=1)
    pause_job(actor=granter.as_actor(), job_id=paused.pk)
    for score in range(2, 2 + MAX_JOBS):
        make_job(granter, wave, worker_ids(1), score=score)
    free = make_job(granter, wave, worker_ids(4, prefix="AFREE"), score=1)
    assert {claim.job.job_id for claim in take(wave.account)} == {free.pk}


def test_a_long_chain_of_jobs_comes_to_its_end(wave: QualificationType, granter: User) -> None:
    """The oldest has most left to do, so the newer ones stand before it when shares are given out."""
    make_job(granter, wave, worker_ids(5), score=1)
    for score in range(2, 3 + MAX_JOBS):
        make_job(granter, wave, worker_ids(1), score=score)
    finish(wave.account)
    assert not Job.objects.exclude(state=Job.State.FINISHED).exists()
    assert Qualification.objects.get(worker__worker_id=worker_ids(1)[0]).value == 2 + MAX_JOBS
