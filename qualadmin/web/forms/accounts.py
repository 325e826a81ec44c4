"""Requester accounts. There is no field for an address of Amazon and none for a secret."""

from typing import ClassVar

from django import forms

from qualadmin.core.models import Environment

from .base import PageForm

ENVIRONMENTS = [
    (Environment.EMULATOR.value, "Emulator: practice here. Nothing leaves this installation."),
    (Environment.SANDBOX.value, "Sandbox: Amazon’s test site. Real calls, but no worker ever sees them."),
    (Environment.PRODUCTION.value, "Production: real workers get what you send. Starts switched off."),
]
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class AccountForm(PageForm):
    """What can be changed later. The actions know the exact rules and say them."""

    # The demo's access key ids are allowed here and have the shape of real ones; the action tells them apart.
    credential_exempt: ClassVar[frozenset[str]] = frozenset({"profile_name"})

    name = forms.CharField(
        label="Name",
        max_length=120,
        help_text="What your lab calls this account. It stands on every page.",
        error_messages={"required": "Give the account a name."},
    )
    profile_name = forms.CharField(
        label="AWS profile",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs=_PLAIN),
        help_text=(
            "The name of a profile on this server, as set up by the person who runs it. Never a key or a secret. "
            "For the emulator: any name; it tells practice accounts apart."
        ),
    )
    role_arn = forms.CharField(
        label="IAM role",
        required=False,
        max_length=2048,
        widget=forms.TextInput(attrs=_PLAIN),
        help_text="If the account is reached through a role: arn:aws:iam::123456789012:role/name.",
    )
    external_id = forms.CharField(
        label="External ID",
        required=False,
        max_length=2048,
        widget=forms.TextInput(attrs=_PLAIN),
        help_text="Only if the role asks for one.",
    )
    aws_account_id = forms.CharField(
        label="AWS account number",
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs=_PLAIN | {"inputmode": "numeric", "class": "short"}),
        help_text="12 digits. Calls are refused if the credentials belong to another account.",
    )
    reason_required = forms.BooleanField(
        label="Ask for a reason with every job",
        required=False,
        help_text="The reason goes into the audit log.",
    )
    programs_read_all = forms.BooleanField(
        label="Let programs with an access key read everything of this account",
        required=False,
        help_text="HITs, assignments, bonuses and blocks too. Otherwise they read qualifications only.",
    )


class NewAccountForm(AccountForm):
    """Adding one. The environment is chosen here and never again."""

    environment = forms.ChoiceField(
        label="Environment",
        choices=ENVIRONMENTS,
        widget=forms.RadioSelect,
        help_text="This can never be changed later. Each environment has its own account here, with its own data.",
        error_messages={"required": "Choose an environment."},
    )
    field_order = ["name", "environment"]


class PauseForm(PageForm):
    """Why everything is held back."""

    cause = forms.CharField(
        label="Why",
        max_length=200,
        help_text="Everybody who works in this account sees it.",
        error_messages={"required": "Say in a few words why, so that others know when to go on."},
    )
