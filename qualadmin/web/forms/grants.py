"""Granting and revoking one or few: a box of worker ids, a type, and what goes with it."""

from typing import Any

from django import forms
from django.conf import settings

from qualadmin.core.actions.previews import Wishes
from qualadmin.core.models import RequesterAccount, Verb
from qualadmin.core.reading import Plan

from .base import PageForm, ids_box
from .fields import (
    ScoreField,
    StudyField,
    TypeField,
    ask_reason,
    check_how,
    check_range,
    days_field,
    how_field,
    notify_field,
    reason_field,
    revoke_reason_field,
    until_field,
    usable_types,
)


class WorkersForm(PageForm):
    """What granting and revoking have in common. `verb` decides which types are offered."""

    verb = Verb.GRANT
    credential_exempt = frozenset({"list"})

    list = forms.CharField(
        label="Worker IDs",
        strip=False,
        max_length=settings.UPLOAD_MAX_BYTES,
        help_text="One a line, or separated by commas or tabs, or a column pasted from a spreadsheet.",
        widget=ids_box(rows=6),
        error_messages={"required": "Give at least one worker ID."},
    )
    type = TypeField(label="Qualification type", empty_label="Choose a type")
    study = StudyField(label="Study")
    reason = reason_field()

    def __init__(self, *args: Any, account: RequesterAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen, study = self.fields["type"], self.fields["study"]
        assert isinstance(chosen, TypeField)  # noqa: S101 # declared above
        assert isinstance(study, StudyField)  # noqa: S101
        chosen.offer(usable_types(account, self.verb))
        study.ask_for(account)
        ask_reason(self, account)

    @property
    def plan(self) -> Plan:
        """The one chosen type for everything in the box."""
        return Plan(types={"": str(self.cleaned_data["type"].pk)})

    @property
    def content(self) -> bytes:
        """The box as it was filled in; half characters of broken programs become "?"."""
        text: str = self.cleaned_data["list"]
        return text.encode("utf-8", errors="replace")

    @property
    def wishes(self) -> Wishes:
        raise NotImplementedError


class GrantForm(WorkersForm):
    """Give a type with a score. Without a score the type's own default is used."""

    score = ScoreField(
        label="Score", help_text="A whole number. Left empty, each worker gets the usual score of the type."
    )
    until = until_field()
    days = days_field()
    notify = notify_field()
    field_order = ["type", "list", "score", "until", "days", "study", "reason", "notify"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = cleaned.get("type")
        if chosen is not None and "score" in cleaned and cleaned["score"] is None:
            cleaned["score"] = chosen.default_score
        check_range(self, chosen, cleaned.get("score"))
        return cleaned

    @property
    def wishes(self) -> Wishes:
        data = self.cleaned_data
        return Wishes(**{name: data[name] for name in ("score", "study", "reason", "notify", "until", "days")})


class RevokeForm(WorkersForm):
    """Take a type away, silently or with a reason that the workers read."""

    verb = Verb.REVOKE
    how = how_field()
    revoke_reason = revoke_reason_field()
    field_order = ["type", "list", "how", "revoke_reason", "study", "reason"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        check_how(self)
        return cleaned

    @property
    def wishes(self) -> Wishes:
        data = self.cleaned_data
        return Wishes(study=data["study"], reason=data["reason"], revoke_reason=data["revoke_reason"])
