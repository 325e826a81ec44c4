"""Large files as people upload them: known and new workers, changed scores, doubled lines, slips."""

from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.lab import worker_name


def _ids(rows: int, known: int) -> Iterator[str]:
    """Three quarters are known; one in fifty is slightly wrong; one in a hundred stands there twice."""
    for number in range(rows):
        if number % 50 == 7:
            yield f" {worker_name(number * 9 % known).lower()}"
        elif number % 100 == 11:
            yield worker_name((number - 1) * 9 % known)
        elif number % 4 == 3:
            yield worker_name(known + number)
        else:
            yield worker_name(number * 9 % known)


def scores(rows: int, known: int) -> bytes:
    """A CSV of ids, scores and notes. A third of the known get another score than the 100 they hold."""
    lines = ["WorkerId,Score,Note"]
    for number, one in enumerate(_ids(rows, known)):
        lines.append(f'{one},{60 if number % 3 == 0 else 100},"note {number}, from the lab"')
    return "\n".join(lines).encode()


def workers(rows: int, known: int) -> bytes:
    """Amazon's own worker file with one qualification; every tenth is taken away."""
    heads = (
        "Worker ID,Number of HITs approved or rejected - Lifetime,Number of HITs approved - Lifetime,"
        "Your Lifetime Approval Rate,CURRENT-Wave 000,UPDATE-Wave 000,CURRENT BlockStatus,UPDATE BlockStatus"
    )
    lines = [heads]
    for number, one in enumerate(_ids(rows, known)):
        update = "Revoke" if number % 10 == 0 else 60 if number % 3 == 0 else 100
        lines.append(f"{one.strip().upper()},25,24,24/25 (96%),100,{update},Never Blocked,")
    return "\n".join(lines).encode()


FILES: Final[dict[str, Callable[[int, int], bytes]]] = {"scores": scores, "workers": workers}
