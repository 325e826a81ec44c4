"""Changing and deleting types that Amazon knows."""

from typing import Any

from django import forms

from qualadmin.core.models import QualificationType
from qualadmin.web.words import grouped

from .base import PageForm
from .types import UNITS, NewTypeForm, retry_words, split_span


class ChangeTypeForm(PageForm):
    """What Amazon lets one change. Name and keywords are no fields: they never change."""

    description = NewTypeForm.base_fields["description"]
    status = NewTypeForm.base_fields["status"]
    auto_granted = NewTypeForm.base_fields["auto_granted"]
    auto_granted_value = NewTypeForm.base_fields["auto_granted_value"]
    retry_amount = NewTypeForm.base_fields["retry_amount"]
    retry_unit = NewTypeForm.base_fields["retry_unit"]

    def __init__(self, *args: Any, one: QualificationType, **kwargs: Any) -> None:
        self.one = one
        super().__init__(*args, initial=_initial(one), **kwargs)
        if one.has_test:
            del self.fields["auto_granted"], self.fields["auto_granted_value"]
        if one.retry_delay_seconds is not None:
            self.fields["retry_amount"].help_text = "0 means at once. It can be changed, but not taken away."

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if self.one.retry_delay_seconds is not None and given.get("retry_amount") is None:
            if "retry_amount" not in self.errors:
                self.add_error(
                    "retry_amount",
                    "Workers may ask again for this type; Amazon does not let anybody take that back.",
                )
        elif given.get("retry_amount") is None and self.one.retry_delay_seconds is None:
            given["retry_unit"] = "days"
        return given

    @property
    def wishes(self) -> dict[str, Any]:
        """The arguments of `request_type_update`."""
        given = self.cleaned_data
        amount = given["retry_amount"]
        wishes = {
            "description": given["description"],
            "status": given["status"],
            "retry_delay_seconds": None if amount is None else amount * UNITS[given["retry_unit"] or "days"],
        }
        if "auto_granted" in self.fields:
            wishes["auto_granted"] = given["auto_granted"]
            wishes["auto_granted_value"] = given["auto_granted_value"] if given["auto_granted"] else None
        return wishes

    @property
    def given(self) -> list[tuple[str, object]]:
        """The fields as they were filled in, to be sent again from the check page."""
        rows = [(field.html_name, field.value()) for field in self]
        return [(name, "on" if value is True else value) for name, value in rows if value not in (None, "", False)]

    @property
    def changes(self) -> list[tuple[str, str, str, str]]:
        """Term, now, then, and what to think of, for each field that would change."""
        one, wishes = self.one, self.wishes
        rows = [
            ("Description", one.description, wishes["description"].replace("\r\n", "\n").strip(), ""),
            ("Status", one.status, wishes["status"], _status_note(wishes["status"])),
        ]
        if "auto_granted" in wishes:
            now = _granted(one.auto_granted, one.auto_granted_value)
            then = _granted(wishes["auto_granted"], wishes["auto_granted_value"])
            note = (
                "Whoever asks from then on holds it at once, without asking you." if wishes["auto_granted"] else ""
            )
            rows.append(("Amazon grants it to everybody who asks", now, then, note))
        delay = wishes["retry_delay_seconds"]
        if delay is not None:
            note = "The time can be changed later, but not taken back." if one.retry_delay_seconds is None else ""
            rows.append(("Workers may ask again", retry_words(one.retry_delay_seconds), retry_words(delay), note))
        return [row for row in rows if row[1] != row[2]]


class DeleteTypeForm(PageForm):
    """The name once more: the last question before a type goes for good."""

    name = forms.CharField(
        label="Name of the type",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Write the name of the type."},
    )


def status_words(status: str) -> str:
    """What a status means for workers and HITs."""
    if status == QualificationType.Status.INACTIVE:
        return (
            "Workers can no longer ask for it, and new HITs cannot require it. Who holds it keeps it, HITs that "
            "run go on, and scores can still be read. It can be made active again at any time."
        )
    return "Workers can ask for it again, and new HITs can require it."


def _status_note(status: str) -> str:
    return status_words(status)


def _granted(auto: bool, value: int | None) -> str:
    return f"Yes, with score {grouped(1 if value is None else value)}" if auto else "No"


def _initial(one: QualificationType) -> dict[str, Any]:
    amount, unit = split_span(one.retry_delay_seconds)
    return {
        "description": one.description,
        "status": one.status,
        "auto_granted": one.auto_granted,
        "auto_granted_value": "" if one.auto_granted_value is None else one.auto_granted_value,
        "retry_amount": amount,
        "retry_unit": unit,
    }
