"""What the filters of the log are called: people, streams, types, jobs and workers that one person may see.

A page asks for all that its address names in one query, however many filters there are.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce

from qualadmin.core.actions.workers import workers_visible_to
from qualadmin.core.actor import Actor
from qualadmin.core.models import Job, QualificationType, User, Worker
from qualadmin.core.permissions import Permission, allowed

from .filters import separate

KINDS: Final = ("type", "job", "worker")


@dataclass(frozen=True, slots=True)
class Named:
    """A row by its name. `word` is what names this row and no other."""

    name: str
    word: str


@dataclass(frozen=True, slots=True)
class Person:
    key: str
    name: str
    username: str
    word: str  # the name, with a number where two people share one


@dataclass
class Names:
    """For one person and one request. `asked` are the values of the address."""

    actor: Actor
    streams: Sequence[tuple[str, str]]
    asked: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def sees_ids(self) -> bool:
        return allowed(self.actor, Permission.SEE_WORKER_IDS)

    @cached_property
    def people(self) -> list[Person]:
        """Everybody, also those who left. Empty for people who read their own acts only."""
        if not self.streams:
            return []
        rows = list(User.objects.values_list("pk", "full_name", "username"))
        times = Counter(name.casefold() for _, name, _ in rows)
        return [
            Person(str(pk), name, username, name if times[name.casefold()] == 1 else f"{name} #{pk}")
            for pk, name, username in rows
        ]

    def types(self) -> "QuerySet[QualificationType]":
        return QualificationType.objects.visible_to(self.actor)

    def jobs(self) -> "QuerySet[Job]":
        return Job.objects.visible_to(self.actor)

    def workers(self) -> "QuerySet[Worker]":
        """Nobody for people who see pseudonyms: a worker is followed through all studies here."""
        return workers_visible_to(self.actor) if self.sees_ids else Worker.objects.none()

    def name_of(self, kind: str, key: uuid.UUID) -> str | None:
        """None for a row that is not there or not the person's to see."""
        found = self.of(kind, key)
        return found.name if found else None

    def of(self, kind: str, key: uuid.UUID) -> Named | None:
        """The row of that kind and key, or None."""
        if (kind, key) not in self._asked_for:
            self._found.update(self._load({kind: [key]}))
            self._asked_for.add((kind, key))
        return self._found.get((kind, key))

    @cached_property
    def _asked_for(self) -> set[tuple[str, uuid.UUID]]:
        return {(kind, key) for kind in KINDS for key in self._keys(kind)}

    @cached_property
    def _found(self) -> dict[tuple[str, uuid.UUID], Named]:
        return self._load({kind: keys for kind in KINDS if (keys := self._keys(kind))})

    def _keys(self, kind: str) -> list[uuid.UUID]:
        values = (value for key in (kind, f"not-{kind}") for value in separate(self.asked.get(key, "")))
        return list(_uuids(values))

    def _load(self, keys: Mapping[str, Sequence[uuid.UUID]]) -> dict[tuple[str, uuid.UUID], Named]:
        parts = [self._rows(kind, wanted) for kind, wanted in keys.items()]
        if not parts:
            return {}
        rows: Iterable[tuple[Any, ...]] = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
        return {(kind, key): self._named(kind, key, *rest) for kind, key, *rest in rows}

    def _rows(self, kind: str, keys: Sequence[uuid.UUID]) -> "QuerySet[Any, tuple[Any, ...]]":
        """Kind, key, name, another name that is unique, and whether a second row has the same name."""
        none = Value("", output_field=CharField())
        if kind == "worker":
            rows = self.workers().annotate(
                label=Coalesce(F("worker_id"), none), other=none, twin=Value(value=False)
            )
        elif kind == "type":
            rows = _with_twin(self.types(), "name", Coalesce(F("mturk_id"), none))
        else:
            rows = _with_twin(self.jobs(), "title", none)
        found = rows.filter(pk__in=keys).order_by()
        return found.values_list(Value(kind), "pk", "label", "other", "twin")

    def _named(self, kind: str, key: uuid.UUID, name: str, other: str, twin: bool) -> Named:
        if kind == "worker":
            return Named(name or "Erased worker", name or str(key))
        return Named(name, (other or str(key)) if twin else name)


def _with_twin(rows: Any, path: str, other: Any) -> Any:
    same = rows.filter(**{path: OuterRef(path)}).exclude(pk=OuterRef("pk"))
    return rows.annotate(label=F(path), other=other, twin=Exists(same))


def _uuids(values: Iterable[str]) -> Iterable[uuid.UUID]:
    for value in values:
        try:
            yield uuid.UUID(value)
        except ValueError:
            continue
