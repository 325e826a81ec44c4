"""Words and people for the tests of the log."""

import pytest

from qualadmin.audit.types import Context, Who
from qualadmin.audit.vocabulary import Event, Outcome, register

register(
    Event(
        "lamp.switched",
        outcomes=frozenset(Outcome),
        changes=frozenset({"lit", "name", "colour"}),
        payload=frozenset({"reason"}),
        sentence="{actor} switched {target}: {changes}",
    ),
    Event("lamp.looked_at"),
)


@pytest.fixture
def ctx() -> Context:
    return Context(actor=Who("user", "7", "Ada Lovelace"))
