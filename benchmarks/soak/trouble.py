"""What goes wrong in a soak: every kind of fault, limits that move, and processes killed without warning."""

import random
import time
from collections import Counter
from typing import Any, Final

import psutil

from benchmarks.soak.stage import Stage

#: Every kind the emulator knows. The chance of each is its weight.
FAULTS: Final[tuple[tuple[int, dict[str, Any]], ...]] = (
    (3, {"kind": "error", "when": "before"}),
    (3, {"kind": "error", "when": "after"}),
    (2, {"kind": "error", "when": "before", "code": "ServiceUnavailable", "status": 503}),
    (3, {"kind": "error", "when": "before", "code": "ThrottlingException"}),
    (3, {"kind": "error", "when": "before", "code": "RequestError"}),
    (1, {"kind": "error", "when": "before", "code": "AccessDeniedException"}),
    (3, {"kind": "reset", "when": "before"}),
    (3, {"kind": "reset", "when": "after"}),
    (1, {"kind": "lost", "when": "before"}),
    (1, {"kind": "lost", "when": "after"}),
    # Shorter than the time we wait before reading back: what comes later than that, nobody can know.
    (2, {"kind": "delay", "when": "before", "delay_ms": 400, "spread_ms": 300, "distribution": "uniform"}),
    (2, {"kind": "delay", "when": "after", "delay_ms": 1500, "spread_ms": 1000, "distribution": "uniform"}),
    (2, {"kind": "html", "when": "before"}),
    (2, {"kind": "html", "when": "after"}),
    (2, {"kind": "wrong_json", "when": "after"}),
    (3, {"kind": "truncate"}),
    (3, {"kind": "no_request_id"}),
)
RATES: Final = (0, 0, 80, 40, 20)  # calls a second and account; 0: any number
KILLS: Final = ("everything", "watchdog", "member", "emulator")
FAULT_EVERY, RATE_EVERY = 2.5, 7.0  # seconds
NO_ANSWER_SECONDS: Final = 20.0  # how long a call that is never answered takes


class Trouble:
    """`step()` now and then does what is due. The same seed gives the same plan; the machine gives the rest."""

    def __init__(self, stage: Stage, chance: random.Random, *, end: float, kill_every: float) -> None:
        self._stage, self._chance, self._end, self._kill_every = stage, chance, end, kill_every
        now = time.monotonic()
        self._fault_due, self._rate_due, self._kill_due = now, now, now + kill_every
        self._kills: list[str] = []
        self.done: Counter[str] = Counter()

    def step(self) -> None:
        now = time.monotonic()
        for number, cluster in enumerate(self._stage.clusters):
            if cluster.code is not None:  # as a service manager would
                self.done[f"cluster {number} ended by itself, code {cluster.code}"] += 1
                cluster.start()
        if now >= self._fault_due:
            self._fault_due = now + self._chance.uniform(0.5, 1.5) * FAULT_EVERY
            self._add_fault(now)
        if now >= self._rate_due:
            self._rate_due = now + self._chance.uniform(0.5, 1.5) * RATE_EVERY
            rate = self._chance.choice(RATES)
            self._stage.emulator.configure(rate=rate, burst=max(rate, 1), latency_ms=self._chance.choice((5, 40)))
            self.done["limits moved"] += 1
        if now >= self._kill_due:
            self._kill_due = now + self._chance.uniform(0.7, 1.3) * self._kill_every
            self._kill()

    def _add_fault(self, now: float) -> None:
        weights = [weight for weight, _ in FAULTS]
        fault = dict(self._chance.choices([fault for _, fault in FAULTS], weights)[0])
        if fault["kind"] == "lost" and self._end - now < NO_ANSWER_SECONDS:
            return
        fault |= {"times": self._chance.randint(1, 4), "seed": self._chance.randrange(10**6)}
        fault |= {"probability": self._chance.choice((0.05, 0.2, 1.0))}
        if self._stage.emulator.control("GET", "faults")["faults"][20:]:
            self._stage.emulator.clear_faults()
        self._stage.emulator.fault(**fault)
        self.done[f"fault {fault['kind']}"] += 1

    def _kill(self) -> None:
        """Each way in turn, in an order of chance."""
        if not self._kills:
            self._kills = self._chance.sample(KILLS, len(KILLS))
        how, cluster = self._kills.pop(), self._chance.choice(self._stage.clusters)
        members = cluster.members()
        if how == "emulator":
            self._stage.emulator.kill()
            time.sleep(self._chance.uniform(0.1, 2))
            self._stage.emulator.start()  # without its faults, with everything else
        elif how == "everything" or len(members) < 2:
            cluster.kill()
            cluster.start()
        elif how == "watchdog":
            self._stage.kill_watchdog(cluster)
            cluster.start()
        else:
            self._kill_member(self._chance.choice(members[1:]))
        self.done[f"kill {how}"] += 1

    def _kill_member(self, member: psutil.Process) -> None:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            self.done["kill missed"] += 1

    def end(self) -> None:
        """Nothing goes wrong any more; whatever was ended runs again."""
        self._stage.emulator.clear_faults()
        self._stage.emulator.configure(rate=0, latency_ms=0)
