"""What the columns page shows of a file: how it was recognised, and what each column is taken for."""

from dataclasses import dataclass, replace
from typing import Any, Final

from django.http import QueryDict

from qualadmin.core.actions.previews import Wishes
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Preview, Verb
from qualadmin.core.reading import Plan, mapping_of, table_of
from qualadmin.csvio import InputRefused, Interpretation, Mapping, Options, Table, interpret

from .forms.previews import MappingForm, TargetsForm, targets_before

KINDS: Final = {
    "batch_results": "Amazon’s batch results",
    "worker_file": "Amazon’s worker file",
    "table": "Table",
    "list": "List of worker IDs",
}
SAMPLES: Final = 3
SAMPLE_LENGTH: Final = 48  # characters


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file. `meaning` is "" for a column that is not read."""

    name: str
    meaning: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The head of the columns page."""

    kind: str
    recognised: bool
    rows: int
    workers: int | None
    batch_ids: tuple[str, ...]
    titles: tuple[str, ...]
    notes: tuple[str, ...]
    read: tuple[Column, ...]
    ignored: tuple[Column, ...]


def facts_of(table: Table, mapping: Mapping, reading: Interpretation | None) -> FileFacts:
    """How the file was understood. `reading` is None while nobody knows which column holds the workers."""
    columns = [
        Column(table.column_name(i), meaning_of(i, mapping), _samples(table, i)) for i in range(table.width)
    ]
    return FileFacts(
        kind=KINDS[table.kind],
        recognised=table.kind in ("batch_results", "worker_file"),
        rows=len(table.rows),
        workers=reading.workers if reading else None,
        batch_ids=mapping.batch_ids,
        titles=mapping.titles,
        notes=(*table.notes, *mapping.notes),
        read=tuple(one for one in columns if one.meaning),
        ignored=tuple(one for one in columns if not one.meaning),
    )


def meaning_of(index: int, mapping: Mapping) -> str:
    """What a column is read as, in words; "" if it is ignored."""
    single = {
        mapping.worker: "Worker IDs",
        mapping.score: "Scores",
        mapping.action: "Grant or revoke",
        mapping.status: "Assignment status",
        mapping.block: "Blocking (not handled here)",
    }
    if index in single:
        return single[index]
    for column in mapping.type_columns:
        if index == column.update:
            return f"New score of “{column.name}”"
        if index == column.current:
            return f"Score of “{column.name}” when the file was made"
    return ""


def _samples(table: Table, index: int) -> tuple[str, ...]:
    cells = (row.cells[index].strip() for row in table.rows[:200] if index < len(row.cells))
    found = [cell for cell in cells if cell][:SAMPLES]
    return tuple(cell if len(cell) <= SAMPLE_LENGTH else f"{cell[: SAMPLE_LENGTH - 1]}…" for cell in found)


def status_sets(reading: Interpretation) -> list[tuple[list[str], int]]:
    """How many workers have exactly these statuses: lets the page count who is left while boxes are ticked."""
    counts: dict[frozenset[str], int] = {}
    for own in reading.worker_statuses.values():
        counts[own] = counts.get(own, 0) + 1
    return [(sorted(own), count) for own, count in sorted(counts.items(), key=lambda item: sorted(item[0]))]


class ColumnsPage:
    """The file of a preview with two forms: what its columns mean, and what is to be done.

    The second one comes up once the first is clear. `data` is what was posted; `header` overrules whether the
    first line is names. Raises ActionError if the file can't be read that way.
    """

    def __init__(self, preview: Preview, data: QueryDict | None, header: str) -> None:
        self.preview = preview
        stored = Plan.from_json(preview.options)
        wanted = {"yes": True, "no": False}.get(header, stored.header)
        if wanted != stored.header:
            stored = Plan(header=wanted)  # other names, so what was said about the columns no longer holds
        self.table = _table(preview, stored)
        self.mapping = mapping_of(self.table, stored)
        self.mapping_form = MappingForm(
            data, table=self.table, mapping=self.mapping, initial={"header": _HEADER[wanted]}
        )
        self.refusal = ""
        self.reading = self._read(data)
        self.targets_form = self._targets(data, stored) if self.reading else None

    def _read(self, data: QueryDict | None) -> Interpretation | None:
        """The lines with the columns as they stand; None while they can't be read."""
        mapping = self.mapping
        if data is not None:
            if not self.mapping_form.is_valid():
                return None
            mapping = mapping_of(self.table, self.mapping_form.plan)
        self.mapping = mapping
        if mapping.worker is None:
            return None
        options = Options(revoke_all=self.preview.verb == Verb.REVOKE)
        try:
            return interpret(self.table, mapping, wanted=options)
        except InputRefused as refused:
            self.refusal = refused.message
            return None

    def _targets(self, data: QueryDict | None, stored: Plan) -> TargetsForm:
        assert self.reading is not None  # noqa: S101 # the caller looked
        answered = data is not None and "targets" in data  # else its questions were not on the page yet
        names = [target.name for target in self.reading.targets if target.name is not None]
        return TargetsForm(
            data if answered else None,
            account=self.preview.account,
            verb=Verb(self.preview.verb),
            reading=self.reading,
            has_scores=self.mapping.score is not None,
            initial=targets_before(self.preview, stored, names),
        )

    def is_valid(self) -> bool:
        targets = self.targets_form
        return self.mapping_form.is_valid() and targets is not None and targets.is_valid()

    @property
    def plan(self) -> Plan:
        assert self.targets_form is not None  # noqa: S101 # is_valid() looked
        targets = self.targets_form
        return replace(self.mapping_form.plan, types=targets.types, statuses=targets.statuses)

    @property
    def wishes(self) -> Wishes:
        assert self.targets_form is not None  # noqa: S101 # is_valid() looked
        return self.targets_form.wishes

    @property
    def facts(self) -> FileFacts:
        return facts_of(self.table, self.mapping, self.reading)

    @property
    def sets(self) -> list[tuple[list[str], int]]:
        return status_sets(self.reading) if self.reading else []

    @property
    def has_names(self) -> bool:
        """Whether the first line was read as column names."""
        return self.table.header is not None

    @property
    def forms_with_errors(self) -> list[Any]:
        return [form for form in (self.mapping_form, self.targets_form) if form is not None and form.errors]


_HEADER: Final = {True: "yes", False: "no", None: ""}


def _table(preview: Preview, plan: Plan) -> Table:
    try:
        return table_of(preview, plan)
    except InputRefused as refused:
        raise ActionError(refused.message, field="list", code=refused.code) from refused
