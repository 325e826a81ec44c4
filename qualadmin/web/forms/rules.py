"""A rule: which lists, which type, for how long, and what becomes of those who leave."""

from typing import Any

from django import forms

from qualadmin.core.days import MOST_DAYS
from qualadmin.core.models import ListRule, RequesterAccount, Verb, WorkerList

from .base import PageForm
from .fields import (
    ScoreField,
    StudyField,
    TypeField,
    ask_reason,
    check_range,
    reason_field,
    usable_types,
)


class RuleForm(PageForm):
    """`zone` is the name of the installation's time zone, said beside the days."""

    type = TypeField(label="Qualification type", empty_label="Choose a type")
    lists = forms.MultipleChoiceField(
        label="For everybody in any of these lists",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one list.", "invalid_choice": "This list cannot be used."},
    )
    days = forms.IntegerField(
        label="Who took part in the last so many days",
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "short"}),
        error_messages={"invalid": "Write a whole number of days, or leave it empty."},
    )
    score = ScoreField(
        label="Score", help_text="A whole number. Left empty, each worker gets the usual score of the type."
    )
    leavers = forms.ChoiceField(
        label="Who is no longer in the lists, or not in these days",
        choices=[
            (ListRule.Leavers.REVOKE.value, "Loses it, silently. Only what this rule gave is taken away."),
            (ListRule.Leavers.KEEP.value, "Keeps it"),
        ],
        initial=ListRule.Leavers.REVOKE.value,
        widget=forms.RadioSelect,
    )
    takes_in = forms.BooleanField(
        label="Also look after workers who hold the type already",
        required=False,
        help_text="Whoever gave it to them: they lose it too when they are not in the lists.",
    )
    study = StudyField(label="Study")
    reason = reason_field()

    def __init__(self, *args: Any, account: RequesterAccount, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind, lists, study = self.fields["type"], self.fields["lists"], self.fields["study"]
        assert isinstance(kind, TypeField)  # noqa: S101 # declared above
        assert isinstance(lists, forms.MultipleChoiceField)  # noqa: S101 # declared above
        assert isinstance(study, StudyField)  # noqa: S101 # declared above
        kind.offer(usable_types(account, Verb.GRANT))
        self._lists = {str(one.pk): one for one in WorkerList.objects.current().filter(account=account)}
        lists.choices = [
            (key, f"{one.name} ({one.members:,} worker{'s' if one.members != 1 else ''})")
            for key, one in self._lists.items()
        ]
        self.fields["days"].help_text = (
            f"Whole days in {zone}; today counts beside them. Left empty, it does not matter when. With a number, "
            "workers without a date of taking part are left out."
        )
        study.ask_for(account)
        ask_reason(self, account)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        check_range(self, cleaned.get("type"), cleaned.get("score"))
        return cleaned

    @property
    def has_lists(self) -> bool:
        return bool(self._lists)

    @property
    def wishes(self) -> dict[str, Any]:
        """What the action takes."""
        data = self.cleaned_data
        return {
            **data,
            "lists": [self._lists[key] for key in data["lists"]],
            "leavers": ListRule.Leavers(data["leavers"]),
        }
