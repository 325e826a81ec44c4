"""One line for each worker of a target: repeats merged, contradictions made faults on all sides."""

from __future__ import annotations

from qualadmin.csvio.interpretation import Line, Repeat, Target

_NAMED = 5


def merge(target: Target, *, list_repeats: bool) -> None:
    """Change the lines of a target in place, in the order of the file.

    A worker asked for twice in the same way keeps the first line, which names the others. Asked for in
    different ways, every line becomes a fault: nobody can know which one is meant. With ``list_repeats``
    off the repeats are merged but not listed one by one.
    """
    merged: set[int] = set()
    for worker_id, lines in _repeated(target).items():
        if len({(line.score, line.revoke) for line in lines}) > 1:
            _contradict(worker_id, lines)
            continue
        first, *later = lines
        first.merged_lines = tuple(line.line for line in later)
        merged.update(id(line) for line in later)
        if list_repeats:
            target.repeats.extend(Repeat(line.line, first.line, worker_id) for line in later)
    target.lines = [line for line in target.lines if id(line) not in merged]
    target.repeats.sort(key=lambda repeat: repeat.line)


def _repeated(target: Target) -> dict[str, list[Line]]:
    """The lines of each worker who has several, in the order of the file."""
    first: dict[str, Line] = {}
    several: dict[str, list[Line]] = {}  # apart: of a large file a list for each worker would fill the memory
    for line in target.lines:
        if line.fault is not None or line.worker_id is None:
            continue
        earlier = first.setdefault(line.worker_id, line)
        if earlier is not line:
            several.setdefault(line.worker_id, [earlier]).append(line)
    return several


def _contradict(worker_id: str, lines: list[Line]) -> None:
    """Each line says what all of them ask, also if there are thousands: at most five are named."""
    asked = [f"{_wish(line)} in line {line.line}" for line in lines[:_NAMED]]
    more = f" and {len(lines) - _NAMED:,} more" if len(lines) > _NAMED else ""
    fault = f"{worker_id} is asked for differently: {', '.join(asked)}{more}. Keep one of these lines."
    for line in lines:
        line.fault, line.fault_code, line.worker_id = fault, "conflict", None


def _wish(line: Line) -> str:
    if line.revoke:
        return "revoke"
    return "no score" if line.score is None else f"score {line.score:,}"
