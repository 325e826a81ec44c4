"""An S3 bucket with Object Lock, best in another AWS account, with credentials that may only `s3:PutObject`.

How long a note is locked is the bucket's own default retention (mode COMPLIANCE), so that the sealer needs no
right to say otherwise. `IfNoneMatch` makes S3 itself refuse a second note under one key.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from qualadmin.offsite.places import Conflict, Unreachable, file_name

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/[\w./=-]*)?", re.ASCII)
_CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 3})
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


@dataclass(frozen=True)
class Bucket:
    """Notes under `prefix` as `checkpoints/<size>.note`. Credentials and region are those of the process."""

    bucket: str
    prefix: str = ""

    @classmethod
    def from_address(cls, words: str) -> Self:
        """`s3://bucket/prefix`. Raises ValueError."""
        found = _ADDRESS.fullmatch(words)
        if found is None:
            raise ValueError(f"{words!r} is not an address like s3://bucket/prefix")
        prefix = (found[2] or "").strip("/")
        return cls(found[1], f"{prefix}/" if prefix else "")

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def put(self, size: int, note: str) -> None:
        """Publish under a key that is not taken; if it is, the note there must be the same."""
        key = f"{self.prefix}checkpoints/{file_name(size)}"
        with self._errors():
            client = self._client()
            try:
                client.put_object(
                    Bucket=self.bucket, Key=key, Body=note.encode(), ContentType="text/plain", IfNoneMatch="*"
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in _TAKEN:
                    raise
                self._compare(client, key, note)

    def notes(self) -> Iterator[tuple[str, str]]:
        """In the order of their sizes, each as it was first written: later versions count for nothing."""
        with self._errors():
            client = self._client()
            pages = client.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket, Prefix=f"{self.prefix}checkpoints/"
            )
            first: dict[str, str] = {}
            for page in pages:
                for version in page.get("Versions", []):  # newest first
                    first[version["Key"]] = version["VersionId"]
            for key in sorted(first):
                body = client.get_object(Bucket=self.bucket, Key=key, VersionId=first[key])["Body"].read()
                yield f"s3://{self.bucket}/{key}", body.decode("utf-8", errors="replace")

    def _client(self) -> "S3Client":
        return boto3.session.Session().client("s3", config=_CONFIG)

    def _compare(self, client: "S3Client", key: str, note: str) -> None:
        try:
            there = client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "AccessDenied":
                return  # may only write; `audit_verify --worm`, with other credentials, compares
            raise
        if there != note.encode():
            raise Conflict(f"s3://{self.bucket}/{key} holds another note of this size.")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise Unreachable(f"{self.name}: {error.response['Error']['Code']}") from None
        except BotoCoreError as error:
            raise Unreachable(f"{self.name}: {error}") from None
