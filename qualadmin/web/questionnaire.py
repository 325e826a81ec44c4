"""The form editor of a qualification test: any number of questions with any number of choices, without JavaScript.

What is posted is read into plain rows. Adding, moving and taking away changes the rows and shows the page again,
with nothing judged and nothing lost; only saving judges them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

from django.core.exceptions import BadRequest
from django.http import QueryDict

from qualadmin.core.actions.seen import WorkerTest
from qualadmin.core.actions.type_tests import clean_test
from qualadmin.core.errors import ActionError
from qualadmin.questions.answer_key import read_answer_key
from qualadmin.questions.question_form import read_question_form
from qualadmin.questions.simple import (
    Choice,
    Kind,
    NotSimple,
    SimpleQuestion,
    SimpleTest,
    simple_test,
    write_answer_key,
    write_question_form,
)

from .forms.base import PageForm
from .forms.worker_tests import (
    ChoicePart,
    ManyPart,
    NumberPart,
    OnePart,
    QuestionPart,
    TextPart,
    TickedChoicePart,
    WholeForm,
    duration_initial,
    mapping_initial,
)

QUESTIONS_MOST: Final = 40
CHOICES_MOST: Final = 200  # of all questions together: a page has at most 2,000 fields
PARTS: Final[dict[str, type[QuestionPart]]] = {
    "one": OnePart,
    "many": ManyPart,
    "text": TextPart,
    "number": NumberPart,
}
KIND_WORDS: Final = {
    "one": "One answer",
    "many": "Several answers",
    "text": "In their own words",
    "number": "A number",
}
_WISH = re.compile(r"(add-choice|remove-choice|add|remove|up|down)(?:-([a-z0-9]+))?(?:-([0-9]+))?")


@dataclass(slots=True)
class QuestionRow:
    """One question on the page: raw values, and the forms that show them."""

    values: dict[str, Any]
    choices: list[dict[str, Any]] = field(default_factory=list)
    key: str = ""
    form: QuestionPart = field(init=False)
    choice_forms: list[PageForm] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return str(self.values["kind"])

    @property
    def kind_words(self) -> str:
        return KIND_WORDS[self.kind]

    @property
    def has_choices(self) -> bool:
        return self.kind in ("one", "many")

    @property
    def choice_keys(self) -> str:
        return ",".join(str(number) for number in range(len(self.choices)))


class Questionnaire:
    """The editor's page. `faults` are those of all its forms: the id of the control, and the words."""

    def __init__(self, whole: dict[str, Any] | QueryDict, rows: list[QuestionRow], *, judged: bool) -> None:
        self.rows = rows
        self.own_faults: list[str] = []
        data = whole if judged else None
        self.whole = WholeForm(data, initial=None if judged else whole)
        for number, row in enumerate(rows):
            row.key = f"q{number}"
            part = PARTS[row.kind]
            row.form = part(_prefixed(row.key, row.values) if judged else None, prefix=row.key, initial=row.values)
            choice = ChoicePart if row.kind == "one" else TickedChoicePart
            row.choice_forms = [
                choice(
                    _prefixed(f"{row.key}-c{place}", values) if judged else None,
                    prefix=f"{row.key}-c{place}",
                    initial=values,
                )
                for place, values in enumerate(row.choices)
            ]

    @property
    def order(self) -> str:
        return ",".join(row.key.removeprefix("q") for row in self.rows)

    @property
    def forms(self) -> Iterator[PageForm]:
        yield self.whole
        for row in self.rows:
            yield row.form
            yield from row.choice_forms

    @property
    def faults(self) -> list[tuple[str, str]]:
        found = [("", text) for text in self.own_faults]
        for form in self.forms:
            found += [("", str(error)) for error in form.non_field_errors()]
            for bound in form:
                place = bound.focus_id if hasattr(bound, "focus_id") else bound.id_for_label
                found += [(str(place), str(error)) for error in bound.errors]
        return found

    def test(self) -> WorkerTest | None:
        """What was written, or None with `faults`."""
        valid = [form.is_valid() for form in self.forms]
        if not self.rows:
            self.own_faults.append("A test needs at least one question.")
        for number, row in enumerate(self.rows, 1):
            if row.has_choices and len(row.choices) < 2:
                self.own_faults.append(f"Question {number} needs at least two choices.")
        if not all(valid) or self.own_faults:
            return None
        simple = self._simple()
        self._judge_scoring(simple)
        if self.own_faults:
            return None
        test = WorkerTest(write_question_form(simple), write_answer_key(simple), self.whole.seconds)
        try:
            clean_test(test, auto_granted=False)
        except ActionError as error:
            self.own_faults.append(error.message)
            return None
        return test

    def _judge_scoring(self, test: SimpleTest) -> None:
        if not test.is_scored:
            return
        for number, question in enumerate(test.questions, 1):
            if question.kind in ("text", "number"):
                self.own_faults.append(
                    f"Question {number} is answered in words or numbers, which Amazon cannot score. Take it away, "
                    "or let a person score the test."
                )
            elif question.kind == "many" and (question.points is None) == any(
                one.is_right for one in question.choices
            ):
                self.own_faults.append(
                    f"Question {number}: tick the right choices and say how many points they earn, or neither."
                )
        if not self.own_faults and "<Question>" not in write_answer_key(test):
            self.own_faults.append("Amazon is to score the test, but no answer earns points.")

    def _simple(self) -> SimpleTest:
        taken = {str(row.values.get("identifier") or "") for row in self.rows}
        questions = []
        for row in self.rows:
            given = row.form.cleaned_data
            questions.append(
                SimpleQuestion(
                    identifier=given["identifier"] or _free("q", taken),
                    kind=cast(Kind, row.kind),
                    text=_lines(given["text"]),
                    title=given["title"],
                    is_required=given["is_required"],
                    choices=_choices(row),
                    points=given.get("points"),
                    otherwise=given.get("otherwise") or 0,
                    lines=given.get("lines") or 1,
                    longest=given.get("longest"),
                    low=given.get("low"),
                    high=given.get("high"),
                )
            )
        given = self.whole.cleaned_data
        return SimpleTest(_lines(given["intro"]), tuple(questions), given["is_scored"], self.whole.chosen_mapping)


