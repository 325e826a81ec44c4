"""Which HITs, and which work of them."""

from typing import Any, Final

from django import forms

from qualadmin.core.actions.hits import STATUSES

from .base import PageForm
from .selections import FILTER_MAX, RowsField

PASTE_MAX: Final = 100_000  # characters: more than a thousand HIT IDs with what may stand between them


class AskForm(PageForm):
    """HITs that were ticked, or all that match, or pasted; and the statuses of work that counts."""

    credential_exempt = frozenset({"hit_ids"})

    hit_ids = forms.CharField(
        label="HIT IDs",
        max_length=PASTE_MAX,
        required=False,
        widget=forms.Textarea(attrs={"class": "ids", "rows": 5, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One or many, as they stand on Amazon’s pages. Line ends, blanks or commas between them.",
    )
    statuses = forms.MultipleChoiceField(
        label="Work that counts",
        choices=[(one, one) for one in STATUSES],
        widget=forms.CheckboxSelectMultiple,
        initial=list(STATUSES),
        error_messages={"required": "Tick at least one status."},
    )
    row = RowsField(required=False, coerce=int)
    matching = forms.BooleanField(required=False)
    filter = forms.CharField(required=False, max_length=FILTER_MAX)

    def __init__(self, *args: Any, pasting: bool, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="paste_%s", **kwargs)
        if pasting:
            self.fields["hit_ids"].required = True
            self.fields["hit_ids"].error_messages["required"] = "HIT IDs: nothing was entered."


class WorkersForm(PageForm):
    """What is to be done with the workers."""

    verb = forms.ChoiceField(choices=[("grant", "Grant"), ("revoke", "Take away")])
