"""What can be asked of a job is a click without answers, but for undoing it; and the list has its filters."""

from typing import Any

from django.db.models import Exists, OuterRef, Q

from qualadmin.core.models import Job, RequesterAccount, Study, User
from qualadmin.web.filters import Choice, Day, Filter

from .base import PageForm
from .fields import StudyField, ask_reason, reason_field


class UndoForm(PageForm):
    """An undo is a job of its own, so it has its own study and reason."""

    study = StudyField(label="Study")
    reason = reason_field()

    def __init__(self, *args: Any, account: RequesterAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        study = self.fields["study"]
        assert isinstance(study, StudyField)  # noqa: S101 # declared above
        study.ask_for(account)
        ask_reason(self, account)


def _people() -> list[tuple[str, str]]:
    """Everybody who ever started a job."""
    rows = User.objects.filter(Exists(Job.objects.filter(created_by=OuterRef("pk"))))
    return [(str(pk), name) for pk, name in rows.values_list("pk", "full_name")]


def _studies() -> list[tuple[str, str]]:
    return [(str(pk), title) for pk, title in Study.objects.values_list("pk", "title")]


JOB_FILTERS: list[Filter] = [
    Choice("state", "State", path="state", choices=Job.State.choices, any_label="Any state"),
    Choice("kind", "Kind", path="kind", choices=Job.Kind.choices, any_label="Any kind"),
    Choice(
        "result",
        "Result",
        choices=(("failed", "With failures"), ("person", "Needs a person")),
        any_label="Any result",
        conditions={"failed": Q(failed__gt=0), "person": Q(needs_person__gt=0)},
    ),
    Choice("by", "Started by", path="created_by", choices=_people, any_label="Anybody"),
    Choice("study", "Study", path="study", choices=_studies, any_label="Any study"),
    Day("from", "From", path="created_at"),
    Day("to", "To", path="created_at", end=True),
]
