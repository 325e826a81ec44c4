"""How the bytes of a preview are read: a table, the columns that mean something, the lines they ask for.

Reading only; no row changes here. Pages use it to show the columns, actions to plan the lines.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.conf import settings

from qualadmin.core.models import Preview, QualificationType
from qualadmin.csvio import (
    Interpretation,
    Limits,
    Mapping,
    Options,
    ScoreRange,
    Table,
    interpret,
    propose_mapping,
    read_pasted,
    read_rows,
    read_table,
    remap,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the person decided on the columns page and the check page. Stored as `Preview.options`.

    `types` gives each target of the file (its name in Amazon's worker file, "" otherwise) the id of a
    qualification type; a target without one is left out. `accept` are the lines whose proposed corrections
    are used; True means all.
    """

    worker: int | None = None
    score: int | None = None
    action: int | None = None
    status: int | None = None
    types: dict[str, str] = field(default_factory=dict)
    statuses: tuple[str, ...] | None = None
    accept: bool | tuple[int, ...] = False
    header: bool | None = None
    mapped: bool = False  # the person saw the columns; before that the proposal holds

    def as_json(self) -> dict[str, Any]:
        return {
            "worker": self.worker,
            "score": self.score,
            "action": self.action,
            "status": self.status,
            "types": dict(self.types),
            "statuses": None if self.statuses is None else list(self.statuses),
            "accept": self.accept if isinstance(self.accept, bool) else list(self.accept),
            "header": self.header,
            "mapped": self.mapped,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        if not stored:
            return cls()
        accept = stored["accept"]
        return cls(
            worker=stored["worker"],
            score=stored["score"],
            action=stored["action"],
            status=stored["status"],
            types=dict(stored["types"]),
            statuses=None if stored["statuses"] is None else tuple(stored["statuses"]),
            accept=accept if isinstance(accept, bool) else tuple(accept),
            header=stored["header"],
            mapped=stored["mapped"],
        )


def table_of(preview: Preview, plan: Plan | None = None) -> Table:
    """The preview's bytes as rows. Raises InputRefused; ValueError once the bytes are gone."""
    if preview.content is None:
        raise ValueError("The file of this preview is no longer kept.")
    data = bytes(preview.content)
    header = plan.header if plan else None
    limits = Limits(max_bytes=settings.UPLOAD_MAX_BYTES, max_rows=settings.UPLOAD_MAX_ROWS)
    if preview.source == Preview.Source.API:
        return read_rows(data, limits=limits)
    if preview.source == Preview.Source.FILE:
        return read_table(data, limits=limits, header=header)
    return read_pasted(data.decode("utf-8"), limits=limits, header=header)


def mapping_of(table: Table, plan: Plan) -> Mapping:
    """What the columns mean: as the person said, or as proposed by names and content."""
    proposed = propose_mapping(table)
    if not plan.mapped:
        return proposed
    chosen = replace(proposed, worker=plan.worker, score=plan.score, action=plan.action, status=plan.status)
    return remap(table, chosen)


def lines_of(
    preview: Preview, plan: Plan, types: Collection[QualificationType] = ()
) -> tuple[Table, Mapping, Interpretation]:
    """The whole reading: rows, meaning of the columns, and the lines asked for with every fault."""
    table = table_of(preview, plan)
    mapping = mapping_of(table, plan)
    by_id = {str(one.pk): one for one in types}
    ranges = {
        name: ScoreRange(by_id[pk].min_score, by_id[pk].max_score)
        for name, pk in plan.types.items()
        if pk in by_id
    }
    options = Options(
        scores=ranges.get("", ScoreRange()),
        ranges={name: limits for name, limits in ranges.items() if name},
        default_score=preview.score,
        revoke_all=preview.verb == "revoke",
        accept_proposals=plan.accept if isinstance(plan.accept, bool) else set(plan.accept),
        statuses=None if plan.statuses is None else frozenset(plan.statuses),
    )
    return table, mapping, interpret(table, mapping, wanted=options)
