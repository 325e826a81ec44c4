"""The parts of the form in which a qualification test is written, and the same as XML."""

from fractions import Fraction
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from qualadmin.core.actions.seen import WorkerTest
from qualadmin.core.actions.type_tests import clean_test
from qualadmin.core.errors import ActionError
from qualadmin.questions.answer_key import Percentage, Range, Ranges, Scale
from qualadmin.questions.reading import MAX_BYTES
from qualadmin.questions.simple import decimal_text

from .base import PageForm, counted_text
from .fields import ScoreField
from .types import UNITS, split_span

TEXT_LIMIT: Final = 4_000  # characters of a question; the whole document may have 64 KB
MAPPINGS: Final = [
    ("", "The sum of the points is the score"),
    ("percentage", "Percent of the points that can be reached"),
    ("scale", "The points times a number"),
    ("ranges", "A score for each range of points"),
]


class DurationForm(PageForm):
    """How long a worker may take. Amazon wants it with every test."""

    duration_amount = forms.IntegerField(
        label="Time to take the test",
        min_value=1,
        max_value=1_000_000,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "short"}),
        error_messages={"required": "Say how long a worker may take."},
    )
    duration_unit = forms.ChoiceField(label="Unit", choices=[(unit, unit) for unit in UNITS], initial="minutes")

    @property
    def seconds(self) -> int:
        return int(self.cleaned_data["duration_amount"]) * UNITS[self.cleaned_data["duration_unit"]]


def duration_initial(seconds: int) -> dict[str, Any]:
    amount, unit = split_span(seconds)
    return {"duration_amount": amount, "duration_unit": unit}


class WholeForm(DurationForm):
    """What concerns the test as a whole."""

    intro = forms.CharField(
        label="Text above the questions",
        required=False,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    is_scored = forms.BooleanField(
        label="Amazon scores the answers",
        required=False,
        help_text="Whoever takes the test then holds the qualification at once, whatever the score. Otherwise "
        "each request waits until somebody reads the answers.",
    )
    mapping = forms.ChoiceField(label="How points become the score", choices=MAPPINGS, required=False)
    maximum = ScoreField(label="Points that can be reached", help_text="Only for percent.")
    multiplier = forms.CharField(
        label="Number to multiply with",
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "short"}),
        help_text="Only for “times a number”, for example 2.5.",
    )
    ranges = forms.CharField(
        label="Ranges",
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text="Only for ranges. One a line: lowest sum, highest sum, score. For example: 8 10 100",
    )
    out_of_range = ScoreField(label="Score outside of all ranges", help_text="Only for ranges. Empty means 0.")

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("mapping") == "percentage" and not (given.get("maximum") or 0) > 0:
            self.add_error("maximum", "Say how many points can be reached; at least 1.")
        if given.get("mapping") == "ranges" and "ranges" in given and not given["ranges"]:
            self.add_error("ranges", "Write at least one range, or choose another way to the score.")
        return given

    def clean_multiplier(self) -> Fraction | None:
        text = self.cleaned_data["multiplier"].strip()
        if self.data.get("mapping") != "scale":
            return None
        try:
            number = Fraction(text)
        except (ValueError, ZeroDivisionError):
            number = None
        if number is None or "/" in text or "e" in text.casefold() or not text.isascii():
            raise ValidationError("Write the number to multiply with, for example 2 or 0.5.")
        return number

    def clean_ranges(self) -> list[Range]:
        if self.data.get("mapping") != "ranges":
            return []
        rows = []
        for number, line in enumerate(self.cleaned_data["ranges"].splitlines(), 1):
            if line.strip():
                rows.append(_range(number, line))
        return rows

    @property
    def chosen_mapping(self) -> Percentage | Scale | Ranges | None:
        given = self.cleaned_data
        match given["mapping"] if given["is_scored"] else "":
            case "percentage":
                return Percentage(given["maximum"])
            case "scale":
                return Scale(given["multiplier"])
            case "ranges":
                return Ranges(tuple(given["ranges"]), given["out_of_range"] or 0)
        return None


