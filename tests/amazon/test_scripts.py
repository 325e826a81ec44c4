"""An existing script against the whole of qualadmin: real boto3, real HTTP, real cluster, emulator at the end."""

import os
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from qualadmin.core.models import Change, Job, QualificationType, RelayedCall, RequesterAccount, User
from qualadmin.emulator.testing import Emulator
from tests.amazon.conftest import WAIT, Site, client_for, key_for
from tests.entries import new_entries
from tests.tasks.cluster_process import ROOT
from tests.tasks.clusters import Cluster

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WORKER = "A1GOODWORKER01"
HOLDERS = 2_500  # 25 pages
ASSOCIATE = "AssociateQualificationWithWorker"


def refusal(call: Any, **parameters: Any) -> tuple[str, str | None, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response: Any = caught.value.response
    assert response["ResponseMetadata"]["RequestId"]
    assert response["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"
    return response["Error"]["Code"], response.get("TurkErrorCode"), response["Error"]["Message"]


def applied(emulator: Emulator) -> list[tuple[str, str | None]]:
    return [
        (call["operation"], call["worker_id"])
        for call in emulator.calls()
        if call["applied"] and call["operation"].startswith(("Associate", "Disassociate"))
    ]


def test_a_script_of_boto3_works_by_its_endpoint_alone(
    site: Site, emulator: Emulator, cluster: Cluster, account: RequesterAccount, live_type: QualificationType,
    granter: User, manager: User,
) -> None:  # fmt: skip
    cluster.start()
    key = key_for(granter, account, reason="Nightly script")
    amazon = client_for(site.url, key)
    site.wait()
    type_id = live_type.mturk_id
    one = {"QualificationTypeId": type_id, "WorkerId": WORKER}
    # reading
    assert amazon.get_account_balance()["AvailableBalance"] == "10000.00"
    found = amazon.get_qualification_type(QualificationTypeId=type_id)["QualificationType"]
    assert (found["Name"], found["CreationTime"].year > 2000) == ("Wave 3", True)
    code, turk, words = refusal(amazon.get_qualification_score, **one)
    assert (code, turk) == ("RequestError", "AWS.MechanicalTurk.QualificationDoesNotExist")
    assert words.startswith("You requested a Qualification that does not exist. (")
    # nothing to take away: Amazon's own words
    assert refusal(amazon.disassociate_qualification_from_worker, **one)[:2] == (code, turk)
    # granting, twice
    with new_entries() as entries:
        amazon.associate_qualification_with_worker(**one, IntegerValue=7, SendNotification=False)
        amazon.associate_qualification_with_worker(**one, IntegerValue=7, SendNotification=False)
    assert amazon.get_qualification_score(**one)["Qualification"]["IntegerValue"] == 7
    job = Job.objects.get()
    assert (job.reason, job.created_by, job.source, job.state) == ("Nightly script", granter, "api", "finished")
    assert "job.created" in entries.actions
    assert "mturk.call.finished" in entries.actions
    assert WORKER.encode() not in b"".join(bytes(entry.core) for entry in entries)
    # taking away, twice
    amazon.disassociate_qualification_from_worker(**one)
    code, turk, words = refusal(amazon.disassociate_qualification_from_worker, **one)
    assert words.startswith("This operation can be called with a status of: Granted")
    assert [name for name, _ in applied(emulator)] == [
        "AssociateQualificationWithWorker",
        "DisassociateQualificationFromWorker",
    ]
    assert Change.objects.filter(state="done").count() == 2
    run_the_example(site, key, live_type)
    requests_are_answered(amazon, emulator, type_id or "")
    types_are_looked_after(client_for(site.url, key_for(manager, account)))
    assert "Traceback" not in site.said
    assert WORKER not in site.said + cluster.log


def run_the_example(site: Site, key: tuple[str, str], kind: QualificationType) -> None:
    """What docs/mturk-endpoint.md shows for boto3, with nothing set but the four variables it names."""
    text = (ROOT / "docs" / "mturk-endpoint.md").read_text()
    first, headers = re.findall(r"```python\n(.*?)```", text, re.S)
    assert "3WAVE7" in first
    again = first.partition("mturk.associate")[2].partition("pages =")[0].replace("80", "81")
    program = f"{first}\n{headers}\nmturk.associate{again}".replace("3WAVE7", kind.mturk_id or "")
    program = program.replace('"memory"', '"sleep-and-attention"')
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    wanted = re.findall(r"^export (AWS_\w+)=", text, re.M)
    given = dict(zip(wanted, [*key, "us-east-1", site.url], strict=True))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=kept | given | {"AWS_MAX_ATTEMPTS": "12"}, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == 1
    done_by = Job.objects.filter(changes__state="done", changes__value__in=[80, 81]).order_by("changes__value")
    assert [(job.reason, job.study and job.study.slug) for job in done_by] == [
        ("Nightly script", None),
        ("Took part in wave 6", "sleep-and-attention"),
    ]


def test_lists_refusals_of_amazon_and_calls_that_are_sent_again(
    site: Site, emulator: Emulator, cluster: Cluster, account: RequesterAccount, live_type: QualificationType,
    granter: User, gateway: Any,
) -> None:  # fmt: skip
    """Lists come page by page; Amazon's errors keep code and words; a call sent again makes no second change."""
    cluster.start()
    held = {f"A1HOLDER{number:04}": number for number in range(HOLDERS)}
    listed = {"name": "Wave 7", "description": "Took part.", "type_id": "3WAVE7", "holders": held}
    emulator.control("POST", "seed", {"accounts": {account.profile_name: [listed]}})
    amazon = client_for(site.url, key_for(granter, account))
    site.wait()
    pages = amazon.get_paginator("list_workers_with_qualification_type").paginate(
        QualificationTypeId="3WAVE7", PaginationConfig={"PageSize": 100}
    )
    amazon.get_account_balance()  # the cluster is there: whoever asks before, asks twice
    with new_entries() as entries:
        found = [one for page in pages for one in page["Qualifications"]]
    assert {one["WorkerId"]: one["IntegerValue"] for one in found} == held
    assert len(found) == HOLDERS
    assert entries.actions.count("access.relayed") == 1
    assert not RelayedCall.objects.exists()
    # Amazon refuses a change
    where = {"QualificationTypeId": live_type.mturk_id, "WorkerId": WORKER}
    one = where | {"IntegerValue": 1, "SendNotification": False}
    no = {"code": "RequestError", "turk_error_code": "AWS.MechanicalTurk.X", "message": "No."}
    emulator.fault("error", operation=ASSOCIATE, times=1, **no)
    code, turk, words = refusal(amazon.associate_qualification_with_worker, **one)
    assert (code, turk, words[:5]) == ("RequestError", "AWS.MechanicalTurk.X", "No. (")
    # Amazon holds more than we know: it is looked up, and what was asked for is done
    gateway.associate(live_type.mturk_id, WORKER, 5, notify=False)
    amazon.disassociate_qualification_from_worker(**where)
    assert emulator.revoked_map(live_type.mturk_id or "")[WORKER] == 5
    # no answer of Amazon in time: boto3 sends the call again by itself, three times, and finds the one change
    before = Change.objects.filter(job__isnull=False).count()
    emulator.fault("delay", delay_ms=3000, operation=ASSOCIATE, times=1)
    one["WorkerId"] = "A1SLOWWORKER01"
    began = time.monotonic()
    amazon.associate_qualification_with_worker(**one)
    assert time.monotonic() - began > WAIT
    assert Change.objects.filter(job__isnull=False).count() == before + 1
    assert [worker for _, worker in applied(emulator)].count("A1SLOWWORKER01") == 1
    assert "Traceback" not in site.said
    assert WORKER not in site.said + cluster.log


def requests_are_answered(amazon: Any, emulator: Emulator, type_id: str) -> None:
    """Also those that Amazon got after its list was last read here."""
    asked = {worker: emulator.ask(type_id, worker) for worker in ("A1ASKINGWORKER1", "A1ASKINGWORKER2")}
    listed = amazon.list_qualification_requests(QualificationTypeId=type_id)["QualificationRequests"]
    assert {one["QualificationRequestId"] for one in listed} == set(asked.values())
    amazon.accept_qualification_request(QualificationRequestId=asked["A1ASKINGWORKER1"], IntegerValue=9)
    assert emulator.grant_map(type_id)["A1ASKINGWORKER1"] == 9
    amazon.reject_qualification_request(QualificationRequestId=asked["A1ASKINGWORKER2"])
    assert "A1ASKINGWORKER2" not in emulator.grant_map(type_id)
    again = refusal(amazon.accept_qualification_request, QualificationRequestId=asked["A1ASKINGWORKER2"])
    assert again[1] == "AWS.MechanicalTurk.InvalidQualificationRequestState"
    none = refusal(amazon.accept_qualification_request, QualificationRequestId="3NOREQUESTATALL")
    assert none[1] == "AWS.MechanicalTurk.QualificationRequestDoesNotExist"


def types_are_looked_after(amazon: Any) -> None:
    """Made, changed, deleted, each with Amazon's own answer."""
    wanted = {"Name": "Made by a script", "Description": "Wave 8", "QualificationTypeStatus": "Active"}
    made = amazon.create_qualification_type(**wanted, Keywords="wave")["QualificationType"]
    assert (made["Name"], made["Keywords"], made["QualificationTypeStatus"]) == (
        "Made by a script",
        "wave",
        "Active",
    )
    assert (
        refusal(amazon.create_qualification_type, **wanted)[1]
        == "AWS.MechanicalTurk.QualificationTypeAlreadyExists"
    )
    one = {"QualificationTypeId": made["QualificationTypeId"]}
    for _ in range(2):
        changed = amazon.update_qualification_type(**one, QualificationTypeStatus="Inactive")["QualificationType"]
        assert changed["QualificationTypeStatus"] == "Inactive"
    amazon.delete_qualification_type(**one)
    assert Job.objects.filter(changes__type__mturk_id=made["QualificationTypeId"]).count() == 0
