"""Named moments at which a test may kill the process, as a power cut would. Inert everywhere else.

`settings.KILLPOINT` is `name:nth`: the nth time the process reaches that moment it gets SIGKILL; with
`name:nth:stop` it gets SIGSTOP and sleeps until SIGCONT. System check E012 refuses the setting outside a test run.
It lives below the actions because half of these moments lie inside their transactions.
"""

import os
import signal
from collections import Counter
from typing import Final

from django.conf import settings

#: In the order in which a job and then one change meet them,
NAMES: Final = (
    "confirming", "confirmed", "preparing", "prepared_part", "giving_up", "gave_up_part",
    "claiming", "claimed", "answered", "recording", "recorded", "reading_back", "emptying", "emptied_part",
    # and those that the sealer meets in a round
    "key_kept", "checked", "prepared", "signed", "remembered", "stored", "key_dropped", "published", "noted",
    "place_done",
)  # fmt: skip
_met: Counter[str] = Counter()


def reached(name: str) -> None:
    """Die here, or fall asleep, if a test asked for it."""
    wanted: str = getattr(settings, "KILLPOINT", "")
    if not wanted:
        return
    wanted_name, nth, how = [*wanted.split(":"), "", ""][:3]
    if wanted_name not in NAMES or name not in NAMES:
        raise ValueError(f"There is no moment called {wanted_name} or {name}.")
    if name == wanted_name:
        _met[name] += 1
        if _met[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGSTOP if how == "stop" else signal.SIGKILL)
