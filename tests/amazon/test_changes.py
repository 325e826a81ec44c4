"""What a key may change, and what happens to a call that gets no answer in time. No cluster runs here."""

import json
from typing import Any

import pytest

from qualadmin.core.actions.accounts import disable_account, update_account
from qualadmin.core.models import Change, Job, Preview, QualificationType, RelayedCall
from tests.amazon.conftest import key_for
from tests.amazon.sender import call, error_of, headers_for, send
from tests.entries import new_entries
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.people import Cast

pytestmark = pytest.mark.django_db
GRANT, REVOKE = "AssociateQualificationWithWorker", "DisassociateQualificationFromWorker"
ONE = {"QualificationTypeId": "3WAVE7", "WorkerId": "A1GOODWORKER01"}
GIVEN = ONE | {"IntegerValue": 7, "SendNotification": False}
DENIED = "AccessDeniedException"


@pytest.fixture(autouse=True)
def _short(settings: Any) -> None:
    settings.MTURK_WAIT_SECONDS = 0.2


@pytest.fixture
def wave(cast: Cast) -> QualificationType:
    chosen: QualificationType = TypeFactory(account=cast.account, name="Wave 7", mturk_id="3WAVE7")
    return chosen


@pytest.fixture
def key(cast: Cast, wave: QualificationType) -> tuple[str, str]:
    return key_for(cast.granter, cast.account, reason="Nightly script", study=cast.study)


def test_without_an_answer_the_client_is_told_to_send_it_again_and_finds_the_same_change(
    cast: Cast, key: tuple[str, str]
) -> None:
    for _ in range(3):
        kind, words = error_of(call(GRANT, key, GIVEN))
        assert kind == "ThrottlingException"  # what every client library sends again by itself
        assert "makes no second one" in words
    change, job = Change.objects.get(), Job.objects.get()
    assert (change.value, job.notify, job.reason, job.study) == (7, False, "Nightly script", cast.study)
    assert job.source == Preview.Source.API
    # another score is another change
    error_of(call(GRANT, key, GIVEN | {"IntegerValue": 8}))
    assert Change.objects.count() == 2


def test_amazons_own_defaults_hold(key: tuple[str, str]) -> None:
    """Unlike in the JSON API: the score 1, and an e-mail."""
    call(GRANT, key, ONE)
    assert (Change.objects.get().value, Job.objects.get().notify) == (1, True)


def test_the_reason_of_taking_away_is_for_the_worker_and_ours_for_the_log(
    key: tuple[str, str], wave: QualificationType
) -> None:
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="A1GOODWORKER01"), value=7)
    call(REVOKE, key, ONE | {"Reason": "Thank you"})
    job = Job.objects.get()
    assert (job.revoke_reason, job.reason) == ("Thank you", "Nightly script")


def test_signed_headers_say_why_and_what_for(cast: Cast, key: tuple[str, str]) -> None:
    call(GRANT, key, GIVEN, **{"X-Qualadmin-Reason": "Took part", "X-Qualadmin-Study": cast.study.slug})
    assert (Job.objects.get().reason, Job.objects.get().study) == ("Took part", cast.study)
    kind, words = error_of(call(GRANT, key, GIVEN | {"IntegerValue": 9}, **{"X-Qualadmin-Study": "nonsense"}))
    assert (kind, "closed or does not exist" in words) == (DENIED, True)
    body = json.dumps(GIVEN).encode()
    kind, words = error_of(send(headers_for(GRANT, body, key) | {"X-Qualadmin-Reason": "Smuggled in"}, body))
    assert (kind, "is not signed" in words) == (DENIED, True)
    assert Change.objects.count() == 1


@pytest.mark.parametrize("who", ["viewer", "pi", "manager"])
def test_who_may_not_grant_on_the_pages_may_not_here(cast: Cast, wave: QualificationType, who: str) -> None:
    other = key_for(cast.user(who), cast.account)
    with new_entries() as entries:
        kind, words = error_of(call(GRANT, other, GIVEN))
    assert (kind, words[:32]) == (DENIED, "Your role does not allow this. N")
    assert entries.actions == ["access.denied"]
    assert entries[0].content["actor"]["auth"]["method"] == "key"


