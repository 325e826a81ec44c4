"""Signing in, one's own preferences, one's own password."""

from typing import Any
from zoneinfo import available_timezones

from django import forms

from qualadmin.core.models import Theme

from .base import PageForm

PASSWORD_MAX = 128  # longer ones are refused before they are hashed: hashing takes time in proportion
NAME_MAX = 254


class SignInForm(PageForm):
    """Takes whatever was typed: whether it is right is decided in one place, with one answer."""

    credential_exempt = frozenset({"username", "password"})

    username = forms.CharField(
        label="User name or e-mail",
        strip=True,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"required": "Enter your user name or e-mail address."},
    )
    password = forms.CharField(
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.validators = []  # a NUL gets the same answer as any other wrong name


def _zones() -> list[tuple[str, str]]:
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class PreferencesForm(PageForm):
    """How pages look for one person. Changes nothing for anybody else."""

    time_zone = forms.ChoiceField(label="Time zone", choices=_zones, help_text="All times are shown in this zone.")
    theme = forms.ChoiceField(label="Light or dark", choices=Theme.choices, widget=forms.RadioSelect)
    shortcuts = forms.BooleanField(
        label="Keyboard shortcuts",
        required=False,
        help_text="Press ? on any page for the list. They never act while you type.",
    )


class PasswordForm(PageForm):
    """A new password for oneself."""

    credential_exempt = frozenset({"old", "new", "again"})

    old = forms.CharField(
        label="Password now",
        strip=False,
        max_length=PASSWORD_MAX,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label="New password",
        strip=False,
        max_length=PASSWORD_MAX,
        help_text="At least 12 characters. A few words in a row are good; no special characters are needed.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password again",
        strip=False,
        max_length=PASSWORD_MAX,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("new", again):
            raise forms.ValidationError("This is not the same as the new password above. Type it again.")
        return again
