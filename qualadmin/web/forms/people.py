"""Inviting people, changing them, giving roles."""

import secrets
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django import forms

from qualadmin.core.models import RequesterAccount
from qualadmin.core.permissions import ROLE_HELP, ROLE_LABELS, Role

from .base import PageForm

# No letters or digits that look alike when somebody reads the password out loud.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _LETTERS = 4, 4
EVERY_ACCOUNT: Final = "all"


def first_password() -> str:
    """A random password that can be read out: about 79 bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS)) for _ in range(_GROUPS))
    return "-".join(groups)


class PersonForm(PageForm):
    full_name = forms.CharField(
        label="Full name",
        max_length=200,
        help_text="As it shall stand in the audit log.",
        error_messages={"required": "Enter the person’s name."},
    )
    email = forms.CharField(
        label="E-mail",
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="Can be used to sign in. Nothing is sent to it.",
    )


class InvitePersonForm(PersonForm):
    """A new person. The password stands here to be handed over; after saving nobody can read it any more."""

    credential_exempt: ClassVar[frozenset[str]] = frozenset({"password"})

    username = forms.CharField(
        label="User name",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text="Small letters and digits, for example mira. It can never be changed.",
        error_messages={"required": "Choose a user name."},
    )
    password = forms.CharField(
        label="First password",
        max_length=128,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
        help_text=(
            "Hand this over now: it is not shown again. The person must choose another one at the first sign-in."
        ),
        error_messages={"required": "Enter a first password of at least 12 characters."},
    )
    field_order = ["full_name", "username", "email", "password"]


class PasswordForOtherForm(PageForm):
    """A new first password for somebody who lost theirs."""

    credential_exempt: ClassVar[frozenset[str]] = frozenset({"password"})

    password = InvitePersonForm.base_fields["password"]


class RoleForm(PageForm):
    """A role, for one account or for all."""

    role = forms.ChoiceField(
        label="Role",
        choices=[(role.value, f"{ROLE_LABELS[role]}: {ROLE_HELP[role]}") for role in Role],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a role."},
    )
    account = forms.ChoiceField(label="For", initial=EVERY_ACCOUNT)
    can_production = forms.BooleanField(
        label="May act on real workers",
        required=False,
        help_text="For granters, managers and PIs who approve. Without it the role works in emulator and sandbox.",
    )

    def __init__(self, *args: Any, accounts: Iterable[RequesterAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._accounts = {str(account.pk): account for account in accounts}
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 # declared above
        field.choices = [
            (EVERY_ACCOUNT, "All accounts, also those added later"),
            *(
                (key, f"{one.name} ({one.get_environment_display().lower()})")
                for key, one in self._accounts.items()
            ),
        ]

    @property
    def chosen_account(self) -> RequesterAccount | None:
        """None means all accounts."""
        return self._accounts.get(self.cleaned_data["account"])

    @property
    def chosen_role(self) -> Role:
        return Role(self.cleaned_data["role"])
