"""A world and its call log as sections of a file, and back.

Grants, mails and calls, of which there may be millions, are written as they stand. Of everything else the
events are kept: there are few, and only their takers know what follows from them.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from qualadmin.emulator.calls import CallLog
from qualadmin.emulator.holders import Holders
from qualadmin.emulator.sections import Section
from qualadmin.emulator.world import World

_COLUMNS = frozenset({"workers", "values", "times", "statuses"})


def freeze(world: World, calls: CallLog) -> Iterator[Section]:
    """The sections as of now: what changes later, while they are being taken, is not in them."""
    few = [("last_call", str(calls.last).encode())]
    few += [("events", block) for block in world.history.packed()]
    few += [("mails", block) for block in world.outbox.packed()]
    few += [("calls", block) for block in calls.packed()]
    return chain(few, *[holders.sections(type_id) for type_id, holders in world.holders.items()])


def thaw(world: World, calls: CallLog, sections: Iterable[Section]) -> None:
    """Fill an empty world and log. Raises ValueError."""
    holders = Holders()
    try:
        for name, content in sections:
            if name == "holders":
                type_id, byteorder = json.loads(content)
                if byteorder != sys.byteorder:
                    raise ValueError("it was made on a machine with another order of bytes")
                holders = world.holders[type_id] = Holders()
            elif name in _COLUMNS:
                holders.take(name, content)
            elif name == "events":
                for event in json.loads(zlib.decompress(content)):
                    world.apply(event)
            elif name == "mails":
                world.outbox.take(content)
            elif name == "calls":
                calls.take(content)
            elif name == "last_call":
                calls.last = int(content)
            else:
                raise ValueError(f"it has an unknown section, {name}")
    except zlib.error as error:
        raise ValueError(str(error)) from error
