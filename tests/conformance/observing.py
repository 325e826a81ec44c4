"""What was expected of Amazon, what came, and the report of both."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

LONGEST_LAG_SECONDS = 90
TURK = "AWS.MechanicalTurk."


class Refused(NamedTuple):
    """A refused call, in the parts that programs look at."""

    kind: str
    turk_code: str | None
    message: str
    status: int


class Report:
    """Every observation of a run. Written at its end, also when some differ, without the worker's id."""

    def __init__(self, target: str, worker_id: str | None) -> None:
        self.target = target
        self._worker_id = worker_id
        self.rows: list[dict[str, Any]] = []

    def write(self, path: Path) -> None:
        different = [row for row in self.rows if not row["same"]]
        content = {"target": self.target, "observed": len(self.rows), "different": different, "all": self.rows}
        text = json.dumps(content, indent=1, default=str)
        path.write_text(text.replace(self._worker_id or "\0", "WORKER") + "\n", encoding="utf-8")

    def ended_early(self, test: str, error: BaseException | None) -> None:
        row = {"point": None, "what": "the whole test", "expected": "no error", "got": repr(error)}
        self.rows.append({**row, "same": False, "test": test})


class Amazon:
    """One requester account, and what a test made there, to be taken away again.

    `worker_id` is a worker that exists in the environment; the test is skipped if none is named.
    """

    def __init__(self, client: Any, report: Report, worker_id: str | None, test: str) -> None:
        self.client = client
        self.report = report
        self._worker_id = worker_id
        self._test = test
        self._made: list[str] = []
        self._differences: list[str] = []

    @property
    def worker_id(self) -> str:
        if self._worker_id is None:
            pytest.skip("Needs a worker of this environment: set QUALADMIN_CONFORMANCE_WORKER.")
        return self._worker_id

    # calling

    def create(self, **fields: Any) -> dict[str, Any]:
        """A type with a name of its own, unless one is given; it is deleted after the test."""
        content = {
            "Name": f"conformance {secrets.token_hex(6)}",
            "Description": "Made by a conformance test, which deletes it.",
            "QualificationTypeStatus": "Active",
            **fields,
        }
        made: dict[str, Any] = self.client.create_qualification_type(**content)["QualificationType"]
        self._made.append(made["QualificationTypeId"])
        return made

    def type_id(self, **fields: Any) -> str:
        made: str = self.create(**fields)["QualificationTypeId"]
        return made

    def grant(self, type_id: str, **fields: Any) -> dict[str, Any]:
        """Never mails: somebody real may be behind the worker id."""
        given: dict[str, Any] = self.client.associate_qualification_with_worker(
            QualificationTypeId=type_id, WorkerId=self.worker_id, SendNotification=False, **fields
        )
        return given

    def score(self, type_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get_qualification_score(
            QualificationTypeId=type_id, WorkerId=self.worker_id
        )["Qualification"]
        return found

    def refused(self, call: Callable[..., Any], **params: Any) -> Refused:
        """How a call is refused; a call that is not is a difference and "nothing"."""
        try:
            made = call(**params)
        except ClientError as error:
            response: Any = error.response
            return Refused(
                response["Error"]["Code"],
                response.get("TurkErrorCode"),
                response["Error"]["Message"],
                response["ResponseMetadata"]["HTTPStatusCode"],
            )
        if "QualificationType" in made:
            self._made.append(made["QualificationType"]["QualificationTypeId"])
        return Refused("nothing", None, "", made["ResponseMetadata"]["HTTPStatusCode"])

    # observing

    def see(self, point: int, what: str, expected: Any, got: Any) -> None:
        """Note both; the test fails at its end if they differ, so that all of it is seen."""
        same = expected == got
        row = {"point": point, "what": what, "expected": expected, "got": got, "same": same, "test": self._test}
        self.report.rows.append(row)
        if not same:
            self._differences.append(f"point {point:02}, {what}: expected {expected!r}, got {got!r}")

    def see_that(self, point: int, what: str, got: object, holds: Callable[[Any], object]) -> None:
        """The same for what is not one value."""
        self.see(point, what, "as said", "as said" if holds(got) else got)

    def in_time(self, found: Callable[[], bool]) -> bool:
        """Whether it comes true within the time Amazon's search index may take."""
        end = time.monotonic() + (LONGEST_LAG_SECONDS if self.report.target == "sandbox" else 0)
        while not found():
            if time.monotonic() > end:
                return False
            time.sleep(2)
        return True

    # ending

    def clean(self) -> None:
        for type_id in self._made:
            # What a test has deleted itself is gone, and that is as good.
            with suppress(self.client.exceptions.RequestError):
                self.client.delete_qualification_type(QualificationTypeId=type_id)

    def conclude(self) -> None:
        if self._differences:
            pytest.fail("\n".join(self._differences), pytrace=False)
