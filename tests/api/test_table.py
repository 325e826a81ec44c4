"""Who may ask for what: every operation by every role, with every scope, within and outside the token's account.

The table stands here and is nowhere derived from the code. Roles: g granter, p PI, m manager, v viewer.
"""

from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.urls import get_resolver

from qualadmin.api.urls import OPERATIONS
from qualadmin.core.models import QualificationType, RequesterAccount, User
from qualadmin.core.permissions import Scope
from tests.api.program import Program, token_for
from tests.entries import new_entries
from tests.factories import (
    ChangeFactory,
    JobFactory,
    PreviewFactory,
    QualificationFactory,
    RequestFactory,
    UserFactory,
    WorkerFactory,
)
from tests.people import Cast
from tests.security.stage import undone

pytestmark = pytest.mark.django_db
WORKER: Final = "A1GOODWORKER01"
PERSONS: Final = {"granter": "g", "pi": "p", "manager": "m", "viewer": "v", "outsider": "g", "newcomer": ""}


@dataclass(frozen=True)
class Row:
    """Who gets through with which scope, and the status then. `body` names things by `{…}`."""

    who: str
    scope: str
    status: int
    body: dict[str, Any]


TABLE: Final = {
    "AssociateQualificationWithWorker": Row(
        "g", "grant", 202, {"QualificationTypeId": "3WAVE7", "WorkerId": "A2GOODWORKER02"}
    ),
    "DisassociateQualificationFromWorker": Row(
        "g", "grant", 202, {"QualificationTypeId": "3WAVE7", "WorkerId": WORKER}
    ),
    "ListQualificationRequests": Row("g", "grant", 200, {}),
    "AcceptQualificationRequest": Row("g", "grant", 409, {"QualificationRequestId": "3ENDED"}),
    "RejectQualificationRequest": Row("g", "grant", 409, {"QualificationRequestId": "3ENDED"}),
    "ListQualificationTypes": Row("gpmv", "read", 200, {}),
    "GetQualificationType": Row("gpmv", "read", 200, {"QualificationTypeId": "3WAVE7"}),
    "GetQualificationScore": Row("gpm", "read", 200, {"QualificationTypeId": "3WAVE7", "WorkerId": WORKER}),
    "ListWorkersWithQualificationType": Row("gpm", "read", 200, {"QualificationTypeId": "3WAVE7"}),
    "CreateQualificationType": Row(
        "m", "types", 202, {"Name": "Wave 8", "Description": "Took part.", "Account": "practice-lab"}
    ),
    "UpdateQualificationType": Row(
        "m", "types", 202, {"QualificationTypeId": "3WAVE7", "Description": "Other words."}
    ),
    "DeleteQualificationType": Row("m", "types", 202, {"QualificationTypeId": "3WAVE7"}),
    "GetQualificationTypeChange": Row("gpmv", "read", 200, {"Id": "{type}"}),
    "GetChange": Row("gpmv", "read", 200, {"ChangeId": "{change}"}),
    "GetJob": Row("gpmv", "read", 200, {"JobId": "{job}"}),
    "ListJobs": Row("gpmv", "read", 200, {}),
    "ListChanges": Row("gpmv", "read", 200, {"JobId": "{job}"}),
    "PauseJob": Row("gpm", "grant", 200, {"JobId": "{job}"}),
    "ResumeJob": Row("g", "grant", 200, {"JobId": "{job}"}),
    "StopJob": Row("gpm", "grant", 200, {"JobId": "{job}"}),
    "WithdrawJob": Row("g", "grant", 409, {"JobId": "{job}"}),  # it waits for nobody
    "CreatePreview": Row(
        "g", "grant", 200, {"QualificationTypeId": "3WAVE7", "Rows": [{"WorkerId": "A2GOODWORKER02"}]}
    ),
    "GetPreview": Row("g", "grant", 200, {"PreviewId": "{preview}"}),
    "ListPreviewLines": Row("g", "grant", 200, {"PreviewId": "{preview}"}),
    "AcceptCorrections": Row("g", "grant", 422, {"PreviewId": "{preview}", "All": True}),  # it has none
    "ConfirmPreview": Row(
        "g", "grant", 422, {"PreviewId": "{preview}", "Digest": "0" * 64}
    ),  # it would do nothing
    "CreateUndoPreview": Row("g", "grant", 409, {"JobId": "{job}"}),  # it has not ended
    "DiscardPreview": Row("g", "grant", 200, {"PreviewId": "{preview}"}),
    "ListAuditEntries": Row("gpmv", "audit", 200, {}),
    "GetAuditEntry": Row("gpmv", "audit", 404, {"Seq": 10**9}),
    "ExportAuditLog": Row("pm", "audit", 200, {"Format": "csv"}),
    "VerifyAuditLog": Row("pm", "audit", 200, {}),
    "RetryJob": Row("g", "grant", 409, {"JobId": "{job}"}),  # nothing of it has failed
}
#: Lists that name nothing: what is not the person's is not in them.
UNNAMED: Final = {
    "ListQualificationRequests",
    "ListQualificationTypes",
    "ListJobs",
    "ListAuditEntries",
    "ExportAuditLog",
    "VerifyAuditLog",
}