def test_a_key_for_reading_changes_nothing(cast: Cast, wave: QualificationType) -> None:
    reading = key_for(cast.granter, cast.account, may_change=False)
    assert error_of(call(GRANT, reading, GIVEN))[0] == DENIED
    assert not Change.objects.exists()


def test_types_of_others_do_not_exist(cast: Cast, key: tuple[str, str]) -> None:
    TypeFactory(account=cast.other_account, mturk_id="3OTHER")
    kind, words = error_of(call(GRANT, key, GIVEN | {"QualificationTypeId": "3OTHER"}))
    assert (kind, words[:44]) == ("RequestError", "QualificationType [3OTHER] does not exist. (")


def test_an_email_or_a_large_change_in_production_is_refused_with_our_words(
    cast: Cast, production_account: Any
) -> None:
    TypeFactory(account=production_account, mturk_id="3WAVE7")
    plain = key_for(cast.granter, production_account)
    assert "study" in error_of(call(GRANT, plain, GIVEN))[1]
    key = key_for(cast.granter, production_account, study=cast.study)
    without = {name: value for name, value in GIVEN.items() if name != "SendNotification"}
    kind, words = error_of(call(GRANT, key, without))
    assert (kind, "lets Amazon e-mail 1 worker" in words) == (DENIED, True)
    assert not Change.objects.exists()
    assert error_of(call(GRANT, key, GIVEN))[0] == "ThrottlingException"  # accepted
    assert Change.objects.count() == 1


def test_reading_waits_for_the_cluster_and_leaves_nothing_behind(key: tuple[str, str]) -> None:
    with new_entries() as entries:
        kind, words = error_of(call("GetQualificationScore", key, ONE))
    assert (kind, "task cluster" in words) == ("ThrottlingException", True)
    assert not RelayedCall.objects.exists()
    entry = entries.only
    assert (entry.action, entry.changes) == ("access.relayed", {"operation": [None, "GetQualificationScore"]})
    assert b"A1GOODWORKER01" not in bytes(entry.core)


def test_who_sees_pseudonyms_reads_no_worker_ids(cast: Cast, wave: QualificationType) -> None:
    viewer = key_for(cast.viewer, cast.account)
    given = {"QualificationTypeId": "3WAVE7"}
    assert error_of(call("ListWorkersWithQualificationType", viewer, given))[0] == DENIED
    assert error_of(call("GetQualificationType", viewer, given))[0] == "ThrottlingException"  # would be asked


def test_outside_of_qualifications_only_reading_and_only_if_a_manager_allows_it(
    cast: Cast, key: tuple[str, str]
) -> None:
    kind, words = error_of(call("ListHITs", key))
    assert (kind, "a manager has not let programs" in words) == (DENIED, True)
    account = cast.account
    with new_entries() as entries:
        update_account(
            actor=cast.actor("manager"), account=account, name=account.name, profile_name=account.profile_name,
            programs_read_all=True,
        )  # fmt: skip
    assert entries.only.changes == {"programs_read_all": [False, True]}
    assert error_of(call("ListHITs", key, {"MaxResults": 5}))[0] == "ThrottlingException"  # would be asked
    assert error_of(call("DeleteHIT", key, {"HITId": "3HIT"}))[0] == DENIED


def test_an_account_that_is_off_asks_amazon_nothing(cast: Cast, key: tuple[str, str]) -> None:
    disable_account(actor=cast.actor("manager"), account=cast.account)
    for operation, given in (("GetAccountBalance", {}), (GRANT, GIVEN)):
        kind, words = error_of(call(operation, key, given))
        assert (kind, "switched off or paused" in words) == (DENIED, True)


def test_types_are_for_managers_and_requests_for_granters(cast: Cast, key: tuple[str, str]) -> None:
    wanted = {"Name": "New", "Description": "x", "QualificationTypeStatus": "Active"}
    assert error_of(call("CreateQualificationType", key, wanted))[0] == DENIED
    assert error_of(call("DeleteQualificationType", key, {"QualificationTypeId": "3WAVE7"}))[0] == DENIED
    manager = key_for(cast.manager, cast.account)
    assert error_of(call("AcceptQualificationRequest", manager, {"QualificationRequestId": "3R"}))[0] == DENIED
    for _ in range(2):  # sent again, it finds the type that was begun
        assert error_of(call("CreateQualificationType", manager, wanted))[0] == "ThrottlingException"
    assert QualificationType.objects.filter(name="New").count() == 1
