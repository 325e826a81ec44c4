"""Answering workers' requests: one by one, many at once, what it is for, and the lab's own key."""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from django import forms

from qualadmin.core.actions.answering import Rule
from qualadmin.core.actions.answers import KEY_LIMIT
from qualadmin.core.actions.previews import Wishes
from qualadmin.core.actions.texts import clean_text
from qualadmin.core.errors import ActionError
from qualadmin.core.models import ANSWERS, RequesterAccount, Study, Verb

from .base import PageForm
from .fields import REVOKE_REASON_LIMIT, LongText, ScoreField, StudyField, ask_reason, reason_field
from .selections import KeysField, SelectionForm

FIXED, BY_KEY = "fixed", "key"
UNDOCUMENTED: Final = "The worker can read it at Amazon. Whether Amazon e-mails it too is not documented."


class RequestSelectionForm(SelectionForm):
    """Ticked requests, or all that the filter leaves."""

    verb = forms.ChoiceField(choices=[(one.value, one.label) for one in ANSWERS])
    row = KeysField(required=False, coerce=uuid.UUID)  # type: ignore[assignment]  # keys of another kind


class PurposeForm(PageForm):
    """What answers are for, said once and kept while somebody goes through the inbox."""

    study = StudyField(label="Study")
    reason = reason_field()

    def __init__(
        self, *args: Any, account: RequesterAccount, studies: Sequence[Study] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        study = self.fields["study"]
        assert isinstance(study, StudyField)  # noqa: S101 # declared above
        study.ask_for(account)
        if studies is not None:  # asked for already
            named = [(str(one.pk), study.label_from_instance(one)) for one in studies]
            study.choices = [("", str(study.empty_label)), *named]
        ask_reason(self, account)


class AcceptForm(PageForm):
    """The score. One line, so that the Enter key sends it."""

    score = ScoreField(label="Score", required=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["score"].error_messages["required"] = "Give a score."


class RejectForm(PageForm):
    """What the worker reads. One line, so that the Enter key sends it."""

    words = forms.CharField(
        label="Reason the worker will read",
        required=False,
        max_length=REVOKE_REASON_LIMIT,
        help_text=UNDOCUMENTED,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_words(self) -> str:
        try:
            return clean_text(
                self.cleaned_data["words"],
                field="words",
                label="The reason",
                limit=REVOKE_REASON_LIMIT,
                required=False,
            )
        except ActionError as error:
            raise forms.ValidationError(error.message, code=error.code) from None


class ManyForm(PurposeForm):
    """How many requests are answered at once: one score or the key's, or one reason."""

    rule = forms.ChoiceField(
        label="Score",
        choices=[(FIXED, "The same for all"), (BY_KEY, "What the key makes of each one’s answers")],
        widget=forms.RadioSelect,
        initial=FIXED,
    )
    score = ScoreField(label="Score for all", help_text="A whole number. Only used with the same score for all.")
    words = LongText(
        name="words",
        label="Reason the workers will read",
        limit=REVOKE_REASON_LIMIT,
        help_text=UNDOCUMENTED.replace("worker", "workers"),
    )
    field_order = ["rule", "score", "words", "study", "reason"]

    def __init__(self, *args: Any, account: RequesterAccount, verb: Verb, has_key: bool, **kwargs: Any) -> None:
        super().__init__(*args, account=account, **kwargs)
        unused = ["words"] if verb == Verb.ACCEPT else ["rule", "score"]
        if verb == Verb.ACCEPT and not has_key:
            unused.append("rule")
        for name in unused:
            del self.fields[name]
        if verb == Verb.ACCEPT and not has_key:
            score = self.fields["score"]
            score.required, score.help_text = True, "A whole number."
            score.error_messages["required"] = "Give a score."

    @property
    def chosen_rule(self) -> Rule:
        by_key = self.cleaned_data.get("rule") == BY_KEY
        return Rule(None if by_key else self.cleaned_data.get("score"), by_key)

    @property
    def wishes(self) -> Wishes:
        data = self.cleaned_data
        study: Study | None = data["study"]
        return Wishes(study=study, reason=data["reason"], revoke_reason=data.get("words", ""))


class KeyForm(PageForm):
    """The lab's own AnswerKey of a type."""

    text = forms.CharField(
        label="Answer key",
        required=False,
        max_length=KEY_LIMIT,
        help_text="An AnswerKey document, as Amazon defines it. Leave it empty to have no key.",
        widget=forms.Textarea(attrs={"rows": 16, "class": "mono", "spellcheck": "false"}),
    )
