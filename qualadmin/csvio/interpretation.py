"""What a file asks for: intended lines for each qualification type, with every fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from collections.abc import Mapping as MappingType
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

from qualadmin.csvio.table import TableKind

LineState = Literal["ready", "proposed", "faulty"]


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """The whole numbers a type allows, both ends included."""

    minimum: int = 0
    maximum: int = 100


@dataclass(frozen=True)
class Options:
    """What the person chose on the page.

    ``scores`` is the allowed range; ``ranges`` overrides it for single types of a worker file, by name.
    ``default_score`` is used where no score column is chosen; None leaves ``Line.score`` None.
    ``revoke_all`` reads the file as a list of workers to revoke; a score column is not read then. It does not
    go with a worker file, which says per cell what to do.
    ``accept_proposals``: True, or the lines whose ``read as`` corrections the person accepted.
    ``statuses``: keep workers with at least one assignment in one of these; None keeps all.
    """

    scores: ScoreRange = field(default_factory=ScoreRange)
    ranges: MappingType[str, ScoreRange] = field(default_factory=dict)
    default_score: int | None = None
    revoke_all: bool = False
    accept_proposals: bool | Collection[int] = False
    statuses: AbstractSet[str] | None = None

    def accepts(self, line: int) -> bool:
        """True if the person accepted the corrections of this line."""
        if isinstance(self.accept_proposals, bool):
            return self.accept_proposals
        return line in self.accept_proposals


@dataclass(slots=True)
class Line:
    """One intended change, or why there is none.

    ready: ``worker_id`` set, ``fault`` None. proposed: ``proposal`` set, ``worker_id`` None and ``fault``
    asks the person. faulty: ``fault`` says why. ``merged_lines`` are later lines that repeat this one.
    ``current`` is the file's own CURRENT- cell; ``already`` says that by it nothing would change.
    ``given`` is the id as written, cut at 200 characters.
    """

    line: int
    given: str
    worker_id: str | None = None
    proposal: str | None = None
    score: int | None = None
    revoke: bool = False
    fault: str | None = None
    fault_code: str | None = None
    column: str | None = None
    merged_lines: tuple[int, ...] = ()
    current: int | None = None
    already: bool = False
    corrected: bool = False
    hint: str | None = None

    @property
    def state(self) -> LineState:
        if self.fault is None:
            return "ready"
        return "faulty" if self.proposal is None else "proposed"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A line that says again what an earlier one says; merged into it."""

    line: int
    first_line: int
    worker_id: str

    @property
    def text(self) -> str:
        if self.line == self.first_line:
            return f"Line {self.line} names {self.worker_id} more than once."
        return f"Line {self.line} repeats line {self.first_line} ({self.worker_id})."


@dataclass(frozen=True, slots=True)
class Unhandled:
    """A cell that asks for something this program does not do, such as blocking a worker."""

    line: int
    column: str
    text: str
    worker: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of one target, in workers; ``nothing_asked`` and ``left_out`` (by status) are rows.

    ``to_set`` and ``to_revoke`` leave out what is ``already`` so by the file.
    """

    to_set: int
    to_revoke: int
    already: int
    proposed: int
    faulty: int
    repeats: int
    nothing_asked: int
    left_out: int


@dataclass
class Target:
    """The lines for one qualification type. ``name`` is None when the file does not name the type."""

    name: str | None
    lines: list[Line] = field(default_factory=list)
    repeats: list[Repeat] = field(default_factory=list)
    nothing_asked: int = 0
    left_out: int = 0

    @property
    def ready(self) -> list[Line]:
        return [line for line in self.lines if line.state == "ready"]

    @property
    def proposed(self) -> list[Line]:
        return [line for line in self.lines if line.state == "proposed"]

    @property
    def faulty(self) -> list[Line]:
        return [line for line in self.lines if line.state == "faulty"]

    @property
    def counts(self) -> Counts:
        """Counted from the lines at each call."""
        ready = self.ready
        return Counts(
            to_set=sum(not line.revoke and not line.already for line in ready),
            to_revoke=sum(line.revoke and not line.already for line in ready),
            already=sum(line.already for line in ready),
            proposed=len(self.proposed),
            faulty=len(self.faulty),
            repeats=len(self.repeats),
            nothing_asked=self.nothing_asked,
            left_out=self.left_out,
        )


@dataclass
class Interpretation:
    """A whole file read with a mapping and options.

    ``rows`` and ``workers`` (different clean worker ids, before any filter) describe the file.
    ``statuses`` counts workers, not rows, with at least one assignment in each status.
    ``repeats_expected`` is True for files with a row per assignment: repeats are then counted, not listed.
    """

    kind: TableKind
    rows: int
    workers: int
    targets: list[Target]
    unhandled: list[Unhandled] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    worker_statuses: dict[str, frozenset[str]] = field(default_factory=dict)
    repeats_expected: bool = False
    notes: list[str] = field(default_factory=list)

    def workers_with(self, statuses: AbstractSet[str]) -> int:
        """How many workers have at least one assignment in one of the statuses."""
        return sum(not statuses.isdisjoint(own) for own in self.worker_statuses.values())

    @property
    def problems(self) -> list[Line]:
        """Faulty and proposed lines of all targets, by line; a fault of a whole row comes once."""
        seen: set[tuple[int, str, str | None, str | None]] = set()
        found: list[Line] = []
        for target in self.targets:
            own = [line for line in target.lines if line.fault is not None]
            keys = [(line.line, line.given, line.fault_code, line.column) for line in own]
            found.extend(line for line, key in zip(own, keys, strict=True) if key not in seen)
            seen.update(keys)
        return sorted(found, key=lambda line: line.line)
