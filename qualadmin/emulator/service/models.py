"""What moto keeps per account and region: here one world per environment, since types are public to all
accounts."""

from __future__ import annotations

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.models import DEFAULT_ACCOUNT_ID

from qualadmin.emulator.engine import Engine
from qualadmin.emulator.errors import Environment
from qualadmin.emulator.settings import Settings

# The sandbox shares region and signature scope with production; only the host differs. moto wants a region,
# so it is one.
_REGIONS: dict[Environment, str] = {"production": "us-east-1", "sandbox": "sandbox"}


class MTurkBackend(BaseBackend):  # type: ignore[misc,unused-ignore]
    """Moto replaces it on every reset, and with it the world."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        environment: Environment = "sandbox" if region_name == _REGIONS["sandbox"] else "production"
        # Programs under mock_aws sign with credentials that they made up on the spot.
        self.engine = Engine(environment, Settings(signatures="ignored"))


mturk_backends = BackendDict(MTurkBackend, "mturk", additional_regions=["sandbox"])


def engine(environment: Environment) -> Engine:
    """The engine behind one environment's host inside `mock_aws`; tests steer it through `Control`."""
    backend: MTurkBackend = mturk_backends[DEFAULT_ACCOUNT_ID][_REGIONS[environment]]
    return backend.engine
