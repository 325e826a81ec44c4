"""GetAccountBalance, the call every client makes first to see whether its credentials work."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator.hits import money
from qualadmin.emulator.hits.balance import available
from qualadmin.emulator.world import World

SANDBOX_BALANCE = "10000.00"


def get_account_balance(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """In production the setting less what was paid and what HITs that are out may still cost, with fees."""
    if world.environment == "sandbox":
        return {"AvailableBalance": SANDBOX_BALANCE}
    # The API's form of an amount knows no minus.
    return {"AvailableBalance": money.text(max(0, available(world, owner)))}
