"""Studies and their PIs."""

from collections.abc import Iterable
from typing import Any

from django import forms

from qualadmin.core.actions.studies import RETENTION_MOST
from qualadmin.core.models import RETENTION_LEAST, RETENTION_USUAL, User

from .base import PageForm


class StudyForm(PageForm):
    title = forms.CharField(label="Title", max_length=250, error_messages={"required": "Give the study a title."})
    protocol_number = forms.CharField(
        label="Protocol number",
        required=False,
        max_length=100,
        help_text="The number your ethics board gave it, for example IRB-2026-014.",
    )
    retention_years = forms.IntegerField(
        label="Kept for, in years after it is closed",
        required=False,
        initial=RETENTION_USUAL,
        min_value=RETENTION_LEAST,
        max_value=RETENTION_MOST,
        help_text=f"At least {RETENTION_LEAST}. Nothing is removed by itself afterwards.",
    )

    def clean_retention_years(self) -> int:
        """Left empty it stays as it is."""
        given: int | None = self.cleaned_data["retention_years"]
        return self.initial.get("retention_years", RETENTION_USUAL) if given is None else given


class StudyChangeForm(StudyForm):
    is_open = forms.BooleanField(
        label="Open",
        required=False,
        help_text="Jobs can name open studies only. Closing a study changes nothing that was done for it.",
    )


class InvestigatorForm(PageForm):
    """Somebody who holds the role of PI."""

    user = forms.ChoiceField(label="PI", error_messages={"required": "Choose a person."})

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {str(one.pk): one for one in people}
        field = self.fields["user"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 # declared above
        field.choices = [("", "Choose a person"), *((key, one.full_name) for key, one in self._people.items())]

    @property
    def chosen(self) -> User:
        return self._people[self.cleaned_data["user"]]
