"""AnswerKey: which selections of a qualification test earn what, and how the sum becomes the value.

Source: API reference, "AnswerKey". An answer earns the score of the option whose set of selections is exactly
its own, else the question's default score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from qualadmin.questions.question_form import Question, QuestionForm, SelectionAnswer
from qualadmin.questions.reading import BadDocument, Element, Fault, read
from qualadmin.questions.schema import (
    INT_MAX,
    INT_MIN,
    Kind,
    Slot,
    decimal,
    integer,
    many,
    maybe,
    one,
    some_text,
    validate,
)

NAMESPACE = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/AnswerKey.xsd"
Rounding = Literal["nearest", "down"]
Chosen = Mapping[str, frozenset[str]]
"""Question identifier to the identifiers of the selections a worker chose."""


@dataclass(frozen=True, slots=True)
class Option:
    selections: frozenset[str]
    score: int


@dataclass(frozen=True, slots=True)
class KeyQuestion:
    identifier: str
    options: tuple[Option, ...]
    default: int
    line: int
    column: int

    def score(self, chosen: frozenset[str]) -> int:
        return next((option.score for option in self.options if option.selections == chosen), self.default)


@dataclass(frozen=True, slots=True)
class Percentage:
    """The sum as a percentage of `maximum`, rounded to the nearest whole number, halves up."""

    maximum: int


@dataclass(frozen=True, slots=True)
class Scale:
    multiplier: Fraction


@dataclass(frozen=True, slots=True)
class Range:
    low: int
    high: int
    """Both belong to the range."""
    value: int


@dataclass(frozen=True, slots=True)
class Ranges:
    ranges: tuple[Range, ...]
    otherwise: int


@dataclass(frozen=True, slots=True)
class AnswerKey:
    questions: tuple[KeyQuestion, ...]
    mapping: Percentage | Scale | Ranges | None = None

    def summed(self, chosen: Chosen) -> int:
        """Sum over the questions of the key; one without an answer counts as answered with nothing."""
        return sum(question.score(chosen.get(question.identifier, frozenset())) for question in self.questions)

    def value(self, chosen: Chosen, *, scale_rounding: Rounding = "nearest") -> int:
        """What the qualification gets, within 32 bits. Amazon does not say how a scaled sum becomes a whole
        number; `down` is towards zero."""
        return min(max(self._mapped(self.summed(chosen), scale_rounding), INT_MIN), INT_MAX)

    def _mapped(self, summed: int, scale_rounding: Rounding) -> int:
        match self.mapping:
            case Percentage(maximum):
                return _nearest(Fraction(100 * summed, maximum))
            case Scale(multiplier):
                scaled = summed * multiplier
                return math.trunc(scaled) if scale_rounding == "down" else _nearest(scaled)
            case Ranges(ranges, otherwise):
                return next((row.value for row in ranges if row.low <= summed <= row.high), otherwise)
            case None:
                return summed


def _nearest(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def read_answer_key(xml: str) -> AnswerKey:
    """Check and read. Raises BadDocument with all faults that can be told at once."""
    root = read(xml)
    validate(root, "AnswerKey", frozenset({NAMESPACE}), _ANSWER_KEY)
    faults = _rules(root)
    if faults:
        raise BadDocument(faults)
    mapping = root.child("QualificationValueMapping")
    return AnswerKey(
        tuple(map(_question, root.all("Question"))), None if mapping is None else _mapping(mapping.children[0])
    )


def check_fit(form: QuestionForm, key: AnswerKey) -> None:
    """Whether the key can score the form: no free text in the form, no question or selection in the key that the
    form lacks. Raises BadDocument with places in the key."""
    questions = {question.identifier: question for question in form.questions}
    # The form is another document: its faults are told at the top of the key.
    complaints = (_unscorable(question) for question in form.questions)
    faults = [Fault(1, 1, text) for text in complaints if text is not None]
    for row in key.questions:
        question = questions.get(row.identifier)
        if question is None:
            faults.append(Fault(row.line, row.column, f"The test has no question {row.identifier}."))
        elif isinstance(question.answer, SelectionAnswer):
            known = {selection.identifier for selection in question.answer.selections}
            unknown = sorted({name for option in row.options for name in option.selections} - known)
            if unknown:
                text = f"The question {row.identifier} of the test has no selection {', '.join(unknown)}."
                faults.append(Fault(row.line, row.column, text))
    if faults:
        raise BadDocument(faults)


def _unscorable(question: Question) -> str | None:
    if not isinstance(question.answer, SelectionAnswer):
        return f"The question {question.identifier} of the test takes free text, which an answer key cannot score."
    if question.answer.other is not None:
        place = f"question {question.identifier} of the test"
        return f"The {place} has an OtherSelection, which an answer key cannot score."
    return None


# the schema

_OPTION = Kind((many("SelectionIdentifier", some_text), one("AnswerScore", integer())))
_QUESTION = Kind(
    (
        one("QuestionIdentifier", some_text),
        many("AnswerOption", _OPTION),
        maybe("DefaultScore", integer()),
    )
)
_RANGE = Kind(
    (
        one("InclusiveLowerBound", integer()),
        one("InclusiveUpperBound", integer()),
        one("QualificationValue", integer()),
    )
)
_MAPPING = Kind(
    (
        Slot(
            {
                "PercentageMapping": Kind((one("MaximumSummedScore", integer(1, INT_MAX)),)),
                "ScaleMapping": Kind((one("SummedScoreMultiplier", decimal),)),
                "RangeMapping": Kind(
                    (many("SummedScoreRange", _RANGE), one("OutOfRangeQualificationValue", integer()))
                ),
            }
        ),
    )
)
_ANSWER_KEY = Kind((many("Question", _QUESTION), maybe("QualificationValueMapping", _MAPPING)))


# rules a schema cannot say


def _rules(root: Element) -> list[Fault]:
    faults: list[Fault] = []
    seen: set[str] = set()
    for element in root.all("Question"):
        question = _question(element)
        if question.identifier in seen:
            faults.append(element.fault(f"The question {question.identifier} stands in the key twice."))
        seen.add(question.identifier)
        faults += _repeated_options(element)
    mapping = root.child("QualificationValueMapping")
    if mapping is not None and mapping.children[0].name == "RangeMapping":
        faults += _range_rules(mapping.children[0].all("SummedScoreRange"))
    return faults


def _repeated_options(question: Element) -> list[Fault]:
    faults, seen = [], set()
    for element in question.all("AnswerOption"):
        selections = _option(element).selections
        if selections in seen:
            faults.append(element.fault(f"The selections {', '.join(sorted(selections))} have a score already."))
        seen.add(selections)
    return faults


def _range_rules(elements: list[Element]) -> list[Fault]:
    faults: list[Fault] = []
    earlier: list[Range] = []
    for element in elements:
        row = _range(element)
        if row.low > row.high:
            faults.append(element.fault(f"The range begins at {row.low} and ends below, at {row.high}."))
        if any(row.low <= other.high and other.low <= row.high for other in earlier):
            faults.append(element.fault(f"The range from {row.low} to {row.high} overlaps another one."))
        earlier.append(row)
    return faults


# from elements to values; only for what has been checked


def _question(element: Element) -> KeyQuestion:
    return KeyQuestion(
        identifier=(element.text_of("QuestionIdentifier") or "").strip(),
        options=tuple(map(_option, element.all("AnswerOption"))),
        default=_number(element, "DefaultScore"),
        line=element.line,
        column=element.column,
    )


def _option(element: Element) -> Option:
    selections = frozenset(row.text.strip() for row in element.all("SelectionIdentifier"))
    return Option(selections, _number(element, "AnswerScore"))


def _mapping(element: Element) -> Percentage | Scale | Ranges:
    if element.name == "PercentageMapping":
        return Percentage(_number(element, "MaximumSummedScore"))
    if element.name == "ScaleMapping":
        return Scale(Fraction((element.text_of("SummedScoreMultiplier") or "").strip()))
    ranges = tuple(map(_range, element.all("SummedScoreRange")))
    return Ranges(ranges, _number(element, "OutOfRangeQualificationValue"))


def _range(element: Element) -> Range:
    low, high, value = (int(child.text) for child in element.children)
    return Range(low, high, value)


def _number(element: Element, name: str) -> int:
    return int(element.text_of(name) or 0)
