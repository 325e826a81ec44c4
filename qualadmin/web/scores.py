"""How many workers hold each score of a type."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.cache import caches
from django.db.models import Count
from django.utils import timezone

from qualadmin.core.models import Qualification, QualificationType

#: To count a million takes a tenth of a second and more, whatever the index: from here on it is done now and then.
MANY: Final = 50_000
KEPT_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Scores:
    """Pairs of score and number of workers; `kept_since` is None where they were counted for this page."""

    counts: list[tuple[int, int]]
    kept_since: datetime | None = None

    @property
    def holders(self) -> int:
        return sum(count for _, count in self.counts)


def scores_of(one: QualificationType) -> Scores:
    """One query; none for a type that many hold and that was counted in the last five minutes by this process."""
    kept, key = caches["process"], f"scores-{one.pk}"
    found: Scores | None = kept.get(key)
    if found is not None:
        return found
    granted = one.qualifications.filter(status=Qualification.Status.GRANTED).order_by()
    scores = Scores(list(granted.exclude(value=None).values_list("value").annotate(Count("pk"))))
    if scores.holders >= MANY:
        kept.set(key, Scores(scores.counts, timezone.now()), KEPT_SECONDS)
    return scores
