"""Searches of the log that people ask again and again, as links. Each is words that can be edited."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

DAYS: Final = 90  # how far back they look: nobody means the whole log, and reading it all takes long


@dataclass(frozen=True, slots=True)
class Preset:
    """A search by name. `current` where the page shows just that."""

    label: str
    url: str
    current: bool = False


WORKING_HOURS: Final = "mon-fri@7-20"
SEARCHES: Final = (
    ("Production grants", {"effect": "granted", "environment": "production"}),
    ("Failed or unknown", {"outcome": "failed,unknown"}),
    ("Scores lowered", {"effect": "lowered"}),
    ("E-mails to workers", {"effect": "emailed"}),
    ("Roles", {"action": "role.*,study.investigator.added,study.investigator.removed"}),
    (
        "Exports and reveals",
        {"action": "audit.exported,job.exported,message.exported,system.drift.exported,worker.revealed"},
    ),
    ("Outside working hours", {"by": "person", "not-hours": WORKING_HOURS}),
)


def presets(query: str) -> list[Preset]:
    """All of them, counted back from today. `query` is the address of the page, without its "?"."""
    begin = (timezone.localdate() - timedelta(days=DAYS)).isoformat()
    found = []
    for label, said in SEARCHES:
        address = urlencode(in_order({**said, "from": begin}))
        found.append(Preset(label, f"{reverse('audit-list')}?{address}", current=address == query))
    return found


def in_order(said: dict[str, str]) -> dict[str, str]:
    """An address with its keys as the search in words writes them: what it finds, the days, what it leaves out."""
    days = [key for key in ("from", "to") if key in said]
    left_out = [key for key in said if key.startswith("not-")]
    found = [key for key in said if key not in {*days, *left_out}]
    return {key: said[key] for key in (*found, *days, *left_out)}
