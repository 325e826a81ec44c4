"""What the page of a list says of its HITs: when Amazon told who did them, and what it could not tell."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery

from qualadmin.core.models import HitReading, ListSource

State = HitReading.State
SHOWN = 3  # HIT ids in a line


@dataclass(frozen=True, slots=True)
class HitSource:
    """`answer`: the reading whose workers are in the list. `newest`: the last one asked for, maybe the same."""

    source: ListSource
    answer: HitReading | None
    newest: HitReading | None

    @property
    def is_pending(self) -> bool:
        """Whether Amazon is being asked, or has answered and the list has still to take it in."""
        if self.newest is not None and self.newest.state == State.WAITING:
            return True
        told = self.answer.finished_at if self.answer is not None else None
        read_at = self.source.read_at
        return told is not None and (read_at is None or read_at < told)

    @property
    def failure(self) -> str:
        """Why the last asking came to nothing; "" if it did not, or if Amazon is being asked again."""
        newest = self.newest
        return newest.failure if newest is not None and newest.state == State.FAILED else ""

    @property
    def unread(self) -> int:
        """HITs that Amazon did not give, the last time it answered."""
        told = self.newest if self.failure else self.answer
        return len(told.unread) if told is not None else 0

    @property
    def shown(self) -> list[str]:
        """The first of the HIT ids."""
        ids: list[str] = self.source.hit_ids
        return ids[:SHOWN]

    @property
    def more(self) -> int:
        """How many more there are."""
        return len(self.source.hit_ids) - len(self.shown)


def with_readings(sources: "QuerySet[ListSource]") -> "QuerySet[ListSource]":
    """The same rows with the keys of their readings: they cost no query of their own."""
    rows = HitReading.objects.filter(source=OuterRef("pk")).order_by("-asked_at").values("pk")
    return sources.annotate(
        newest_reading=Subquery(rows[:1]), newest_answer=Subquery(rows.filter(state=State.DONE)[:1])
    )


def hit_sources(sources: Iterable[ListSource]) -> dict[int, HitSource]:
    """How those of `with_readings` that are HITs stand, by the number of the source."""
    rows = [one for one in sources if one.kind == ListSource.Kind.HITS]
    keys = {key for one in rows for key in (vars(one)["newest_reading"], vars(one)["newest_answer"]) if key}
    readings = HitReading.objects.defer("hit_ids").in_bulk(keys) if keys else {}
    return {
        one.pk: HitSource(one, readings.get(vars(one)["newest_answer"]), readings.get(vars(one)["newest_reading"]))
        for one in rows
    }
