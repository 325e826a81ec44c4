"""Selected holders become a list to check: exactly those, in the order of the page; the log says from where."""

from typing import Any

import pytest

from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.previews import Wishes, plan_preview
from qualadmin.core.actions.selections import Selection, select_holders
from qualadmin.core.errors import ActionError, NotAllowed, NotVisible
from qualadmin.core.models import Job, Preview, Qualification, QualificationType, RequesterAccount, User, Verb
from qualadmin.core.reading import Plan
from tests.entries import new_entries, payload_of
from tests.factories import (
    AccountFactory,
    QualificationFactory,
    RoleFactory,
    TypeFactory,
    UserFactory,
    WorkerFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def holders(wave: QualificationType) -> list[Qualification]:
    """Three, the newest last, and one of another type that must never be met."""
    QualificationFactory(
        type=TypeFactory(account=wave.account, name="Other"), worker=WorkerFactory(worker_id="AOTHERTYPE")
    )
    return [
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=f"AHOLDER{n}"), value=50 + n)
        for n in range(3)
    ]


def select(
    person: User, wave: QualificationType, rows: Any = None, verb: Verb = Verb.REVOKE, **more: Any
) -> Preview:
    chosen = Qualification.objects.all() if rows is None else Qualification.objects.filter(pk__in=rows)
    return select_holders(
        actor=person.as_actor(), type=wave, selection=Selection(chosen, rows is None, **more), verb=verb
    )


def ids(preview: Preview) -> list[str]:
    return bytes(preview.content or b"").decode().split()


def test_the_ticked_ones_become_the_list_and_the_log_says_from_where(
    granter: User, wave: QualificationType, holders: list[Qualification]
) -> None:
    with new_entries() as entries:
        preview = select(granter, wave, [holders[0].pk, holders[2].pk])
    assert ids(preview) == ["AHOLDER2", "AHOLDER0"]
    assert (preview.source, preview.type, preview.state) == ("list", wave, "uploaded")
    assert preview.origin == "Holders of “Wave 3”: 2 ticked"
    entry = entries.only
    assert (entry.action, entry.target_type, entry.target_id) == ("list.selected", "qtype", str(wave.pk))
    assert entry.changes["rows"] == [None, 2]
    assert entry.changes["matching"] == [None, False]
    assert entry.changes["sha256"] == [None, preview.file_sha256]
    assert payload_of(entry)["origin"] == preview.origin
    assert "AHOLDER" not in str(entry.content)


def test_all_that_match_never_reaches_beyond_the_type(
    granter: User, wave: QualificationType, holders: list[Qualification]
) -> None:
    preview = select(granter, wave, filter="Status: Granted")
    assert ids(preview) == ["AHOLDER2", "AHOLDER1", "AHOLDER0"]
    assert preview.origin == "Holders of “Wave 3”: all 3 with Status: Granted"


def test_what_was_selected_stays_though_the_list_changes(
    granter: User, wave: QualificationType, holders: list[Qualification]
) -> None:
    preview = select(granter, wave)
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="ACAMELATER"))
    plan = Plan(types={"": str(wave.pk)})
    planned = plan_preview(actor=granter.as_actor(), preview=preview, plan=plan, wishes=Wishes())
    assert set(planned.rows.values_list("worker_id", flat=True)) == {"AHOLDER0", "AHOLDER1", "AHOLDER2"}
    assert planned.counts["revoke"] == 3


def test_the_job_and_its_entry_keep_the_origin(
    granter: User, wave: QualificationType, holders: list[Qualification]
) -> None:
    preview = select(granter, wave, [holders[0].pk], Verb.GRANT)
    plan = Plan(types={"": str(wave.pk)})
    planned = plan_preview(actor=granter.as_actor(), preview=preview, plan=plan, wishes=Wishes(score=90))
    assert planned.counts["score"] == 1
    with new_entries() as entries:
        job = confirm_preview(actor=granter.as_actor(), preview_id=preview.pk, rows_sha256=planned.rows_sha256)
    created = next(one for one in entries if one.action == "job.created")
    assert payload_of(created)["origin"] == "Holders of “Wave 3”: 1 ticked"
    assert Job.objects.get(pk=job.pk).source == Preview.Source.LIST
    assert job.title == "Wave 3, 1 worker"


def test_the_erased_are_left_out_and_counted(granter: User, wave: QualificationType) -> None:
    for n in range(2):
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=None))
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=f"ASTAYS{n}"))
    preview = select(granter, wave)
    assert ids(preview) == ["ASTAYS1", "ASTAYS0"]
    assert preview.origin == "Holders of “Wave 3”: all 2 (2 erased left out)"


@pytest.mark.parametrize("erased", [False, True])
def test_nobody_is_a_refusal(granter: User, wave: QualificationType, erased: bool) -> None:
    if erased:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=None))
    with new_entries() as entries, pytest.raises(ActionError, match="Nobody was selected"):
        select(granter, wave)
    assert entries == []
    assert not Preview.objects.exists()


def test_a_job_takes_so_many_and_no_more(
    granter: User, wave: QualificationType, holders: list[Qualification], settings: Any
) -> None:
    settings.UPLOAD_MAX_ROWS = 3
    assert len(ids(select(granter, wave))) == 3
    settings.UPLOAD_MAX_ROWS = 2
    with pytest.raises(ActionError, match="More than 2 workers were selected") as refused:
        select(granter, wave)
    assert refused.value.code == "too_many_rows"


def test_types_that_cannot_be_given_are_refused_at_once(
    granter: User, wave: QualificationType, holders: list[Qualification], account: RequesterAccount
) -> None:
    gone = TypeFactory(account=account, name="Gone", state=QualificationType.State.GONE)
    idle = TypeFactory(account=account, name="Idle", status=QualificationType.Status.INACTIVE)
    for one in (gone, idle):
        QualificationFactory(type=one)
    with pytest.raises(ActionError) as refused:
        select(granter, gone)
    assert refused.value.code == "type_not_live"
    with pytest.raises(ActionError) as refused:
        select(granter, idle, verb=Verb.GRANT)
    assert refused.value.code == "inactive_type"
    assert len(ids(select(granter, idle))) == 1


def test_only_who_may_grant_there(
    pi: User, viewer: User, manager: User, outsider: User, wave: QualificationType, holders: list[Qualification]
) -> None:
    for person in (pi, viewer, manager):
        with pytest.raises(NotAllowed):
            select(person, wave)
    with pytest.raises(NotVisible):
        select(outsider, wave)
    assert not Preview.objects.exists()


def test_a_production_account_needs_the_right_to_act_on_real_workers(granter: User) -> None:
    real = AccountFactory(environment="production", profile_name="lab")
    wave = TypeFactory(account=real)
    QualificationFactory(type=wave)
    practice = UserFactory()
    RoleFactory(user=practice, role="granter")
    with pytest.raises(NotAllowed):
        select(practice, wave)
    assert select(granter, wave).account == real
