"""A process that writes to the log as fast as it can: `python -m tests.audit.writer SEED COUNT`.

Prints the number of entries it knows to be committed after each transaction, so that it may be killed.
"""

import os
import random
import sys

import django


class Unlucky(Exception):
    """A transaction that is rolled back."""


def main(seed: int, count: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    import tests.audit.conftest  # noqa: F401  (registers the made-up events)
    from qualadmin.audit import record as audit
    from qualadmin.audit.types import Context, Who
    from tests.audit.testapp.models import Lamp

    chance = random.Random(seed)
    context = Context(actor=Who("task", str(seed), f"writer {seed}"))
    written = 0

    def step(tx: audit.Transaction, number: int) -> int:
        entry_id = tx.record("lamp.switched", stream=f"study:s{chance.randrange(3)}", payload={"reason": "x"})
        Lamp.objects.create(name=f"{seed}-{number}-{chance.random()}"[:20], audit_id=entry_id)
        if chance.random() < 0.3:
            raise Unlucky
        return 1

    def inner(number: int) -> int:
        try:
            with audit.transaction(context) as tx:
                return step(tx, number)
        except Unlucky:
            return 0

    for number in range(count):
        try:
            with audit.transaction(context, durable=True) as tx:
                added = step(tx, number) + inner(number)
        except Unlucky:
            added = 0
        written += added
        print(written, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
