"""Writing the diagnostic log without ever waiting for who reads it.

A pipe or a terminal that nobody reads is full after some lines, and the next write waits for ever; with it would
wait the request or the task that only wanted to say something. So a thread of its own writes, from a short queue.
What does not fit into the queue is left out and counted. The audit log is another thing: nothing is ever left out.
"""

import atexit
import json
import logging
import os
import stat
import threading
import time
from multiprocessing.util import Finalize
from queue import Empty, Full, Queue
from typing import Final, TextIO

KEPT: Final = 1_000  # lines that wait to be written
LAST_WORDS: Final = 1.0  # seconds that the end of a process waits for them


class StderrHandler(logging.StreamHandler[TextIO]):
    """Standard error, written by a thread where it could keep us waiting; a file is written at once."""

    def __init__(self) -> None:
        super().__init__()
        self._may_block = _may_block(self.stream)
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)
        atexit.register(self.finish)
        Finalize(None, self.finish, exitpriority=0)  # processes of multiprocessing end without atexit

    def _begin_anew(self) -> None:
        """Threads stay behind in the parent, and a lock may have been held at that moment."""
        self._lines: Queue[str] = Queue(KEPT)
        self._writer: threading.Thread | None = None
        self._left_out = 0
        self._starting = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the line on. Returns at once, whatever becomes of the line."""
        if not self._may_block:
            super().emit(record)
            return
        try:
            self._lines.put_nowait(self.format(record))
        except Full:
            self._left_out += 1
        except Exception:
            self.handleError(record)
        self._start_writer()

    def finish(self) -> None:
        """Wait a moment for the lines that are still to be written."""
        end = time.monotonic() + LAST_WORDS
        while self._lines.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.01)

    def _start_writer(self) -> None:
        if self._writer is not None:
            return
        with self._starting:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_on, name="log", daemon=True)
                self._writer.start()

    def _write_on(self) -> None:
        number = self.stream.fileno()
        lines = self._lines
        while True:
            line = lines.get()
            try:
                _write(number, line)
                if self._left_out and lines.qsize() < KEPT // 2:
                    left_out, self._left_out = self._left_out, 0
                    _write(number, json.dumps({"level": "WARNING", "logger": __name__, "text": _loss(left_out)}))
            except OSError:
                _empty(lines)  # nobody will ever read: the other end is gone
            finally:
                lines.task_done()


def _may_block(stream: TextIO) -> bool:
    """Whether writing may have to wait for somebody: not with a file, nor where tests look on."""
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


def _loss(lines: int) -> str:
    return f"{lines} lines are missing here: the log was not read for a while."


def _write(number: int, line: str) -> None:
    rest = f"{line}\n".encode(errors="backslashreplace")
    while rest:
        rest = rest[os.write(number, rest) :]


def _empty(lines: Queue[str]) -> None:
    while True:
        try:
            lines.get_nowait()
        except Empty:
            return
        lines.task_done()
