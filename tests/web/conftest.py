"""Fixtures of the tests of pages."""

import pytest
from django.test import Client

from qualadmin.core.models import QualificationType
from tests.factories import TypeFactory
from tests.people import Cast
from tests.web.lab import lab  # noqa: F401  (fixture)
from tests.web.lists import Someone


@pytest.fixture
def granter(cast: Cast, client: Client) -> Someone:
    """The granter of the cast at the pages, with the practice account in use."""
    return Someone(client, cast.granter, cast.account)


@pytest.fixture
def wave(cast: Cast) -> QualificationType:
    """A type of that account."""
    chosen: QualificationType = TypeFactory(account=cast.account, name="Wave 7")
    return chosen
