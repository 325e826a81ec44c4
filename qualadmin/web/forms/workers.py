"""Finding workers, asking Amazon about them, notes."""

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms

from qualadmin.core.actions.pseudonyms import REASON_LIMIT
from qualadmin.core.actions.worker_tags import TAG_LIMIT
from qualadmin.core.actions.workers import NOTE_LIMIT
from qualadmin.core.models import QualificationType, RequesterAccount

from .base import PageForm, counted_text
from .fields import LongText
from .selections import WRITE, KeysField
from .session import PASSWORD_MAX


class WorkerIdForm(PageForm):
    """A worker id. It travels in the form, never in the address."""

    credential_exempt: ClassVar[frozenset[str]] = frozenset({"worker_id"})

    worker_id = forms.CharField(
        label="Worker ID",
        max_length=200,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "autocapitalize": "characters",
                "class": "mono",
                "placeholder": "A1EXAMPLE2ID3",
            }
        ),
        error_messages={"required": "Enter a worker ID."},
    )


class FindWorkerForm(WorkerIdForm):
    """A worker id or its beginning, or a tag; and which page of them, named by a worker on the page before.

    `whole`: the id is meant as it stands, although others begin so.
    """

    tag = forms.CharField(required=False, max_length=TAG_LIMIT, widget=forms.HiddenInput)
    whole = forms.BooleanField(required=False, widget=forms.HiddenInput)
    after = forms.UUIDField(required=False, widget=forms.HiddenInput)
    before = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["worker_id"].label = "Worker ID, or how it begins"
        self.fields["worker_id"].required = not self.data.get("tag")

    def clean_tag(self) -> str:
        """Nothing where an id was typed: a hidden field is no answer to what somebody typed after it."""
        tag: str = self.cleaned_data["tag"]
        return "" if self.cleaned_data.get("worker_id") else tag


class FoundForm(FindWorkerForm):
    """Ticked rows of those found, or all of them, and what is to be done with them.

    Nothing here is typed by hand: a fault means that the form was changed on its way.
    """

    verb = forms.ChoiceField(choices=[("grant", "Grant"), ("revoke", "Take away"), (WRITE, "Write")])
    row = KeysField(required=False, coerce=uuid.UUID)
    matching = forms.BooleanField(required=False)


class LookUpForm(WorkerIdForm):
    """Asking Amazon about a worker nobody here has met: it answers for one type at a time."""

    type = forms.ModelChoiceField(
        label="Qualification type",
        queryset=QualificationType.objects.none(),
        empty_label="Choose a type",
        help_text="Amazon can only say what a worker holds of one type at a time.",
        error_messages={
            "required": "Choose a type.",
            "invalid_choice": "This type does not belong to the account in use. Choose another one.",
        },
    )

    def __init__(self, *args: Any, account: RequesterAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["type"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 # declared above
        field.queryset = QualificationType.objects.filter(account=account).grantable().select_related("account")


class RevealForm(PageForm):
    """Whose pseudonym: where it was read, why somebody has to know, and the password of who asks."""

    credential_exempt: ClassVar[frozenset[str]] = frozenset({"password"})

    stream = forms.ChoiceField(
        label="Where you read it",
        help_text="Each study and account has pseudonyms of its own.",
        error_messages={"required": "Choose a study or account.", "invalid_choice": "Choose one of the list."},
    )
    pseudonym = forms.CharField(
        label="Pseudonym",
        max_length=200,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono", "placeholder": "W-ABCDEFGHIJ"}
        ),
        error_messages={"required": "Enter a pseudonym."},
    )
    reason = LongText(
        name="reason",
        label="Why you have to know",
        limit=REASON_LIMIT,
        rows=3,
        help_text="Kept in the audit log with your name. No worker IDs here.",
        error_messages={"required": "Give a reason."},
    )
    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=PASSWORD_MAX,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password."},
    )

    def __init__(self, *args: Any, streams: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].widget = counted_text("reason", REASON_LIMIT)
        self.fields["reason"].required = True
        field = self.fields["stream"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 # declared above
        field.choices = [("", "Choose a study or account"), *streams]


class TagForm(PageForm):
    tag = forms.CharField(
        label="New tag",
        max_length=TAG_LIMIT + 80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="A word or two, up to 40 characters. Tags are personal data, like notes.",
        error_messages={"required": "Write the tag first."},
    )


class NoteForm(PageForm):
    text = LongText(
        name="text",
        label="New note",
        limit=NOTE_LIMIT,
        rows=3,
        help_text="Notes are personal data. Write only what the lab needs and what the worker may read.",
        error_messages={"required": "Write something first."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].widget = counted_text("note", NOTE_LIMIT)
        self.fields["text"].required = True
