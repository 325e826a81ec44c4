"""A worker's answers beside the answer key: question by question what was asked, answered, and earned.

For people who judge a request, and for trying a test before anybody takes it. Whether the key scores the form at
all is `answer_key.check_fit`'s to say; here nothing is refused, because what a worker sent must be shown anyhow.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from qualadmin.questions.answer_key import AnswerKey, KeyQuestion, Percentage, Ranges, Rounding, Scale
from qualadmin.questions.answers import Answer, Sheet, chosen
from qualadmin.questions.plain import plain_words
from qualadmin.questions.question_form import Content, Question, QuestionForm, SelectionAnswer


@dataclass(frozen=True, slots=True)
class MarkedOption:
    """A line of the key: these selections, in the words of the test, earn `points`."""

    words: tuple[str, ...]
    points: int
    is_given: bool


@dataclass(frozen=True, slots=True)
class MarkedQuestion:
    """One question. All texts are plain and from strangers: escape them."""

    identifier: str
    title: str
    text: str
    given: tuple[str, ...]
    """What the worker answered, in the words of the test; empty if nothing."""
    points: int | None
    """None: the key does not score this question, or there is no key."""
    best: int | None
    options: tuple[MarkedOption, ...] = ()
    otherwise: int | None = None
    """What any other answer earns, none at all included."""


@dataclass(frozen=True, slots=True)
class Marked:
    """`summed`, `value` and `how` (a sentence) are None, None and "" without a key."""

    questions: tuple[MarkedQuestion, ...]
    strays: tuple[MarkedQuestion, ...]
    """Answers to questions that the form does not have: the test was changed after they were given."""
    summed: int | None
    value: int | None
    how: str


def mark(
    form: QuestionForm, sheet: Sheet, key: AnswerKey | None = None, *, scale_rounding: Rounding = "nearest"
) -> Marked:
    """Put answers beside the key. `value` is what Amazon would make of them, see `AnswerKey.value`."""
    scoring = {} if key is None else {question.identifier: question for question in key.questions}
    questions = tuple(
        _marked(question, number, sheet.get(question.identifier), scoring.get(question.identifier))
        for number, question in enumerate(form.questions, 1)
    )
    known = {question.identifier for question in form.questions}
    strays = tuple(_stray(answer) for answer in sheet.values() if answer.identifier not in known)
    if key is None:
        return Marked(questions, strays, None, None, "")
    picked = chosen(sheet)
    summed = key.summed(picked)
    value = key.value(picked, scale_rounding=scale_rounding)
    return Marked(questions, strays, summed, value, _how(key, summed, value))


def words_of(contents: tuple[Content, ...]) -> str:
    """Contents as plain text, one line each: for places where the whole look does not fit."""
    return "\n".join(filter(None, map(_words, contents)))


def _words(content: Content) -> str:
    if content.kind == "list":
        return "\n".join(item.strip() for item in content.items)
    if content.kind == "formatted":
        return plain_words(content.text)
    if content.kind in {"binary", "embedded"}:
        return f"[{content.media or content.kind}: {content.text or content.address}]"
    return content.text.strip()


def _marked(question: Question, number: int, answer: Answer | None, row: KeyQuestion | None) -> MarkedQuestion:
    names = _names(question)
    given = frozenset() if answer is None else answer.selections
    options: tuple[MarkedOption, ...] = ()
    points = best = otherwise = None
    if row is not None:
        has_own_words = answer is not None and answer.other_text is not None
        points = row.default if has_own_words else row.score(given)
        otherwise = row.default
        best = max([row.default, *(option.score for option in row.options)])
        hit = None if has_own_words else next((one for one in row.options if one.selections == given), None)
        options = tuple(
            MarkedOption(_in_order(option.selections, names), option.score, option is hit)
            for option in row.options
        )
    return MarkedQuestion(
        identifier=question.identifier,
        title=(question.display_name or "").strip() or f"Question {number}",
        text=words_of(question.content),
        given=_given(answer, names),
        points=points,
        best=best,
        options=options,
        otherwise=otherwise,
    )


def _stray(answer: Answer) -> MarkedQuestion:
    return MarkedQuestion(answer.identifier, answer.identifier, "", _given(answer, {}), None, None)


def _names(question: Question) -> dict[str, str]:
    if not isinstance(question.answer, SelectionAnswer):
        return {}
    return {one.identifier: _words(one.content) or one.identifier for one in question.answer.selections}


def _given(answer: Answer | None, names: dict[str, str]) -> tuple[str, ...]:
    if answer is None:
        return ()
    own = tuple(text for text in (answer.free_text, answer.other_text) if text)
    return (*_in_order(answer.selections, names), *own)


def _in_order(selections: frozenset[str], names: dict[str, str]) -> tuple[str, ...]:
    """In the order of the test; what the test does not know comes last, by its identifier."""
    known = tuple(words for identifier, words in names.items() if identifier in selections)
    return (*known, *sorted(selections - names.keys()))


def _how(key: AnswerKey, summed: int, value: int) -> str:
    """How the sum becomes the score, as a sentence."""
    match key.mapping:
        case Percentage(maximum):
            return f"{summed} of {maximum} points are {value} percent, rounded: the score is {value}."
        case Scale(multiplier):
            return f"{summed} points times {_number(multiplier)}: the score is {value}."
        case Ranges(ranges, _):
            row = next((row for row in ranges if row.low <= summed <= row.high), None)
            if row is None:
                return f"{summed} points lie in none of the ranges: the score is {value}."
            return f"{summed} points lie in the range from {row.low} to {row.high}: the score is {value}."
        case None:
            return f"The sum of the points, {summed}, is the score."


def _number(value: Fraction) -> str:
    return f"{float(value):g}"
