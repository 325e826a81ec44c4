"""What checking the log and writing into it cost: `python -m benchmarks.audit_verify [entries]` (default 100,000).

Fills a database of its own as benchmarks.bundle does, and prints CPU seconds of `audit_verify` (everything, then
numbers and hashes only) and by how much the process grew: with a tenth of the entries, then with all of them. Then
entries are written with the tree and without it in turns, from the call to the commit. Ends with code 1 above 3 s
of CPU per 100,000 entries, above 20 MiB more for ten times the entries, or if the tree takes more than a tenth of
the CPU of a drain's call.
"""

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from benchmarks.bundle import FLUSH, fill
from benchmarks.database import prepare

VERIFY_SECONDS, GROWTH_MIB, TREE_SHARE = 3.0, 20.0, 0.10
ROUNDS = 30
CALL_MICROSECONDS = 1300.0  # CPU of one call of a drain to Amazon on the machine of README.md, beside its entries
ENTRIES_A_CALL = 2  # that it starts, and how it ended


def main(number: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        fill(number // 10)
        verified(number // 10)
        small = peak()
        fill(number - number // 10)
        grown = peak()  # filling may have taken more than checking
        full, quick = verified(number), verified(number, quick=True)
        growth = peak() - max(small, grown)
        kept, spared = written()
    per = full / number * 100_000
    share = ENTRIES_A_CALL * (kept - spared) / CALL_MICROSECONDS
    print(f"{number:,} entries")
    print(f"  everything         {full:6.1f} s CPU, {per:.2f} s per 100,000 (goal: {VERIFY_SECONDS})")
    print(f"  numbers and hashes {quick:6.1f} s CPU")
    print(f"  memory             {small:6.1f} MiB at a tenth, {growth:.1f} more at ten times (goal: {GROWTH_MIB})")
    print(
        f"  an entry written   {kept:6.1f} µs CPU with the tree, {spared:.1f} without: {kept / spared:.2f} times"
    )
    whole = ENTRIES_A_CALL * kept / CALL_MICROSECONDS
    print(f"  the tree           {share:6.1%} of the CPU of a drain's call (goal: {TREE_SHARE:.0%})")
    print(f"  entries at all     {whole:6.1%} of it")
    return int(per > VERIFY_SECONDS or growth > GROWTH_MIB or share > TREE_SHARE)


def peak() -> float:
    """MiB that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def verified(number: int, *, quick: bool = False) -> float:
    """CPU seconds of a verification that finds nothing."""
    from qualadmin.audit.findings import Report
    from qualadmin.audit.types import Context
    from qualadmin.audit.verify import verify

    began = time.process_time()
    report = verify(Context.system("benchmark"), Report(), quick=quick)
    if report.counts or report.checked < number:
        sys.exit(f"The log should be sound: {report.summary()}")
    return time.process_time() - began


def written() -> tuple[float, float]:
    """Microseconds of CPU an entry, with the tree and without: medians of rounds in turns."""
    kept, spared = [], []
    for _ in range(ROUNDS):
        kept.append(one_round())
        with without_tree():
            spared.append(one_round())
    return statistics.median(kept), statistics.median(spared)


def one_round() -> float:
    began = time.process_time()
    fill(FLUSH)
    return (time.process_time() - began) / FLUSH * 1e6


@contextmanager
def without_tree() -> Iterator[None]:
    """Entries get a hash of nothing and no place in the tree. The log of this database is worth nothing then."""
    from qualadmin.audit import flush
    from qualadmin.audit.tree import Frontier

    def count(tree: Frontier, leaf: bytes) -> None:
        tree.size += 1
        tree.hashes = [leaf] * tree.size.bit_count()

    with patch.object(Frontier, "push", count), patch.object(flush, "leaf_hash", lambda core: bytes(32)):
        yield


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
