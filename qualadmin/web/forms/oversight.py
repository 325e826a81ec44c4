"""Muting a rule of the oversight page."""

from collections.abc import Iterable
from typing import Any

from django import forms

from qualadmin.core.actions.oversight import REASON_LIMIT
from qualadmin.core.models import Study
from qualadmin.web.oversight import RULES

from .base import PageForm


class MuteForm(PageForm):
    """`study` empty means all; offered to managers only."""

    rule = forms.ChoiceField(label="Rule", choices=[(one.key, one.title) for one in RULES])
    study = forms.ChoiceField(label="Study", required=False)
    reason = forms.CharField(label="Why it deserves no question", max_length=REASON_LIMIT)

    def __init__(self, *args: Any, studies: Iterable[Study], everywhere: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.studies = {str(one.pk): one for one in studies}
        first = [("", "All studies")] if everywhere else []
        choices = [*first, *((key, one.title) for key, one in self.studies.items())]
        self.fields["study"] = forms.ChoiceField(label="Study", choices=choices, required=not everywhere)

    @property
    def chosen(self) -> Study | None:
        return self.studies.get(self.cleaned_data["study"])
