"""Fixtures of the tests of the command line."""

import pytest

from qualadmin.core.models import QualificationType
from tests.factories import TypeFactory
from tests.people import Cast


@pytest.fixture
def wave(cast: Cast) -> QualificationType:
    chosen: QualificationType = TypeFactory(account=cast.account, name="Wave 7", mturk_id="3WAVE7")
    return chosen
