"""The decision on a job that waits: one box for words, two buttons."""

from typing import Final

from django import forms

from qualadmin.core.actions.approvals import WORDS_LIMIT
from qualadmin.web.forms.base import PageForm
from qualadmin.web.forms.fields import LongText

APPROVE: Final = "approve"
SEND_BACK: Final = "send_back"


class DecisionForm(PageForm):
    """`decision` is the button that was pressed. Sending back needs words; the action says so."""

    decision = forms.ChoiceField(
        choices=[(APPROVE, "Approve"), (SEND_BACK, "Send back")],
        widget=forms.HiddenInput,
        error_messages={
            "required": "Press one of the two buttons.",
            "invalid_choice": "Press one of the two buttons.",
        },
    )
    words = LongText(
        name="words",
        label="Your words to who asked",
        limit=WORDS_LIMIT,
        help_text="Needed when you send the job back. They stand on the page of the job and in the audit log.",
    )
