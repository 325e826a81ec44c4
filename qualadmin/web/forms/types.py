"""Qualification types: creating one, and our own settings for it."""

from typing import Any, Final

from django import forms

from qualadmin.core.actions.type_rules import DESCRIPTION_LIMIT, KEYWORDS_LIMIT, NAME_LIMIT
from qualadmin.core.models import QualificationType
from qualadmin.web.words import grouped

from .base import PageForm, counted_text
from .fields import ScoreField

UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}


def lab_name_field() -> forms.CharField:
    """What the lab's own people call the type."""
    return forms.CharField(
        label="Name inside the lab",
        required=False,
        max_length=NAME_LIMIT,
        help_text="Only staff see it; it is never sent to Amazon. For blind designs: “Control group” here, a "
        "neutral name for workers.",
    )


class ScoresForm(PageForm):
    """Which scores may be given here. Amazon is not told."""

    default_score = ScoreField(label="Usual score", help_text="Filled in when somebody grants this type.")
    min_score = ScoreField(label="Lowest score allowed")
    max_score = ScoreField(label="Highest score allowed")
    lab_name = lab_name_field()

    def clean(self) -> dict[str, Any]:
        for name in ("default_score", "min_score", "max_score"):
            if self.cleaned_data.get(name) is None and name not in self.errors:
                self.add_error(name, "Enter a whole number.")
        return self.cleaned_data


class NewTypeForm(PageForm):
    """What Amazon needs to know of a new type, and what workers read of it."""

    lab_name = lab_name_field()
    name = forms.CharField(
        label="Name that workers read",
        max_length=NAME_LIMIT,
        widget=forms.TextInput(attrs={"data-count-characters": "name-count", "data-limit": NAME_LIMIT}),
        help_text="It can never be changed, and an account can have a name only once.",
        error_messages={"required": "Give the type a name."},
    )
    description = forms.CharField(
        label="Description",
        widget=counted_text("description", DESCRIPTION_LIMIT),
        max_length=DESCRIPTION_LIMIT,
        help_text="Workers read it. Say what it means to hold this, not who is excluded.",
        error_messages={"required": "Describe the type in a sentence; Amazon asks for it."},
    )
    keywords = forms.CharField(
        label="Keywords",
        required=False,
        max_length=KEYWORDS_LIMIT,
        widget=counted_text("keywords", KEYWORDS_LIMIT, rows=1),
        help_text="Workers search by them; separate them by commas. They can never be changed.",
    )
    status = forms.ChoiceField(
        label="Status",
        choices=[
            (QualificationType.Status.ACTIVE, "Active: workers can ask for it, and HITs can require it"),
            (QualificationType.Status.INACTIVE, "Inactive: nobody can be given it until it is made active"),
        ],
        initial=QualificationType.Status.ACTIVE,
    )
    auto_granted = forms.BooleanField(
        label="Amazon grants it to everybody who asks",
        required=False,
        help_text="Without asking you. A type like this cannot have a test.",
    )
    auto_granted_value = ScoreField(label="Score for those", help_text="Only for automatic grants. Empty means 1.")
    retry_amount = forms.IntegerField(
        label="Workers may ask again after",
        required=False,
        min_value=0,
        max_value=5_256_000,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "short"}),
        help_text="Empty means once only: whoever was rejected can never ask again. 0 means at once.",
    )
    retry_unit = forms.ChoiceField(
        label="Unit", choices=[(unit, unit) for unit in UNITS], initial="days", required=False
    )
    default_score = ScoreField(label="Usual score", initial="100", help_text="Filled in when somebody grants it.")
    min_score = ScoreField(label="Lowest score allowed", initial="0")
    max_score = ScoreField(label="Highest score allowed", initial="100")

    clean = ScoresForm.clean

    @property
    def wishes(self) -> dict[str, Any]:
        """The arguments of `request_type`."""
        given = self.cleaned_data
        amount, unit = given["retry_amount"], given["retry_unit"] or "days"
        return {
            **{
                name: given[name]
                for name in ("lab_name", "name", "description", "keywords", "status", "auto_granted")
            },
            **{name: given[name] for name in ("default_score", "min_score", "max_score")},
            "auto_granted_value": given["auto_granted_value"] if given["auto_granted"] else None,
            "retry_delay_seconds": None if amount is None else amount * UNITS[unit],
        }

    @property
    def given(self) -> list[tuple[str, object]]:
        """The fields as they were filled in, to be sent again from the check page."""
        return [(field.html_name, "" if field.value() is None else field.value()) for field in self]

    @property
    def answers(self) -> list[tuple[str, str, bool]]:
        """Term, answer, and whether it can never be changed."""
        given, wishes = self.cleaned_data, self.wishes
        granted = f"Yes, with score {wishes['auto_granted_value'] or 1}" if given["auto_granted"] else "No"
        return [
            ("Name that workers read", given["name"], True),
            ("Name inside the lab", given["lab_name"] or "None", False),
            ("Description", given["description"], False),
            ("Keywords", given["keywords"] or "None", True),
            ("Amazon grants it to everybody who asks", granted, False),
            ("Status", given["status"], False),
            ("Workers may ask again", _retry_answer(wishes["retry_delay_seconds"]), False),
            ("Usual score", grouped(given["default_score"]), False),
            ("Scores allowed", f"{grouped(given['min_score'])} to {grouped(given['max_score'])}", False),
        ]


def _retry_answer(seconds: int | None) -> str:
    kept = "" if seconds is None else "\nThe time can be changed later, but not taken back."
    return retry_words(seconds) + kept


def retry_words(seconds: int | None) -> str:
    """`after 2 days`; no delay means that a worker can ask once only, a delay of 0 that nobody waits."""
    if seconds is None:
        return "never: once only"
    if seconds == 0:
        return "at once"
    return f"after {span_words(seconds)}"


def span_words(seconds: int) -> str:
    """`2 days`, `90 seconds`: in the largest unit that leaves no rest."""
    unit, size = next(pair for pair in reversed(UNITS.items()) if seconds % pair[1] == 0)
    count = seconds // size
    return f"{grouped(count)} {unit if count != 1 else unit[:-1]}"


def split_span(seconds: int | None) -> tuple[int | str, str]:
    """Seconds as an amount of the largest unit that leaves no rest; "" for none."""
    if seconds is None:
        return "", "days"
    unit, size = next(pair for pair in reversed(UNITS.items()) if seconds % pair[1] == 0)
    return seconds // size, unit
