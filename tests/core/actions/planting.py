"""One row of each model with a worker id in every column that can hold one, made from the models themselves.

So a new column, or a new model, is planted without being mentioned anywhere. Columns that no id can get into stand
in `FORMED` or `ELSEWHERE`, with the reason.
"""

import uuid
from datetime import date
from typing import Any, Final

from django.apps import apps
from django.db import models
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.testing import disable_guards
from qualadmin.audit.types import Context, Target
from qualadmin.core.models import Worker

SHORTEST: Final = 10  # characters of the shortest id that is looked for anywhere in a text
KINDS: Final = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
#: Columns of core whose content only code makes, in a form that no id has.
FORMED: Final = {
    "alarm.key": "the name of one of our alarms, with our numbers",
    "heartbeat.name": "the name of one of our processes",
    "erasedid.digest": "a keyed hash",
    "worker.salt": "random bytes",
}
#: Tables of other apps.
ELSEWHERE: Final = {
    "audit_entry": "no free text: the actions refuse ids in what entries name things by",
    "audit_head": "hashes",
    "audit_stream": "numbers and slugs",
    "audit_payload": "planted through an entry",
    "audit_checkpoint": "hashes and signatures",
    "auth_group": "not used: rights come from roles",
    "auth_permission": "Django's names of models",
    "django_content_type": "Django's names of models",
    "django_q_ormq": "messages of numbers (tests of the queue)",
    "django_q_task": "messages of numbers, and what went wrong with one",
    "django_q_schedule": "the timetable",
    "django_session": "coded, so that bytes show nothing: a test of its own",
}
#: What rows must say beside that. Whoever asks for an erasure cannot name the id: both texts are refused with it.
SAID: Final[dict[str, dict[str, Any]]] = {
    "erasure": {"state": "declined"},
    "restoration": {"ended_at": timezone.now()},  # else nothing could be changed
}


def text_columns(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    """Columns of text, JSON or bytes that are wide enough for an id and not one of a few words."""
    fields = (one for one in model._meta.concrete_fields if isinstance(one, KINDS) and not one.choices)
    return [one for one in fields if one.max_length is None or one.max_length >= SHORTEST]


def label(model: type[models.Model], field: "models.Field[Any, Any]") -> str:
    return f"{model._meta.model_name}.{field.name}"


def all_columns() -> set[str]:
    """Every column of core that has to be planted."""
    rows = apps.get_app_config("core").get_models()
    return {label(model, one) for model in rows for one in text_columns(model)} - FORMED.keys()


def other_tables() -> set[str]:
    """Tables outside core with such columns."""
    others = (one for one in apps.get_models() if one._meta.app_label not in {"core", "audittest"})
    return {one._meta.db_table for one in others if text_columns(one)}


class Garden:
    """Writes the rows, past the guards: what they may say is not asked here."""

    def __init__(self, worker: Worker) -> None:
        self.name = str(worker.worker_id)
        self.rows: dict[type[models.Model], models.Model] = {Worker: worker}
        self.planted = {"worker.worker_id"}

    def plant(self) -> None:
        """A row of each model of core, and a text beside an entry that is about nobody."""
        with audit.transaction(Context.system("tests")) as tx:
            target = Target("preview", "planted", "a list")
            entry = tx.record("file.uploaded", target=target, payload={"file_name": f"{self.name}.csv"})
        self.entry = AuditEntry.objects.get(id=entry)
        with disable_guards():
            for model in apps.get_app_config("core").get_models():
                self._row(model)

    def _row(self, model: type[models.Model]) -> models.Model:
        if model is AuditEntry:
            return self.entry
        if model not in self.rows:
            values = {one.attname: self._value(model, one) for one in model._meta.concrete_fields}
            row = model(**values | SAID.get(str(model._meta.model_name), {}))
            model._base_manager.bulk_create([row])
            self.rows[model] = row
            self.planted |= {label(model, one) for one in text_columns(model)} - FORMED.keys()
        return self.rows[model]

    def _value(self, model: type[models.Model], field: "models.Field[Any, Any]") -> Any:
        if isinstance(field, models.ForeignKey):
            return self._key(field)
        if isinstance(field, models.AutoField):
            return None
        if isinstance(field, KINDS) and field in text_columns(model):
            return self._text(field, formed=label(model, field) in FORMED)
        if field.has_default():
            return field.get_default()
        if field.null:
            return None
        if field.choices:
            return field.flatchoices[0][0]
        return self._plain(field)

    def _key(self, field: "models.ForeignKey[Any, Any]") -> Any:
        optional = field.null and field.related_model is not Worker
        if optional:
            return None
        return getattr(self._row(field.related_model), field.target_field.attname)

    def _text(self, field: "models.Field[Any, Any]", *, formed: bool) -> Any:
        if isinstance(field, models.BinaryField):
            return b"seed" if formed else f"WorkerId\n{self.name}\n".encode()
        if isinstance(field, models.JSONField):
            return {"list": [self.name.lower(), 1], self.name: {"in": f"the middle of {self.name}."}}
        return "formed" if formed else self.name

    def _plain(self, field: "models.Field[Any, Any]") -> Any:
        made: dict[type[models.Field[Any, Any]], Any] = {
            models.DateTimeField: timezone.now(),
            models.DateField: date(2026, 3, 1),
            models.UUIDField: uuid.uuid4(),
            models.BinaryField: b"",
        }
        kind = next((one for one in made if isinstance(field, one)), None)
        return made[kind] if kind else "" if isinstance(field, models.CharField) else 1
