"""The sign-ins of a demo, shown on its sign-in page. Any other kind of run shows nothing."""

import json
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One made-up person of the demo, with the password in clear: it protects nothing."""

    name: str
    password: str
    role: str


def sign_ins() -> list[DemoPerson]:
    """Who can sign in, as `prepare_demo` noted it; empty outside a demo."""
    if settings.MODE != "demo":
        return []
    path = Path(settings.VAR_DIR) / "sign-ins.json"
    if not path.exists():
        return []
    people = json.loads(path.read_text(encoding="utf-8"))
    return [DemoPerson(str(one["name"]), str(one["password"]), str(one["role"])) for one in people]
