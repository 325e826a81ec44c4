"""The search of the audit log in words."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from qualadmin.audit.words import WordsFault
from qualadmin.web.audit_search import Search

from .base import PageForm

WORDS_MAX = 1_000  # characters


@dataclass(frozen=True, slots=True)
class Marked:
    """The text with the place of its fault."""

    before: str
    fault: str
    after: str


class SearchWordsForm(PageForm):
    """Words travel in the form, never in the address: one of them may be a worker id."""

    words = forms.CharField(
        label="Search in words",
        max_length=WORDS_MAX,
        required=False,
        strip=False,  # a fault is told by its place in what was typed
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "class": "mono",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )

    def __init__(self, *args: Any, search: Search, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.search = search
        self.fields["words"].widget.attrs["placeholder"] = search.example
        self.parameters: dict[str, str] = {}
        self.marked: Marked | None = None

    def clean_words(self) -> str:
        text: str = self.cleaned_data["words"]
        try:
            self.parameters = self.search.parameters(text)
        except WordsFault as fault:
            if text[fault.start : fault.end].strip():
                cut = (text[: fault.start], text[fault.start : fault.end], text[fault.end :])
                self.marked = Marked(*cut)
            raise ValidationError(str(fault), code="words") from None
        return text
