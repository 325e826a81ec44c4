"""A new access token of one's own."""

from collections.abc import Iterable
from typing import Any

from django import forms

from qualadmin.core.actions.tokens import DAYS, NAME_LIMIT
from qualadmin.core.models import RequesterAccount
from qualadmin.core.permissions import Scope

from .base import PageForm

ALL_MINE = "all"
_SCOPES = [
    (Scope.READ.value, "Read: types, who holds them, jobs and changes"),
    (Scope.GRANT.value, "Grant and revoke, as far as your role allows"),
    (Scope.AUDIT.value, "Read the audit log"),
    (Scope.TYPES.value, "Create, change and delete qualification types, as far as your role allows"),
]


class TokenForm(PageForm):
    """What the token is for, what it may do, where, and for how long."""

    name = forms.CharField(
        label="What is it for?",
        max_length=NAME_LIMIT,
        help_text="The name of the script and of the computer it runs on. Only you see it here.",
    )
    scopes = forms.MultipleChoiceField(
        label="What may it do?",
        choices=_SCOPES,
        widget=forms.CheckboxSelectMultiple,
        help_text="Never more than you may do yourself.",
        error_messages={"required": "Choose at least one thing that the token may do."},
    )
    account = forms.ChoiceField(label="Where?", help_text="One account is safer if the token gets lost.")
    days = forms.TypedChoiceField(
        label="For how long?",
        coerce=int,
        choices=[(days, f"{days} days") for days in DAYS],
        initial=90,
        help_text="After that it stops working by itself.",
    )

    def __init__(self, *args: Any, accounts: Iterable[RequesterAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._accounts = {str(one.pk): one for one in accounts}
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 # declared above
        field.choices = [
            *(
                (key, f"{one.name} ({one.get_environment_display().lower()})")
                for key, one in self._accounts.items()
            ),
            (ALL_MINE, "All accounts that I may use"),
        ]

    @property
    def chosen_account(self) -> RequesterAccount | None:
        """None means all accounts."""
        return self._accounts.get(self.cleaned_data["account"])

    @property
    def chosen_scopes(self) -> list[Scope]:
        return [Scope(word) for word in self.cleaned_data["scopes"]]
