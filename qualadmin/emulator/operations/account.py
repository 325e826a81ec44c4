"""GetAccountBalance, the call every client makes first to see whether its credentials work."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator.world import World

SANDBOX_BALANCE = "10000.00"


def get_account_balance(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    if world.environment == "sandbox":
        return {"AvailableBalance": SANDBOX_BALANCE}
    return {"AvailableBalance": world.settings.production_balance}
