"""What a requester in production still has. Sandbox money never ends."""

from __future__ import annotations

from qualadmin.emulator.hits import money
from qualadmin.emulator.world import World


def available(world: World, owner: str) -> int:
    """Cents that are neither spent nor needed for HITs that are out."""
    start = money.cents(world.settings.production_balance)
    return start - world.hits.spent[owner] - world.ledger.paid[owner] - world.hits.liability[owner]


def covers(world: World, owner: str, needed: int) -> bool:
    """Whether `needed` cents more can be spent or set aside."""
    return world.environment == "sandbox" or available(world, owner) >= needed
