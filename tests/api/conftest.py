"""Fixtures of the tests of the JSON API."""

import pytest
from django.core.cache import cache

from qualadmin.core.models import QualificationType
from qualadmin.web import limits
from tests.api.program import Program, token_for
from tests.factories import TypeFactory
from tests.people import Cast


@pytest.fixture(autouse=True)
def _counted_from_nothing(db: None) -> None:
    cache.clear()
    limits._kept.clear()


@pytest.fixture
def wave(cast: Cast) -> QualificationType:
    chosen: QualificationType = TypeFactory(account=cast.account, name="Wave 7", mturk_id="3WAVE7")
    return chosen


@pytest.fixture
def program(cast: Cast) -> Program:
    """A script of the granter with every scope, for all accounts."""
    return Program(token_for(cast.granter))
