"""What the page of the log says about checks of it, and how long it is kept."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from qualadmin.audit import testing
from qualadmin.core.vitals import read_vitals
from qualadmin.tasks.evidence import verify_log
from tests.audit.damage import sql
from tests.web.lab import Lab
from tests.web.lists import Someone, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pi(lab: Lab, client: Client) -> Someone:
    return Someone(client, lab.cast.pi, lab.cast.account)


def test_a_quick_check_does_not_hide_what_the_nightly_one_found(pi: Someone, lab: Lab) -> None:
    """Numbers and hashes stay as they were when a column is changed: only the full check sees that."""
    with testing.disable_guards():
        sql("UPDATE audit_entry SET actor_label = 'Eve' WHERE seq = 1")
    verify_log()
    assert "Broken Everything in" in " ".join(text_of(pi.get("/audit/")).split())
    went_on(pi.client.post("/audit/verify/", hidden_of(pi.get("/audit/"))))
    text = " ".join(text_of(pi.get("/audit/")).split())
    assert "Unbroken Numbers and hashes of" in text
    assert "Broken Everything in" in text
    assert "by nightly verification" in text
    receipt = json.loads(pi.get("/audit/receipt.json").content)
    assert (receipt["verification"]["result"], receipt["full_verification"]["result"]) == ("unbroken", "broken")
    assert receipt["full_verification"]["findings"] == {"column_mismatch": 1}
    verified = read_vitals(timezone.now()).keeping.verified
    assert verified is not None
    assert verified.outcome == "failed"  # so that the alarm stays


@pytest.mark.parametrize("path", ["/audit/", "/audit/0/", "/audit/months/"])
def test_t_a57_pages_of_the_log_say_how_long_entries_are_kept(pi: Someone, lab: Lab, path: str) -> None:
    assert "Entries are kept for good: none of them can be changed or deleted" in text_of(pi.get(path))
