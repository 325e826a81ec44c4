"""What an audit entry costs: `python -m benchmarks.audit_flush [database URL]`.

Writes 500 entries a transaction, as a drain does, into a database of its own, and prints microseconds an entry:
building (in the caller), flushing (numbering, hashing, inserting), committing. Beside it the same rows through
bulk_create, which is what a log without numbers, hashes and guards would use at best. Default is a SQLite file.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

ENTRIES, ROUNDS = 500, 40


def main(url: str) -> None:
    os.environ["QUALADMIN_TEST_DATABASE_URL"] = url
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor == "sqlite":
        call_command("migrate", verbosity=0)
        measure()
        return
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        measure()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def measure() -> None:
    from django.db import connection, transaction

    from qualadmin.audit import record as audit
    from qualadmin.audit.flush import flush
    from qualadmin.audit.models import AuditEntry
    from qualadmin.audit.types import Context, Target, TaskInfo, Who
    from qualadmin.audit.vocabulary import Event, register

    register(Event("bench.finished", changes=frozenset({"state", "value", "status"})))
    context = Context(Who("task", "drain", "drain"), task=TaskInfo("t", "drain", "host", 1))
    person, target, workers = Who("user", "7", "Ada"), Target("qtype", uuid4().hex, "Colour"), uuid4()
    aws = {"env": "production", "op": "Associate", "request_id": uuid4().hex, "http": 200, "ms": 51}
    changes = {"state": ["sending", "done"], "value": [None, 100], "status": [None, "Granted"]}
    parts: dict[str, list[float]] = {"build": [], "flush": [], "commit": [], "bulk_create": []}
    for _ in range(ROUNDS):
        started = time.perf_counter()
        with audit.transaction(context) as tx:
            for number in range(ENTRIES):
                tx.record(
                    "bench.finished",
                    target=target,
                    stream="study:colour",
                    subject=workers,
                    job="a" * 36,
                    item=number,
                    attempt=1,
                    on_behalf_of=person,
                    changes=changes,
                    aws=aws,
                )
            built = time.perf_counter()
            flush(connection, tx._buffer.drafts)
            tx._buffer.drafts.clear()
            flushed = time.perf_counter()
        committed = time.perf_counter()
        for name, seconds in (
            ("build", built - started), ("flush", flushed - built), ("commit", committed - flushed)
        ):  # fmt: skip
            parts[name].append(seconds)
        newest = list(AuditEntry.objects.order_by("-seq")[:ENTRIES])
        with transaction.atomic():
            for entry in newest:
                entry.seq, entry.id = entry.seq + ENTRIES, uuid4()
                entry.stream_seq += ENTRIES
            began = time.perf_counter()
            AuditEntry.objects.bulk_create(newest)
            parts["bulk_create"].append(time.perf_counter() - began)
            transaction.set_rollback(True)
    print(f"{connection.vendor}: {ROUNDS} x {ENTRIES} entries, microseconds an entry")
    for name, seconds in parts.items():
        per = [value / ENTRIES * 1e6 for value in seconds]
        print(f"  {name:<12} median {statistics.median(per):6.1f}   best {min(per):6.1f}")
    total = [sum(three) / ENTRIES * 1e6 for three in zip(parts["build"], parts["flush"], strict=True)]
    print(f"  build+flush  median {statistics.median(total):6.1f}   best {min(total):6.1f}   (goal: 60 on SQLite)")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(f"sqlite:///{Path(folder) / 'test_bench.sqlite3'}")
