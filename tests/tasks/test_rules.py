"""Rules and ends at night, against the emulator over HTTP: Amazon holds what they say, and nobody is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.list_sources import add_holders, add_workers, drop_source
from qualadmin.core.actions.lists import add_list
from qualadmin.core.actions.rule_runs import prepare_run
from qualadmin.core.actions.rules import add_rule
from qualadmin.core.models import Change, Job, ListRule, ListSource, Qualification, QualificationType, User
from qualadmin.core.queue import RUN_RULE
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.drain import drain
from qualadmin.tasks.expiry import take_away
from qualadmin.tasks.lists import read_lists
from qualadmin.tasks.rules import run_one, run_rules
from tests.factories import QualificationFactory, TypeFactory
from tests.tasks.lists import make_job

HEAD = b'"HITId","WorkerId","AssignmentStatus","SubmitTime"\n'


def batch(*ids: str) -> bytes:
    """Amazon's batch results of work handed in yesterday."""
    moment = f"{timezone.now() - timedelta(days=1):%a %b %d %H:%M:%S} UTC {timezone.now().year}"
    return HEAD + "".join(f'"3HIT","{one}","Approved","{moment}"\n' for one in ids).encode()


def night(rung: list[Any]) -> None:
    """What the clock rings for, in its order, and the doorbells that this rings."""
    read_lists()
    take_away()
    rung.clear()
    run_rules()
    for task, *ids in list(rung):
        if task == RUN_RULE:
            run_one(*ids)


@pytest.mark.django_db(transaction=True)
def test_a_type_is_kept_in_step_with_two_files(
    emulator: Emulator, live_type: QualificationType, granter: User, rung: list[Any]
) -> None:
    actor, account, mturk_id = granter.as_actor(), live_type.account, str(live_type.mturk_id)
    members = add_list(actor=actor, account=account, name="Took part in A or B")
    sources = [
        add_workers(actor=actor, list_id=members.pk, content=batch(*ids), file_name=name)
        for name, ids in (
            ("a.csv", ("A1MADEUPWORKER", "A2MADEUPWORKER")),
            ("b.csv", ("A2MADEUPWORKER", "A3MADEUP")),
        )
    ]
    rule = add_rule(actor=actor, type=live_type, lists=[members], days=180, score=7)
    night(rung)
    assert emulator.grant_map(mturk_id) == {}
    preview = prepare_run(actor=actor, rule_id=rule.pk)
    assert preview is not None
    confirm_preview(actor=actor, preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    drain(str(account.pk))
    assert emulator.grant_map(mturk_id) == dict.fromkeys(("A1MADEUPWORKER", "A2MADEUPWORKER", "A3MADEUP"), 7)

    drop_source(actor=actor, source_id=sources[0].pk)
    night(rung)
    night(rung)  # the second night finds the job of the first
    assert Job.objects.filter(rule=rule).count() == 2
    drain(str(account.pk))
    assert emulator.grant_map(mturk_id) == dict.fromkeys(("A2MADEUPWORKER", "A3MADEUP"), 7)
    assert emulator.revoked_map(mturk_id) == {"A1MADEUPWORKER": 7}
    assert emulator.outbox() == []
    rule.refresh_from_db()
    assert (rule.state, rule.held, rule.trouble) == (ListRule.State.ACTIVE, "", "")


@pytest.mark.django_db(transaction=True)
def test_what_was_granted_for_a_time_is_taken_away_unless_granted_anew(
    emulator: Emulator, live_type: QualificationType, granter: User, colleague: User, rung: list[Any]
) -> None:
    account, mturk_id = live_type.account, str(live_type.mturk_id)
    make_job(granter, live_type, ["A1MADEUPWORKER", "A2MADEUPWORKER"], days=1)
    drain(str(account.pk))
    with audit.transaction(Context.system("tests")) as tx:  # two days later
        moved = {"expires_at": timezone.now(), "audit_id": tx.record("mturk.drift.detected")}
        Change.objects.update(**moved)
        Qualification.objects.update(**moved)
    make_job(colleague, live_type, ["A2MADEUPWORKER"])  # the same score, without an end; sent first
    drain(str(account.pk))
    night(rung)
    drain(str(account.pk))
    assert emulator.grant_map(mturk_id) == {"A2MADEUPWORKER": 100}
    assert emulator.outbox() == []


@pytest.mark.django_db(transaction=True)
def test_the_night_reads_what_lists_follow(granter: User, rung: list[Any]) -> None:
    kind = TypeFactory()
    members = add_list(actor=granter.as_actor(), account=kind.account, name="Holders")
    source: ListSource = add_holders(actor=granter.as_actor(), list_id=members.pk, type=kind)
    QualificationFactory(type=kind)
    night(rung)
    source.refresh_from_db()
    members.refresh_from_db()
    assert (source.members, members.members) == (1, 1)
