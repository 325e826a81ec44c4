"""What the command line prints: tables and sentences for people, JSON for scripts, a bar while it waits."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TextIO

BAR: Final = 30  # characters
WIDEST: Final = 60  # characters of one cell of a table


class Code(IntEnum):
    """Exit codes. Scripts decide by them, so none ever gets another meaning."""

    DONE = 0  # all of it, or it was so already; without --wait: accepted
    REFUSED = 1  # nothing was done
    USAGE = 2  # the command was not understood; nothing was done
    INCOMPLETE = 3  # it ended, and some of it failed, was not done, or needs a person
    PROBLEMS = 4  # some lines cannot be done; nothing was done
    APPROVAL = 5  # it waits for a second person
    TIME_OVER = 6  # it goes on, and nobody waits for it any more
    UNKNOWN = 7  # something broke; whether it was done is not known


@dataclass(slots=True)
class Printer:
    """Results go to `out`, everything else to `err`."""

    out: TextIO
    err: TextIO
    as_json: bool
    gone: bool = False  # nobody reads `out` any more

    def result(self, data: Any, sentence: str) -> None:
        """One thing."""
        self._say(json.dumps(data, ensure_ascii=False) if self.as_json else sentence)

    def table(self, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
        """A list: in JSON one object a line, so that a script may stop reading; else the columns."""
        if self.as_json:
            for row in rows:
                self._say(json.dumps(row, ensure_ascii=False))
                if self.gone:
                    return
            return
        cells = [[_cell(row[name]) for name in columns] for row in rows]
        if not cells:
            self.err.write("Nothing found.\n")
            return
        widths = [max(len(line[n]) for line in [list(columns), *cells]) for n in range(len(columns))]
        for line in [list(columns), *cells]:
            self._say("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())

    def refusal(self, code: str, message: str, details: Mapping[str, list[str]] | None = None) -> None:
        """What was refused: on standard error, and as JSON also where a script reads."""
        faults = [f"{name}: {' '.join(texts)}" for name, texts in (details or {}).items()]
        self.err.write("\n".join([message, *faults]) + "\n")
        if self.as_json:
            error = {"code": code, "message": message, **({"details": dict(details)} if details else {})}
            self._say(json.dumps({"error": error}, ensure_ascii=False))

    def note(self, text: str) -> None:
        """A word to whoever looks on."""
        self.err.write(text + "\n")

    def _say(self, line: str) -> None:
        """A reader that went away (`… | head`) changes nothing of what was done, so not the exit code either."""
        try:
            self.out.write(line + "\n")
            self.out.flush()
        except BrokenPipeError:
            self.gone = True
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.out.fileno())  # what is left in the buffer has to go somewhere
            os.close(nowhere)

    def bar(self, progress: Mapping[str, int], *, over: bool) -> None:
        """How far a job is, where somebody looks on."""
        if self.as_json or not self.err.isatty():
            return
        total = max(progress["total"], 1)
        full = BAR * (total - progress["left"]) // total
        failed = f", {progress['failed']:,} failed" if progress["failed"] else ""
        self.err.write(
            f"\r[{'#' * full}{'.' * (BAR - full)}] {total - progress['left']:,} of {total:,}{failed} "
            + ("\n" if over else "")
        )
        self.err.flush()


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(str(value).split())
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def standard(*, as_json: bool) -> Printer:
    """On the terminal."""
    return Printer(sys.stdout, sys.stderr, as_json)
