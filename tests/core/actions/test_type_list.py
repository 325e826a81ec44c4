"""Amazon's list of types against ours."""

from dataclasses import replace

import pytest

from qualadmin.core.actions.seen import SeenType
from qualadmin.core.actions.type_list import apply_type_list, import_types
from qualadmin.core.actor import Actor
from qualadmin.core.models import QualificationType, RequesterAccount
from tests.entries import new_entries, payload_of
from tests.factories import TypeFactory

SYNC = Actor.system("sync_account")
SEEN = SeenType("3WAVE1", "Wave 1", "First.", "a, b", "Active", True, 1, 60, None, True, None)


def test_types_we_do_not_have_come_in(account: RequesterAccount) -> None:
    with new_entries() as entries:
        rows = import_types(
            actor=SYNC, account=account, remote=[SEEN, replace(SEEN, mturk_id="3WAVE2", name="Wave 2")]
        )
        assert import_types(actor=SYNC, account=account, remote=[SEEN]) == []

    assert [row.name for row in rows] == ["Wave 1", "Wave 2"]
    assert entries.actions == ["qtype.imported"] * 2
    assert entries[0].changes == {"mturk_id": [None, "3WAVE1"], "status": [None, "Active"]}
    row = QualificationType.objects.get(mturk_id="3WAVE1")
    assert (row.state, row.description, row.auto_granted_value, row.retry_delay_seconds) == (
        "live",
        "First.",
        1,
        60,
    )


def test_the_same_list_again_writes_nothing(account: RequesterAccount) -> None:
    import_types(actor=SYNC, account=account, remote=[SEEN])

    with new_entries() as entries:
        counts = apply_type_list(actor=SYNC, account=account, remote=[SEEN])

    assert (counts.imported, counts.changed, counts.gone) == ([], 0, 0)
    assert entries == []


def test_what_changed_at_amazon_is_followed(account: RequesterAccount) -> None:
    import_types(actor=SYNC, account=account, remote=[SEEN])

    with new_entries() as entries:
        apply_type_list(
            actor=SYNC, account=account, remote=[replace(SEEN, status="Inactive", description="Closed.")]
        )

    assert entries.only.action == "qtype.seen_changed"
    assert entries.only.changes == {"status": ["Active", "Inactive"]}
    assert payload_of(entries.only) == {"description": "Closed.", "description_before": "First."}
    assert QualificationType.objects.get().status == "Inactive"


def test_a_type_missing_from_the_list_stays_until_amazon_denies_it(account: RequesterAccount) -> None:
    import_types(actor=SYNC, account=account, remote=[SEEN])

    apply_type_list(actor=SYNC, account=account, remote=[])
    assert QualificationType.objects.get().state == "live"

    with new_entries() as entries:
        apply_type_list(actor=SYNC, account=account, remote=[], gone=["3WAVE1", "3OTHER"])
        apply_type_list(actor=SYNC, account=account, remote=[], gone=["3WAVE1"])
    assert QualificationType.objects.get().state == "gone"
    assert entries.only.changes == {"state": ["live", "gone"]}

    with new_entries() as entries:
        apply_type_list(actor=SYNC, account=account, remote=[SEEN])
    assert QualificationType.objects.get().state == "live"
    assert entries.only.changes == {"state": ["gone", "live"]}


def test_a_new_type_takes_the_name_of_one_that_is_being_deleted(account: RequesterAccount) -> None:
    old = TypeFactory(account=account, name="Wave 1", mturk_id="3OLD")

    counts = apply_type_list(actor=SYNC, account=account, remote=[SEEN])

    old.refresh_from_db()
    assert (old.state, counts.gone, len(counts.imported)) == ("gone", 1, 1)
    assert QualificationType.objects.grantable().get().mturk_id == "3WAVE1"


def test_a_wished_for_type_is_left_to_its_own_task(account: RequesterAccount) -> None:
    TypeFactory(account=account, name="Wave 1", mturk_id=None, state="requested")

    with new_entries() as entries:
        counts = apply_type_list(actor=SYNC, account=account, remote=[SEEN])

    assert counts.waiting == 1
    assert entries == []
    assert QualificationType.objects.get().state == "requested"


@pytest.mark.django_db
def test_accounts_do_not_mix(account: RequesterAccount, other_account: RequesterAccount) -> None:
    import_types(actor=SYNC, account=account, remote=[SEEN])

    import_types(actor=SYNC, account=other_account, remote=[SEEN])

    assert QualificationType.objects.filter(mturk_id="3WAVE1").count() == 2