def mapping_initial(mapping: Percentage | Scale | Ranges | None) -> dict[str, Any]:
    match mapping:
        case Percentage(maximum):
            return {"mapping": "percentage", "maximum": maximum}
        case Scale(multiplier):
            return {"mapping": "scale", "multiplier": decimal_text(multiplier)}
        case Ranges(ranges, otherwise):
            lines = "\n".join(f"{row.low} {row.high} {row.value}" for row in ranges)
            return {"mapping": "ranges", "ranges": lines, "out_of_range": otherwise}
        case None:
            return {"mapping": ""}


def _range(number: int, line: str) -> Range:
    words = line.replace(",", " ").split()
    try:
        low, high, value = (int(word) if word.isascii() else int("x") for word in words)
    except ValueError:
        raise ValidationError(
            f"Line {number} of the ranges is not three whole numbers: lowest sum, highest sum, score."
        ) from None
    return Range(low, high, value)


class QuestionPart(PageForm):
    """What every question has."""

    identifier = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        choices=[("one", "one"), ("many", "many"), ("text", "text"), ("number", "number")],
        widget=forms.HiddenInput,
    )
    text = forms.CharField(
        label="Question",
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write the question."},
    )
    title = forms.CharField(label="Short title", required=False, max_length=200)
    is_required = forms.BooleanField(label="Must be answered", required=False)


class OnePart(QuestionPart):
    """One of several choices; each choice has its points."""

    otherwise = ScoreField(label="Points for no answer, or a choice without points", help_text="Empty means 0.")


class ManyPart(QuestionPart):
    """Any number of choices; points for exactly the right ones."""

    points = ScoreField(label="Points for exactly the ticked choices")
    otherwise = ScoreField(label="Points for any other answer", help_text="Empty means 0.")


class TextPart(QuestionPart):
    """The worker's own words."""

    lines = forms.IntegerField(label="Lines to write on", min_value=1, max_value=50, initial=1, required=False)
    longest = forms.IntegerField(
        label="Most characters", min_value=1, max_value=100_000, required=False, help_text="Empty means no limit."
    )


class NumberPart(QuestionPart):
    """A number."""

    low = ScoreField(label="Lowest number taken", help_text="Empty means no limit.")
    high = ScoreField(label="Highest number taken", help_text="Empty means no limit.")

    def clean(self) -> dict[str, Any]:
        low, high = self.cleaned_data.get("low"), self.cleaned_data.get("high")
        if low is not None and high is not None and low > high:
            self.add_error("low", "The lowest number is above the highest.")
        return self.cleaned_data


class ChoicePart(PageForm):
    """One choice of a question with one answer."""

    identifier = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    text = forms.CharField(
        label="Choice", max_length=1_000, error_messages={"required": "Write the choice, or take it away."}
    )
    points = ScoreField(label="Points")


class TickedChoicePart(PageForm):
    """One choice of a question with several answers."""

    identifier = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    text = forms.CharField(
        label="Choice", max_length=1_000, error_messages={"required": "Write the choice, or take it away."}
    )
    is_right = forms.BooleanField(label="Right", required=False)


class DocumentsForm(DurationForm):
    """A test as XML."""

    question_form = forms.CharField(
        label="QuestionForm",
        strip=False,
        widget=counted_text("question_form", MAX_BYTES, rows=18),
        help_text="At most 65,535 bytes. HTML and pages of your own cannot be part of a test.",
        error_messages={"required": "Write the questions."},
    )
    answer_key = forms.CharField(
        label="AnswerKey",
        strip=False,
        required=False,
        widget=counted_text("answer_key", MAX_BYTES, rows=10),
        help_text="Without one, each request waits until somebody reads the answers.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("question_form", "answer_key"):
            self.fields[name].widget.attrs |= {"class": "mono", "spellcheck": "false", "autocapitalize": "off"}

    def clean(self) -> dict[str, Any]:
        if self.errors:
            return self.cleaned_data
        try:
            clean_test(self.test, auto_granted=False)
        except ActionError as error:
            self.refuse(
                error if error.field != "duration" else ActionError(error.message, field="duration_amount")
            )
        return self.cleaned_data

    @property
    def test(self) -> WorkerTest:
        """What was written; line ends as one character, a blank key as none."""
        given = self.cleaned_data
        key = given["answer_key"].replace("\r\n", "\n")
        return WorkerTest(given["question_form"].replace("\r\n", "\n"), key if key.strip() else "", self.seconds)
