"""Calls that Amazon took, of those it allows: our pace beside botocore's own retry modes, against the emulator.

`python -m benchmarks.pace --rate 20 --seconds 60`. Every line begins cold. "failed" are calls whose caller was
given an error for good; ours sends those again later. The right half is the last minute of the run. Ends with
code 1 where ours, in four minutes or more, uses less than 95 % of what was allowed or has more than 6 % of its
calls throttled, or in the last minute less than 98 % or 1 % or more. A shorter run is mostly cold start.
"""

import argparse
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from qualadmin.emulator.accounts import DEMO_SECRET
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk import pacing

THREADS = 16
LATE = 60  # seconds at the end of a run
OPERATION = "AssociateQualificationWithWorker"
MODES = {
    "botocore legacy": {"mode": "legacy"},
    "botocore standard": {"mode": "standard"},
    "botocore adaptive": {"mode": "adaptive"},
}


class OurPace:
    """One pace that all threads share, as processes share a row."""

    def __init__(self) -> None:
        self._lock, self._state = threading.Lock(), pacing.start(now=time.time())

    def slot(self) -> int | None:
        """Wait for a moment to call at. Returns its epoch, or None: ask again."""
        with self._lock:
            self._state, slots = pacing.reserve(self._state, time.time(), 0.25, limit=1)
        if not slots.times:
            time.sleep(0.02)
            return None
        time.sleep(max(0.0, slots.times[0] - time.time()))
        return slots.epoch

    def learn(self, epoch: int, *, throttled: bool) -> None:
        with self._lock:
            if throttled:
                self._state = pacing.throttled(self._state, epoch, time.time())
            else:
                self._state = pacing.accepted(self._state, 1, epoch)


def client_of(emulator: Emulator, retries: dict[str, Any]) -> Any:
    config = Config(retries=retries, max_pool_connections=THREADS)  # type: ignore[arg-type]
    keys = {"aws_access_key_id": "AKIADEMOBENCHMARK", "aws_secret_access_key": DEMO_SECRET}
    return boto3.client("mturk", endpoint_url=emulator.url, region_name="us-east-1", config=config, **keys)


def run(emulator: Emulator, seconds: float, retries: dict[str, Any], pace: OurPace | None) -> Counter[str]:
    """Let the threads call until the time is over. Counts what their callers were told."""
    client = client_of(emulator, retries)
    made = client.create_qualification_type(
        Name=f"Pace {time.time()}", Description="x", QualificationTypeStatus="Active"
    )
    type_id = made["QualificationType"]["QualificationTypeId"]
    end, told = time.monotonic() + seconds, Counter[str]()

    def work(thread: int) -> None:
        number = 0
        while time.monotonic() < end:
            epoch = pace.slot() if pace else None
            if pace and epoch is None:
                continue
            number += 1
            worker = f"APACE{thread:03}{number:07}"
            try:
                client.associate_qualification_with_worker(
                    QualificationTypeId=type_id, WorkerId=worker, IntegerValue=1
                )
                told["done"] += 1
            except ClientError:
                told["failed"] += 1
                throttled = True
            else:
                throttled = False
            if pace and epoch is not None:
                pace.learn(epoch, throttled=throttled)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    return told


@dataclass(frozen=True)
class Share:
    """Of a stretch of the run: calls Amazon took of those it allows, and throttled ones of all."""

    used: float
    throttled: float

    @classmethod
    def of(cls, calls: Sequence[dict[str, Any]], allowed: float) -> Self:
        taken = sum(call["applied"] for call in calls)
        return cls(taken / allowed, 1 - taken / len(calls))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--ours", action="store_true", help="without botocore's modes")
    options = parser.parse_args()
    allowed = options.rate * options.seconds + options.rate
    print(
        f"{options.rate:g} calls a second, as many at once, for {options.seconds:g} s: {allowed:.0f} are allowed"
    )
    print(f"{'':20}{'used':>8}{'throttled':>12}{'failed':>8}{'used':>12}{'throttled':>12}")
    code = 0
    ours = {"qualadmin": {"total_max_attempts": 1, "mode": "standard"}}
    for name, retries in (ours if options.ours else ours | MODES).items():
        pace = OurPace() if name == "qualadmin" else None
        with Emulator(latency_ms=50, rate=options.rate, burst=options.rate) as emulator:
            told = run(emulator, options.seconds, retries, pace)
            calls = emulator.calls(operation=OPERATION)
        whole = Share.of(calls, allowed)
        since = max(call["at"] for call in calls) - LATE
        late = Share.of([call for call in calls if call["at"] > since], options.rate * LATE)
        print(
            f"{name:20}{whole.used:8.1%}{whole.throttled:12.1%}{told['failed'] / told.total():8.1%}"
            f"{late.used:12.1%}{late.throttled:12.1%}",
            flush=True,
        )
        if (
            pace
            and options.seconds >= 240
            and (whole.used < 0.95 or whole.throttled > 0.06 or late.used < 0.98 or late.throttled >= 0.01)
        ):
            code = 1
    return code


if __name__ == "__main__":
    raise SystemExit(main())
