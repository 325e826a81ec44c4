"""One example entry of every event of the vocabulary, in words and as the hash of its exact bytes (T-A01).

Entries that were written stay as they are, and whoever reads them goes by their bytes: a name, a field or a form
that changes must be seen by whoever changes it. `TESTS_REWRITE_GOLDEN=1` writes golden_entries.txt anew; the
change then stands in the diff for review.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from qualadmin.audit import canonical, entry, vocabulary
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.sentences import sentence
from qualadmin.audit.tree import leaf_hash
from qualadmin.audit.types import Context, RequestInfo, Target, TaskInfo, Who
from qualadmin.audit.vocabulary import Event

FILE = Path(__file__).with_name("golden_entries.txt")
#: The event whose example is written out byte by byte.
WRITTEN_OUT = "role.granted"
CONTEXT = Context(
    actor=Who("user", "7", "Mira Lang", {"method": "password", "mfa": False, "session": "0" * 16}),
    on_behalf_of=Who("user", "8", "Ada Lovelace"),
    approved_by=Who("user", "9", "Grace Hopper"),
    request=RequestInfo("r-1", "192.0.2.7", "POST", "jobs/<uuid:pk>/", "Browser/1"),
    task=TaskInfo("t-1", "drain", "host", 42),
)
ORIGIN_AND_APP = ('"lab.example.org/qualadmin"', canonical.text({"version": "1.0", "commit": "abc"}))
AWS = {"account": "000000000000", "env": "sandbox", "op": "Op", "request_id": "a-1", "http": 200, "code": None,
       "turk_code": None, "sdk_attempts": 1, "ms": 51}  # fmt: skip


def core_of(event: Event, outcome: str) -> bytes:
    """The bytes of an entry in which every part says something."""
    draft = entry.draft(
        entry.ContextText.of(CONTEXT),
        ORIGIN_AND_APP,
        event.name,
        target=Target("job", "5", "Colour words"),
        stream="study:colour",
        subject=UUID(int=2),
        changes={field: [None, f"new {field.replace('_', ' ')}"] for field in event.changes or ()},
        outcome=outcome,
        reason_code="protocol",
        job=UUID(int=3),
        item=4,
        attempt=1,
        aws=AWS,
        payload=dict.fromkeys(event.payload, "some words"),
        occurred_at=datetime(2026, 11, 23, 14, 5, 8, tzinfo=UTC),
    )
    return draft.core(7, 3, "2026-11-23T14:05:09.000042Z", 6)


def words_of(event: Event, core: bytes, outcome: str) -> str:
    who, target = {"actor_kind": "user", "actor_label": "Mira Lang"}, {"target_label": "Colour words"}
    return sentence(AuditEntry(action=event.name, outcome=outcome, core=core, **who, **target))


def paragraph(event: Event) -> str:
    changes, payload = (" ".join(sorted(names or ())) or "–" for names in (event.changes, event.payload))
    lines = [f"{event.name} ({event.severity})", f"changes: {changes}; texts: {payload}"]
    for outcome in sorted(event.outcomes):
        core = core_of(event, outcome)
        lines += [f"{outcome} {leaf_hash(core).hex()}", words_of(event, core, outcome)]
    return "\n    ".join(lines)


def test_t_a01_every_event_has_the_form_that_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "uuid4", lambda: UUID(int=1))
    monkeypatch.setattr(entry, "urandom", bytes)
    names = sorted(name for name in vocabulary.names() if not name.startswith("lamp."))  # of other tests
    now = {name: paragraph(vocabulary.find(name)) for name in names}
    now["example"] = f"example: {WRITTEN_OUT}\n{core_of(vocabulary.find(WRITTEN_OUT), 'ok').decode()}"
    if os.environ.get("TESTS_REWRITE_GOLDEN"):
        FILE.write_text("\n\n".join([now.pop("example"), *now.values()]) + "\n", encoding="utf-8")
        return
    texts = FILE.read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    assert {text.split()[0].rstrip(":"): text for text in texts} == now
