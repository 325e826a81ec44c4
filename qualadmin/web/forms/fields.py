"""Fields that several forms of the main job share: type, score, study, texts, what revoked workers read."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from qualadmin.core.actions.texts import clean_text
from qualadmin.core.days import MOST_DAYS
from qualadmin.core.errors import ActionError
from qualadmin.core.models import QualificationType, RequesterAccount, Study, Verb
from qualadmin.csvio import AMAZON_MAXIMUM, AMAZON_MINIMUM, check_score

from .base import counted_text

if TYPE_CHECKING:  # the type checker knows what is chosen; Django's class takes no subscript
    TypeChoiceField = forms.ModelChoiceField[QualificationType]
    StudyChoiceField = forms.ModelChoiceField[Study]
else:
    TypeChoiceField = StudyChoiceField = forms.ModelChoiceField

REASON_LIMIT = 2_000  # characters, kept in the audit log
REVOKE_REASON_LIMIT = 1_000  # characters; Amazon documents no limit, other programs cut at 1,024

SILENT, WITH_REASON = "silent", "reason"
HOW_CHOICES = [
    (SILENT, "Silently: the workers are not told"),
    (WITH_REASON, "With a reason: Amazon e-mails it to each worker"),
]


class TypeSelect(forms.Select):
    """Tells the script the score each type usually gets, so that choosing a type can fill it in."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        instance = getattr(value, "instance", None)
        if isinstance(instance, QualificationType):
            option["attrs"].update(
                {
                    "data-score": instance.default_score,
                    "data-min": instance.min_score,
                    "data-max": instance.max_score,
                }
            )
        return option


class TypeField(TypeChoiceField):
    """A type of the account in use that can be given (or taken away) now."""

    widget = TypeSelect

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=QualificationType.objects.none(), **kwargs)
        self.error_messages["invalid_choice"] = (
            "This qualification type does not belong to the account in use, or cannot be used now. "
            "Choose another one."
        )
        self.error_messages["required"] = "Choose a qualification type."

    def label_from_instance(self, obj: QualificationType) -> str:
        return obj.known_as

    def offer(self, types: QuerySet[QualificationType]) -> None:
        """Only these can be chosen."""
        self.queryset = types


def usable_types(account: RequesterAccount, verb: Verb) -> QuerySet[QualificationType]:
    """Types the person can choose: live, not one of Amazon's own, and for grants active."""
    types = QualificationType.objects.filter(account=account, is_requestable=True).grantable()
    if verb == Verb.GRANT:
        types = types.filter(status=QualificationType.Status.ACTIVE)
    return types.order_by("name", "pk")


class ScoreField(forms.CharField):
    """A whole number, judged by the same rules as the cells of a file. Empty gives None.

    Not an IntegerField: that takes "1.0" and digits of other scripts.
    """

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "short"})
        super().__init__(**{"required": False, "max_length": 100, "widget": widget, **kwargs})

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text.strip():
            return None
        return score_of(text, AMAZON_MINIMUM, AMAZON_MAXIMUM)


def score_of(text: str, minimum: int, maximum: int) -> int:
    """The number in `text`. Raises ValidationError with the reason."""
    result = check_score(text, minimum=minimum, maximum=maximum)
    if result.score is None:
        raise ValidationError(result.reason or "", code=result.code)
    return result.score


def check_range(form: forms.Form, chosen: QualificationType | None, score: int | None) -> None:
    """Put an error at `score` if the type does not allow it."""
    if chosen is None or score is None:
        return
    try:
        score_of(str(score), chosen.min_score, chosen.max_score)
    except ValidationError as error:
        form.add_error("score", error)


class StudyField(StudyChoiceField):
    """An open study. Production changes must name one; the action sees to it, `ask_for` says it before."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            queryset=Study.objects.filter(is_open=True),
            **{
                "required": False,
                "empty_label": "No study",
                "help_text": "What this is for. Its PIs see the job and its entries in the audit log.",
                **kwargs,
            },
        )
        self.error_messages["invalid_choice"] = "This study is closed or does not exist. Choose another one."

    def ask_for(self, account: RequesterAccount) -> None:
        """Make the study required where the account needs one."""
        self.required = account.is_production
        self.empty_label = "Choose a study" if self.required else "No study"
        self.error_messages["required"] = "Name the study this is for. Every change in production belongs to one."

    def label_from_instance(self, obj: Study) -> str:
        return f"{obj.title} ({obj.protocol_number})" if obj.protocol_number else obj.title


class LongText(forms.CharField):
    """Text of a few lines without invisible characters and without anything that looks like a credential."""

    def __init__(self, *, name: str, label: str, limit: int, rows: int = 2, **kwargs: Any) -> None:
        self.name, self.limit = name, limit
        widget = counted_text(name.replace("_", "-"), limit, rows)
        super().__init__(label=label, required=False, strip=True, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return clean_text(
                text,
                field=self.name,
                label=str(self.label),
                limit=self.limit,
                required=self.required,
            )
        except ActionError as error:
            raise ValidationError(error.message, code=error.code) from None


def reason_field() -> LongText:
    """Why it is done, for the audit log."""
    return LongText(
        name="reason",
        label="Reason",
        limit=REASON_LIMIT,
        help_text="Kept in the audit log. PIs read it; workers never do. Do not write worker IDs here.",
    )


def until_field() -> forms.DateField:
    """The last day on which it is held."""
    return forms.DateField(
        label="Until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "short"}, format="%Y-%m-%d"),
        help_text=f"The last day on which they hold it, in {settings.TIME_ZONE}. In the night after, it is taken "
        "away silently. Left empty, it does not end.",
        error_messages={"invalid": "This is no day. Write it like 2026-12-31."},
    )


def days_field() -> forms.IntegerField:
    """How many days it is held."""
    return forms.IntegerField(
        label="Or for so many days",
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "short"}),
        help_text="After the day on which it is granted.",
        error_messages={
            "invalid": "Write a whole number of days, or leave it empty.",
            "min_value": f"Give a number of days from 1 to {MOST_DAYS:,}.",
            "max_value": f"Give a number of days from 1 to {MOST_DAYS:,}.",
        },
    )


def notify_field() -> forms.BooleanField:
    """Off unless chosen."""
    return forms.BooleanField(
        label="E-mail the workers",
        required=False,
        help_text="Amazon writes to each worker who gets the qualification. Off, they find out on their own.",
    )


def how_field() -> forms.ChoiceField:
    """Silent or with a reason: nothing is chosen beforehand."""
    return forms.ChoiceField(
        label="How to take it away",
        choices=HOW_CHOICES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whether the workers are told."},
    )


def revoke_reason_field() -> LongText:
    """The text revoked workers read."""
    return LongText(
        name="revoke_reason",
        label="Reason the workers will read",
        limit=REVOKE_REASON_LIMIT,
        help_text="Only used with a reason. Amazon sends this text to each worker, word by word.",
    )


def check_how(form: forms.Form) -> None:
    """Silent means no text, with a reason means there is one."""
    how, text = form.cleaned_data.get("how"), form.cleaned_data.get("revoke_reason", "")
    if how == WITH_REASON and not text and "revoke_reason" not in form.errors:
        form.add_error("revoke_reason", "Write the reason the workers will read, or take it away silently.")
    if how == SILENT:
        form.cleaned_data["revoke_reason"] = ""


def ask_reason(form: forms.Form, account: RequesterAccount) -> None:
    """Some accounts want a reason each time."""
    field = form.fields["reason"]
    field.required = account.reason_required
    field.error_messages["required"] = "Say why, for the audit log. This account asks for a reason each time."
