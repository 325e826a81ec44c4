"""Ticked rows of a list, or everything that its filter leaves, and what is to be done with them."""

import uuid
from typing import Final

from django import forms

from qualadmin.core.models import OF_LISTS

from .base import PageForm

WRITE: Final = "write"  # a message, which changes nothing
FILTER_MAX: Final = 2_000  # characters


class RowsField(forms.TypedMultipleChoiceField):
    """Keys of rows. Which rows those are is for the list to find; here they must only be numbers."""

    def valid_value(self, value: str) -> bool:
        return value.isascii() and value.isdigit() and len(value) < 19


class KeysField(forms.TypedMultipleChoiceField):
    """Keys of rows that are no numbers. Whether they exist is for the action or the list to find."""

    def valid_value(self, value: str) -> bool:
        try:
            uuid.UUID(value)
        except ValueError:
            return False
        return True


class SelectionForm(PageForm):
    """Nothing here is typed by hand: a fault means that the form was changed on its way.

    `filter` is the list's address without its path. `counted` is how many rows it had when the page was made.
    """

    verb = forms.ChoiceField(choices=[*((one.value, one.label) for one in OF_LISTS), (WRITE, "Write")])
    row = RowsField(required=False, coerce=int)
    matching = forms.BooleanField(required=False)
    filter = forms.CharField(required=False, max_length=FILTER_MAX)
    counted = forms.IntegerField(required=False, min_value=0)
