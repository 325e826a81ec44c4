"""What most tests of actions have in common."""

import pytest

from qualadmin.core.models import QualificationType, RequesterAccount
from tests.factories import TypeFactory


@pytest.fixture
def wave(account: RequesterAccount) -> QualificationType:
    """A type of the account."""
    found: QualificationType = TypeFactory(account=account, name="Wave 3")
    return found
