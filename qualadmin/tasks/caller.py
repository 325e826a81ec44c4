"""The calling process: reads work from standard input, calls Amazon, writes replies to standard output.

    python -m qualadmin.tasks.caller     (started by callers.py; the first line says for which account)

It has its own interpreter, so that writing results down and making calls do not wait for each other. It knows
nothing of Django or the database, holds no state, and ends with its parent: what it had in hand then is looked
up at Amazon later.
"""

import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from typing import IO, Final

from qualadmin.mturk.client import ClientCache
from qualadmin.mturk.credentials import AccountCredentials
from qualadmin.mturk.errors import MTurkError

from .calling import Pool, Work
from .supervisor import end_with_parent

BATCH: Final = 256  # replies written at once
PAUSE: Final = 0.05  # seconds replies may wait for company


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the supervisor's business
    end_with_parent(int(sys.argv[1]))
    first = json.loads(sys.stdin.readline())
    try:
        gateway = ClientCache().gateway(AccountCredentials(**first["credentials"]), threads=first["threads"])
    except MTurkError as error:
        _write(sys.stdout, [{"refused": error.for_people}])
        return
    pool = Pool(gateway, first["threads"])
    _write(sys.stdout, [{"ready": os.getpid()}])
    threading.Thread(target=_answer, args=(pool,), daemon=True).start()
    for line in sys.stdin:
        pool.send([Work(**one) for one in json.loads(line)])
    pool.close()


def _answer(pool: Pool) -> None:
    """Write replies as they come, in batches. A parent that is gone ends the process."""
    while True:
        replies = pool.receive(PAUSE, BATCH)
        if replies:
            try:
                _write(sys.stdout, [asdict(reply) for reply in replies])
            except OSError:
                os._exit(1)  # nobody listens any more: not one call more


def _write(stream: IO[str], messages: list[dict[str, object]]) -> None:
    stream.write(json.dumps(messages) + "\n")
    stream.flush()


if __name__ == "__main__":
    main()