def test_every_operation_has_a_row() -> None:
    assert {one.name for one in OPERATIONS} == set(TABLE)


def test_every_path_of_the_api_is_an_operation_in_the_table() -> None:
    routes = {str(one.pattern).removeprefix("v1/") for one in get_resolver("qualadmin.api.urls").url_patterns}
    assert routes == set(TABLE) | {"openapi.json"}


@pytest.mark.parametrize("operation", sorted(TABLE))
def test_without_a_token_there_is_nothing(db: None, operation: str) -> None:
    assert Program().send(operation, TABLE[operation].body).status_code == 401


@pytest.fixture
def things(cast: Cast, wave: QualificationType) -> dict[str, str]:
    """What the table names by `{…}`."""
    worker = WorkerFactory(worker_id=WORKER)
    QualificationFactory(type=wave, worker=worker)
    RequestFactory(type=wave, mturk_id="3ENDED", state="closed")
    job = JobFactory(account=cast.account, created_by=cast.granter)
    change = ChangeFactory(type=wave, worker=worker, job=job, n=1, state="done")
    preview = PreviewFactory(account=cast.account, created_by=cast.granter, state="ready", rows_sha256="0" * 64)
    return {"{type}": str(wave.pk), "{job}": str(job.pk), "{change}": str(change.pk), "{preview}": str(preview.pk)}


def expected(operation: str, name: str, scope: str, where: str) -> int:
    """The order of the doors: is the token worth anything, scope, role, thing."""
    row = TABLE[operation]
    if not PERSONS[name]:
        return 401
    if scope != row.scope or PERSONS[name] not in row.who:
        return 403
    elsewhere = (name == "outsider" or where == "other") and operation not in UNNAMED
    return 404 if elsewhere else row.status


@pytest.mark.parametrize("operation", sorted(TABLE))
@pytest.mark.parametrize("name", PERSONS)
def test_everybody_gets_what_the_table_says(cast: Cast, things: dict[str, str], operation: str, name: str) -> None:
    person, faults = _person(cast, name), []
    body = {
        key: things.get(value, value) if isinstance(value, str) else value
        for key, value in TABLE[operation].body.items()
    }
    for scope in Scope:
        accounts = _accounts(cast, name)
        # The scope is asked before the account: one token will do where it is the wrong one.
        for where, account in accounts if scope == TABLE[operation].scope else accounts[:1]:
            program = Program(token_for(person, scope, account=account))
            with undone(), new_entries() as entries:
                response = program.send(operation, body)
            wanted = expected(operation, name, scope, where)
            if response.status_code != wanted:
                faults.append((scope.value, where, response.status_code, wanted))
            if wanted == 403 and entries.actions != ["access.denied"]:
                faults.append((scope.value, where, entries.actions))
    assert faults == []


def _person(cast: Cast, name: str) -> User:
    found: Any = UserFactory(username="newcomer") if name == "newcomer" else cast.user(name)
    return found


def _accounts(cast: Cast, name: str) -> list[tuple[str, RequesterAccount | None]]:
    if name == "newcomer":  # reaches no account that a token could be for
        return [("all", None)]
    mine = cast.other_account if name == "outsider" else cast.account
    found: list[tuple[str, RequesterAccount | None]] = [("all", None), ("own", mine)]
    return found if name == "outsider" else [*found, ("other", cast.other_account)]
