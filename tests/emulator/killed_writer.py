"""A program that kills itself at the n-th dealing with a file, for every n: `python killed_writer.py FOLDER`.

For each n it makes FOLDER/n/state, grants one worker after the other, and adds to FOLDER/n/acknowledged whoever
was granted, until the n-th look at, renaming or flushing of a file, before which (even n) or after which (odd n)
the process is killed. It ends when a child has lived to the end of its calls.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qualadmin.emulator import journal as journals
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.journal import Journal
from qualadmin.emulator.settings import Settings
from tests.emulator.calls import incoming

WORKERS = 36
LONG = 4000
"""Bytes of journal: about every tenth call is worth a snapshot."""


class Killer:
    def __init__(self, number: int) -> None:
        self._left = number // 2 + 1
        self._after = number % 2

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if not self._left and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = real(*arguments, **named)
            if not self._left and self._after:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return run


def live(folder: Path, number: int) -> None:
    journals.LONG = LONG
    engine = Engine("sandbox", Settings(signatures="ignored"), Journal(folder / "state", "sandbox"))
    fields = {"Name": "Killed", "Description": "d", "QualificationTypeStatus": "Active"}
    reply = engine.execute(engine.receive(incoming("CreateQualificationType", fields)))
    type_id = json.loads(reply.body)["QualificationType"]["QualificationTypeId"]
    told = os.open(folder / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    killer = Killer(number)
    # A kill does not ask what is on the disk, so no time is spent on getting it there.
    os.fsync, os.open = killer.around(lambda file: None), killer.around(os.open)
    Path.replace = killer.around(Path.replace)  # type: ignore[method-assign]
    for worker in range(WORKERS):
        params = {"QualificationTypeId": type_id, "WorkerId": f"A{worker}", "IntegerValue": worker}
        if engine.execute(engine.receive(incoming("AssociateQualificationWithWorker", params))).status == 200:
            os.write(told, b"A%d\n" % worker)
        if engine._journal is not None and engine._journal._thread is not None and worker % 3:
            engine._journal._thread.join()  # so that journals are cut too, whatever else the machine does


def main(place: Path) -> None:
    number = 0
    while True:
        folder = place / str(number)
        folder.mkdir()
        child = os.fork()
        if not child:
            live(folder, number)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit(os.waitstatus_to_exitcode(status))
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
