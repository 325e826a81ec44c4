import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from qualadmin.emulator.testing import Emulator

pytest_plugins = ["qualadmin.emulator.fixtures"]


def grant(worker_id):
    """The program under test: it knows nothing of the emulator."""
    mturk = boto3.client("mturk", config=Config(retries={"total_max_attempts": 1}))
    made = mturk.create_qualification_type(Name="Study", Description="d", QualificationTypeStatus="Active")
    type_id = made["QualificationType"]["QualificationTypeId"]
    mturk.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=worker_id)
    return type_id


def test_over_http(mturk_emulator):
    type_id = grant("A1EXAMPLEWORKER")
    assert mturk_emulator.grant_map(type_id) == {"A1EXAMPLEWORKER": 1}
    assert [mail["worker_id"] for mail in mturk_emulator.outbox()] == ["A1EXAMPLEWORKER"]


def test_in_process(mock_mturk):
    mock_mturk.handle("POST", "faults", {"kind": "error", "code": "ThrottlingException"})
    with pytest.raises(ClientError, match="Rate exceeded"):
        grant("A1EXAMPLEWORKER")


def test_nothing_is_lost_when_amazon_is_killed(mturk_emulator, tmp_path, monkeypatch):
    with Emulator(state=tmp_path / "state", latency_ms=5) as amazon:
        monkeypatch.setenv("AWS_ENDPOINT_URL_MTURK", amazon.url)
        type_id = grant("A1EXAMPLEWORKER")
        amazon.kill()
        amazon.start()  # the same port, the same state
        assert amazon.grant_map(type_id) == {"A1EXAMPLEWORKER": 1}
        assert all(call["applied"] for call in amazon.calls())
