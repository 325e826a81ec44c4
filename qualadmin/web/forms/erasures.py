"""Asking for the erasure of a worker, deciding on it, and holds."""

from typing import Any, Final

from django import forms

from qualadmin.core.actions.erasures import REASON_LIMIT, WORDS_LIMIT
from qualadmin.core.actions.holds import REASON_LIMIT as HOLD_LIMIT

from .base import PageForm
from .fields import LongText

ERASE: Final = "erase"
DECLINE: Final = "decline"


class AskForm(PageForm):
    """Why. With something still held at Amazon, that it stays there must be ticked."""

    reason = LongText(
        name="reason",
        label="Why the worker is to be erased",
        limit=REASON_LIMIT,
        rows=3,
        help_text="Kept in the audit log with your name. No worker IDs, and nothing else that says who it is.",
        error_messages={"required": "Give a reason."},
    )
    leave = forms.BooleanField(
        label="I know that what the worker holds stays at Amazon, and that nobody here can take it away later",
        error_messages={"required": "Tick this, or take away first what the worker holds."},
    )

    def __init__(self, *args: Any, holds_something: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True
        if not holds_something:
            del self.fields["leave"]


class DecideForm(PageForm):
    """`decision` is the button that was pressed. To erase, that it is final must be ticked; to refuse, words."""

    decision = forms.ChoiceField(
        choices=[(ERASE, "Erase"), (DECLINE, "Refuse")],
        widget=forms.HiddenInput,
        error_messages={
            "required": "Press one of the two buttons.",
            "invalid_choice": "Press one of the two buttons.",
        },
    )
    final = forms.BooleanField(label="I know that this cannot be undone", required=False)
    words = LongText(
        name="words",
        label="Your words to who asked",
        limit=WORDS_LIMIT,
        help_text="Needed when you refuse. No worker IDs.",
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("decision") == ERASE and not given.get("final"):
            self.add_error("final", "Tick this to erase the worker.")
        return given


class HoldForm(PageForm):
    """Why something must be kept."""

    reason = LongText(
        name="reason",
        label="Why it must be kept",
        limit=HOLD_LIMIT,
        rows=3,
        help_text="Shown with the hold and kept in the audit log. No worker IDs.",
        error_messages={"required": "Give a reason."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True