def opened(test: WorkerTest | None, seconds: int = 3_600) -> Questionnaire:
    """The editor with a test in it; empty for None. Raises NotSimple."""
    if test is None:
        first = QuestionRow({"kind": "one", "is_required": True}, [{}, {}])
        whole = {"is_scored": True, **duration_initial(seconds)}
        return Questionnaire(whole, [first], judged=False)
    simple = simple_test(
        read_question_form(test.question_form), read_answer_key(test.answer_key) if test.answer_key else None
    )
    if len(simple.questions) > QUESTIONS_MOST or sum(len(one.choices) for one in simple.questions) > CHOICES_MOST:
        raise NotSimple("It has more questions or choices than the form takes.")
    whole = {
        "intro": simple.intro,
        "is_scored": simple.is_scored,
        **mapping_initial(simple.mapping),
        **duration_initial(test.seconds),
    }
    rows = [
        QuestionRow(
            {
                **{name: getattr(one, name) for name in ("identifier", "kind", "text", "title", "is_required")},
                **{name: getattr(one, name) for name in ("points", "lines", "longest", "low", "high")},
                "otherwise": one.otherwise or None,
            },
            [
                {"identifier": choice.identifier, "text": choice.text, "points": choice.points}
                | {"is_right": choice.is_right}
                for choice in one.choices
            ],
        )
        for one in simple.questions
    ]
    return Questionnaire(whole, rows, judged=False)


def changed(posted: QueryDict, wish: str) -> Questionnaire:
    """The posted page with one question or choice more, less or elsewhere. Raises BadRequest for another wish."""
    found = _WISH.fullmatch(wish)
    if found is None:
        raise BadRequest("The page asked for something that does not exist. Nothing was done.")
    rows = _rows(posted)
    verb, first, second = found.groups()
    if verb == "add" and first in PARTS:
        if len(rows) < QUESTIONS_MOST:
            choices: list[dict[str, Any]] = [{}, {}] if first in ("one", "many") else []
            rows.append(QuestionRow({"kind": first, "is_required": True}, choices))
    else:
        number = int(first) if first and first.isdecimal() else -1
        if not 0 <= number < len(rows):
            raise BadRequest("The page named a question that is not there. Nothing was done.")
        _change(rows, verb, number, int(second or -1))
    whole = {name: posted.get(name, "") for name in WholeForm.base_fields}
    return Questionnaire({**whole, "is_scored": "is_scored" in posted}, rows, judged=False)


def handed_in(posted: QueryDict) -> Questionnaire:
    """The posted page, to be judged."""
    return Questionnaire(posted, _rows(posted), judged=True)


def _change(rows: list[QuestionRow], verb: str, number: int, place: int) -> None:
    row = rows[number]
    if verb == "remove":
        del rows[number]
    elif verb in ("up", "down"):
        other = number + (-1 if verb == "up" else 1)
        if 0 <= other < len(rows):
            rows[number], rows[other] = rows[other], row
    elif verb == "add-choice" and sum(len(one.choices) for one in rows) < CHOICES_MOST:
        row.choices.append({})
    elif verb == "remove-choice" and 0 <= place < len(row.choices):
        del row.choices[place]


def _rows(posted: QueryDict) -> list[QuestionRow]:
    """The questions as they were posted, in the order of the page. Raises BadRequest for an incomplete page."""
    rows = []
    for key in _keys(posted, "order", QUESTIONS_MOST):
        kind = posted.get(f"q{key}-kind", "")
        if kind not in PARTS:
            raise BadRequest("The page came incomplete. Open it again. Nothing was done.")
        values = _values(posted, f"q{key}", PARTS[kind])
        choice = ChoicePart if kind == "one" else TickedChoicePart
        keys = _keys(posted, f"q{key}-order", CHOICES_MOST) if kind in ("one", "many") else []
        rows.append(QuestionRow(values, [_values(posted, f"q{key}-c{place}", choice) for place in keys]))
    return rows


def _keys(posted: QueryDict, name: str, most: int) -> list[str]:
    keys = [key for key in posted.get(name, "").split(",") if key]
    if len(keys) > most or len(set(keys)) < len(keys) or not all(re.fullmatch(r"[0-9]{1,4}", key) for key in keys):
        raise BadRequest("The page came incomplete. Open it again. Nothing was done.")
    return keys


def _values(posted: QueryDict, prefix: str, form: type[PageForm]) -> dict[str, Any]:
    ticks = {"is_required", "is_right"}
    return {
        name: (f"{prefix}-{name}" in posted) if name in ticks else posted.get(f"{prefix}-{name}", "")
        for name in form.base_fields
    }


def _prefixed(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}-{name}": value for name, value in values.items()}


def _choices(row: QuestionRow) -> tuple[Choice, ...]:
    taken = {str(values.get("identifier") or "") for values in row.choices}
    return tuple(
        Choice(
            form.cleaned_data["identifier"] or _free("c", taken),
            _lines(form.cleaned_data["text"]),
            form.cleaned_data.get("points"),
            form.cleaned_data.get("is_right", False),
        )
        for form in row.choice_forms
    )


def _free(letter: str, taken: set[str]) -> str:
    number = 1
    while f"{letter}{number}" in taken:
        number += 1
    taken.add(f"{letter}{number}")
    return f"{letter}{number}"


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
