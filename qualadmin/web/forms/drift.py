"""What is to become of differences with Amazon."""

from typing import Any, Final

from django import forms

from .base import PageForm
from .fields import REASON_LIMIT, LongText
from .jobs import UndoForm
from .selections import SelectionForm

TAKE_OVER, PUT_RIGHT = "take_over", "put_right"
DEEDS: Final = ((TAKE_OVER, "Take over…"), (PUT_RIGHT, "Put right…"))


class DriftSelectionForm(SelectionForm):
    """Ticked differences, or all that match, and what is to become of them."""

    verb = forms.ChoiceField(choices=DEEDS)


class TakeOverForm(PageForm):
    """Accepting what somebody else did always needs a reason."""

    reason = LongText(
        name="reason",
        label="Reason",
        limit=REASON_LIMIT,
        help_text="Kept in the audit log with your name. Do not write worker IDs here.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True


class PutRightForm(UndoForm):
    """A job of its own, with its own study and reason."""
