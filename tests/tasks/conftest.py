"""An emulator of its own for each test that needs one, with a type the account owns."""

from collections.abc import Iterator
from typing import Any

import pytest

from qualadmin.core.models import QualificationType, RequesterAccount
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.tasks.accounts import gateway_for
from tests.factories import TypeFactory


@pytest.fixture
def emulator(settings: Any) -> Iterator[Emulator]:
    """Where accounts of the environment `emulator` are served during the test."""
    with Emulator() as running:
        settings.EMULATOR_URL = running.url
        settings.SETTLE_SECONDS = 1
        settings.DRAIN_THREADS = 8
        yield running


@pytest.fixture
def gateway(emulator: Emulator, account: RequesterAccount) -> QualificationGateway:
    return gateway_for(account)


@pytest.fixture
def live_type(gateway: QualificationGateway, account: RequesterAccount) -> QualificationType:
    """A type that really exists at the emulator."""
    remote, _ = gateway.create_type(name="Wave 3", description="Took part in wave 2.")
    found: QualificationType = TypeFactory(account=account, name="Wave 3", mturk_id=remote.type_id)
    return found
