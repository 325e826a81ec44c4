"""A published note stays what it is, wherever it is published."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from qualadmin.offsite import Bucket, Conflict, Folder, Place, Unreachable, open_place

KEY = "lab/checkpoints/00000000000000000012.note"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="witness", ObjectLockEnabledForBucket=True)
        client.put_object_lock_configuration(
            Bucket="witness",
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 6}},
            },
        )
        yield client


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, s3: Any) -> Place:
    return open_place(str(tmp_path) if request.param == "folder" else "s3://witness/lab")


def test_t_a44_a_note_is_published_once_and_again_without_effect(place: Place) -> None:
    place.put(12, "note of twelve\n")
    place.put(12, "note of twelve\n")
    place.put(9, "note of nine\n")
    assert [text for _, text in place.notes()] == ["note of nine\n", "note of twelve\n"]


def test_another_note_of_the_same_size_is_refused_and_the_first_stays(place: Place) -> None:
    place.put(12, "first\n")
    with pytest.raises(Conflict):
        place.put(12, "second\n")
    assert [text for _, text in place.notes()] == ["first\n"]


def test_t_a45_object_lock_keeps_a_published_note(s3: Any) -> None:
    place = Bucket.from_address("s3://witness/lab")
    place.put(12, "first\n")
    version = s3.head_object(Bucket="witness", Key=KEY)
    assert version["ObjectLockMode"] == "COMPLIANCE"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="witness", Key=KEY, VersionId=version["VersionId"], BypassGovernanceRetention=True)
    s3.put_object(Bucket="witness", Key=KEY, Body=b"forged\n")
    s3.delete_object(Bucket="witness", Key=KEY)  # hides it behind a marker, takes nothing away
    assert [text for _, text in place.notes()] == ["first\n"]


def test_a_place_that_is_not_there_is_unreachable(tmp_path: Path, s3: Any) -> None:
    for place in (Folder(tmp_path / "not mounted"), Bucket.from_address("s3://elsewhere")):
        with pytest.raises(Unreachable):
            place.put(1, "x")
        with pytest.raises(Unreachable):
            list(place.notes())


def test_no_half_file_is_left_in_the_folder(tmp_path: Path) -> None:
    Folder(tmp_path).put(3, "three\n")
    with pytest.raises(Conflict):
        Folder(tmp_path).put(3, "other\n")
    assert [path.name for path in tmp_path.iterdir()] == ["00000000000000000003.note"]
    assert (tmp_path / "00000000000000000003.note").stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("words", ["relative/folder", "s3://", "s3://Bad_Name", "http://x", ""])
def test_what_is_no_place_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        open_place(words)
