"""A new access key of one's own."""

from collections.abc import Iterable
from typing import Any

from django import forms

from qualadmin.core.actions.access_keys import DAYS, NAME_LIMIT, REASON_LIMIT
from qualadmin.core.models import RequesterAccount, Study

from .base import PageForm

READ, CHANGE = "read", "change"


class AccessKeyForm(PageForm):
    """What the key is for, what it may do, where, for how long, and what its changes are for."""

    name = forms.CharField(
        label="What is it for?",
        max_length=NAME_LIMIT,
        help_text="The name of the script and of the computer it runs on. Only you see it here.",
    )
    account = forms.ChoiceField(label="Which account?", help_text="A key opens one account only.")
    may = forms.ChoiceField(
        label="What may it do?",
        choices=[(READ, "Read"), (CHANGE, "Read, grant and revoke, as far as your role allows")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what the key may do."},
    )
    days = forms.TypedChoiceField(
        label="For how long?",
        coerce=int,
        choices=[(days, f"{days} days") for days in DAYS],
        initial=90,
        help_text="After that it stops working by itself.",
    )
    study = forms.ChoiceField(
        label="Study",
        required=False,
        help_text="What its changes are for, where the script does not say. Production needs one.",
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For the audit log, where the script gives none. No worker reads it.",
    )

    def __init__(
        self, *args: Any, accounts: Iterable[RequesterAccount], studies: Iterable[Study], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._accounts = {str(one.pk): one for one in accounts}
        self._studies = {str(one.pk): one for one in studies}
        account, study = self.fields["account"], self.fields["study"]
        assert isinstance(account, forms.ChoiceField)  # noqa: S101 # declared above
        assert isinstance(study, forms.ChoiceField)  # noqa: S101
        account.choices = [
            (key, f"{one.name} ({one.get_environment_display().lower()})") for key, one in self._accounts.items()
        ]
        study.choices = [("", "None"), *((key, one.title) for key, one in self._studies.items())]

    @property
    def chosen(self) -> dict[str, Any]:
        """What the action takes."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "account": self._accounts[data["account"]],
            "may_change": data["may"] == CHANGE,
            "days": data["days"],
            "study": self._studies.get(data["study"]),
            "reason": data["reason"],
        }
