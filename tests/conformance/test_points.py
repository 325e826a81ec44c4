"""Each of the eighty points is observed here, or there is a reason why one account cannot."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from botocore.stub import Stubber

from tests.conformance.observing import Amazon, Report
from tests.emulator.test_points import points

FROM_WITHIN = {
    5: "the form of production's messages; nothing here calls production",
    7: "needs an account that is not linked to Mechanical Turk",
    8: "Amazon does not fail on demand",
    9: "provoking throttling would harm others",
    15: "needs production beside the sandbox",
    26: "needs a second account",
    42: "needs a second account",
    45: "needs the purge of a deleted type, up to 48 hours",
    46: "needs a worker who asks",
    47: "needs the purge of a deleted type, up to 48 hours",
    51: "needs a second account",
    56: "a lag that may be there cannot be missed; the tests wait for it",
    70: "needs a worker's mailbox",
    72: "needs a worker who asks",
    73: "needs a worker who asks",
    74: "needs a worker who asks",
    75: "needs a worker who asks",
}
"""Point to the reason why it is tested against the emulator alone, in tests/emulator."""


def observed() -> set[int]:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    names = re.findall(r"^def test_((?:\d\d_)+)", text, re.MULTILINE)
    return {int(number) for name in names for number in name.strip("_").split("_")}


def test_every_point_is_observed_or_there_is_a_reason() -> None:
    assert sorted(observed() | FROM_WITHIN.keys()) == points()
    assert not observed() & FROM_WITHIN.keys()


def test_only_the_sandbox_can_be_reached() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))
    production = "https://mturk-requester." + "us-east-1"
    assert production not in text


def test_differences_are_noted_and_fail_the_test(amazon: Amazon, tmp_path: Path) -> None:
    report = Report("made up", "A1REAL")
    with Stubber(amazon.client):
        seen = Amazon(amazon.client, report, None, "a test")
        seen.see(17, "balance", "10000.00", "9.00")
        seen.see(17, "again", 1, 1)
        seen.see(59, "whose", "A1REAL", "A1REAL")
        report.ended_early("a test", KeyError("Qualification"))
        with pytest.raises(pytest.fail.Exception, match=r"point 17, balance: expected '10000\.00', got '9\.00'"):
            seen.conclude()
        with pytest.raises(pytest.skip.Exception, match="QUALADMIN_CONFORMANCE_WORKER"):
            _ = seen.worker_id
    report.write(tmp_path / "report")
    text = (tmp_path / "report").read_text()
    content = json.loads(text)
    assert (content["target"], content["observed"]) == ("made up", 4)
    assert [(row["point"], row["expected"], row["got"]) for row in content["different"]] == [
        (17, "10000.00", "9.00"),
        (None, "no error", "KeyError('Qualification')"),
    ]
    assert "A1REAL" not in text
