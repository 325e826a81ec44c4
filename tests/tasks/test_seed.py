"""The demo's data."""

import time
from typing import Any

import pytest

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import Job, Qualification, QualificationType, RequesterAccount, Study, User
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.seed import PASSWORD, seed_demo
from tests.entries import new_entries

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings: Any) -> Any:
    with Emulator(seed="demo") as running:
        settings.EMULATOR_URL = running.url
        yield running


def test_it_seeds_once_and_mirrors_the_emulator(demo: Emulator) -> None:
    people = seed_demo()

    assert [(one.name, one.password, one.role) for one in people] == [
        ("mira", PASSWORD, "Granter"),
        ("paul", PASSWORD, "Principal investigator (PI)"),
        ("maria", PASSWORD, "Manager"),
        ("vera", PASSWORD, "Viewer"),
    ]
    for one in people:
        user = User.objects.get(username=one.name)
        assert user.check_password(PASSWORD)
        assert not user.must_change_password
        assert [grant.role.label for grant in user.as_actor().roles] == [one.role]
    paul = User.objects.get(username="paul").as_actor()
    assert paul.study_ids == {str(study.pk) for study in Study.objects.all()}
    account = RequesterAccount.objects.get()
    assert account.is_open
    assert QualificationType.objects.count() == 7
    for row in QualificationType.objects.all():
        held = Qualification.objects.filter(type=row, status="Granted")
        assert dict(held.values_list("worker__worker_id", "value")) == demo.grant_map(row.mturk_id or "")
    assert AuditEntry.objects.filter(action="system.demo.seeded").count() == 1
    assert sorted(Job.objects.values_list("title", "kind", "planned", "created_by__username")) == [
        ("Newsletter: tell me about new studies, 4 workers", "revoke", 4, "mira"),
        ("calibrated-session-3.csv", "grant", 38, "mira"),
    ]

    began = time.perf_counter()
    with new_entries() as entries:
        assert seed_demo() == people
    assert time.perf_counter() - began < 1
    assert entries == []


def test_a_seeding_that_was_cut_short_is_finished(demo: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("qualadmin.tasks.seed.read_holders", cut)
        with pytest.raises(KeyboardInterrupt):
            seed_demo()

    seed_demo()

    assert User.objects.count() == 4
    assert not QualificationType.objects.filter(holders_synced_at=None).exists()
    assert AuditEntry.objects.filter(action="system.demo.seeded").count() == 1
