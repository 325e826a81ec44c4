"""Made-up data of a small lab, always the same ids; times count back from the moment of seeding."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

from qualadmin.emulator import demo_hits, demo_test

ACCESS_KEY = "AKIADEMOEMULATOR0001"
"""Access key id of the demo requester account; any secret goes with it."""
WORKERS_FILE = Path(__file__).resolve().parents[2] / "docs" / "samples" / "User_1149273_workers.csv"
"""Amazon's worker download of the demo account. Its CURRENT- columns say who holds what."""

_SCREENED = "Screened: native English speaker"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class SampleMissing(Exception):
    """The sample file of the demo is not where it belongs."""


def description() -> dict[str, Any]:
    """The demo account in the form `seed.plant` takes. Raises SampleMissing."""
    panel = made_up_workers("panel", 240)
    screened = _made_up("3", _SCREENED, 30)
    return {
        "accounts": {ACCESS_KEY: _types(panel)},
        "hits": {ACCESS_KEY: demo_hits.hits(panel[200:205], screened)},
    }


def _types(panel: list[str]) -> list[dict[str, Any]]:
    guests = made_up_workers("request", 7)
    return [
        _type("Colour words wave 1", "Took part in wave 1 of the colour words study.", 62)
        | {"holders": holders_in_sample("Colour words wave 1")},
        _type("Attention checks", "Share of attention checks passed, in percent.", 58)
        | {"holders": holders_in_sample("Attention checks"), "requests": _requests(guests[:2], 5)},
        _type(_SCREENED, "Said in the screener that English is a first language.", 44)
        | {
            "holders": dict.fromkeys(panel, 1),
            "revoked": dict.fromkeys(made_up_workers("revoked", 9), 1),
            "requests": _requests(guests[2:6], 20),
        },
        _type("Eye tracking: webcam calibrated", "Webcam calibration error in hundredths of a degree.", 30)
        | {"holders": {worker_id: 40 + n * 7 % 60 for n, worker_id in enumerate(panel[:85])}}
        | {"requests": _requests(guests[6:], 2)},
        _type("Newsletter: tell me about new studies", "Ask for this to be told about new studies.", 21)
        | {"auto_granted_value": 1, "holders": dict.fromkeys(panel[60:150], 1)},
        _type("Colour words: instructions understood", "A short test of the instructions, in percent.", 12)
        | {"test": demo_test.TEST, "answer_key": demo_test.ANSWER_KEY, "test_duration": 900, "retry_delay": 86_400}
        | {"holders": {worker_id: (0, 50, 100, 100)[n % 4] for n, worker_id in enumerate(panel[190:222])}},
        _type("Mouse tracking pilot (closed)", "Took part in the mouse tracking pilot.", 400)
        | {"status": "Inactive", "holders": dict.fromkeys(panel[150:190], 1)},
    ]


def _type(name: str, text: str, age_days: int) -> dict[str, Any]:
    return {"name": name, "description": text, "age_days": age_days, "type_id": _made_up("3", name, 30)}


def _requests(worker_ids: list[str], age_hours: int) -> list[dict[str, Any]]:
    return [
        {"worker_id": worker_id, "age_hours": age_hours + 9 * n, "request_id": _made_up("3", worker_id, 40)}
        for n, worker_id in enumerate(worker_ids)
    ]


def made_up_workers(group: str, count: int) -> list[str]:
    """Worker ids that belong to nobody, the same ones each time."""
    return [_made_up("A", f"{group} {number}", 14) for number in range(count)]


def _made_up(prefix: str, text: str, length: int) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=64).digest()
    return prefix + "".join(_ALPHABET[byte % 36] for byte in digest[: length - len(prefix)])


def holders_in_sample(type_name: str) -> dict[str, int]:
    """Worker id to score, from the column CURRENT-<type name> of the sample. Raises SampleMissing."""
    try:
        text = WORKERS_FILE.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SampleMissing(f"The demo needs {WORKERS_FILE.name} in docs/samples.") from error
    rows = csv.DictReader(text.splitlines())
    column = f"CURRENT-{type_name}"
    return {row["Worker ID"]: int(row[column]) for row in rows if row[column]}
