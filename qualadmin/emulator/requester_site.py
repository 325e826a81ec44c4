"""What requesters make on Amazon's website and not by the API."""

from __future__ import annotations

from qualadmin.emulator.world import World, new_id


def make_layout(world: World, account: str, html: str) -> str:
    """A HIT layout: HTML with placeholders like ${image}. Returns its id, for HITLayoutId."""
    layout_id = new_id("3", 30)
    world.record(["layout", layout_id, account, html])
    return layout_id
