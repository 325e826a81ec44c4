"""The common kinds of test as plain values: what a form editor shows, and the documents it writes.

A test is simple if writing what was read gives the same test again; anything else is left to whoever edits XML.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal
from xml.sax.saxutils import escape

from qualadmin.questions import answer_key as keys
from qualadmin.questions.answer_key import (
    AnswerKey,
    KeyQuestion,
    Percentage,
    Range,
    Ranges,
    Scale,
    read_answer_key,
)
from qualadmin.questions.question_form import (
    NAMESPACE,
    Content,
    Question,
    QuestionForm,
    SelectionAnswer,
    read_question_form,
)

Kind = Literal["one", "many", "text", "number"]
_OPENING = '<?xml version="1.0" encoding="UTF-8"?>\n'
STYLES = {"one": "radiobutton", "many": "checkbox"}


class NotSimple(Exception):
    """The test holds something that the form editor does not know. The text says what, for people."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`points` count in questions with one answer (None: as any other), `is_right` in those with several."""

    identifier: str
    text: str
    points: int | None = None
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class SimpleQuestion:
    """`points` are for exactly the right choices (kind many), `otherwise` for any other answer."""

    identifier: str
    kind: Kind
    text: str
    title: str = ""
    is_required: bool = True
    choices: tuple[Choice, ...] = ()
    points: int | None = None
    otherwise: int = 0
    lines: int = 1
    longest: int | None = None
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class SimpleTest:
    intro: str
    questions: tuple[SimpleQuestion, ...]
    is_scored: bool
    mapping: Percentage | Scale | Ranges | None = None

    __test__ = False  # pytest


def simple_test(form: QuestionForm, key: AnswerKey | None) -> SimpleTest:
    """The test as plain values. Raises NotSimple."""
    rows = {} if key is None else {row.identifier: row for row in key.questions}
    parts = list(form.parts)
    intro = ""
    if parts and isinstance(parts[0], tuple):
        intro = _only_text(parts[0], "The text above the questions")
        parts = parts[1:]
    questions = []
    for number, part in enumerate(parts, 1):
        if not isinstance(part, Question):
            raise NotSimple("There is a text between the questions.")
        questions.append(_question(part, rows.get(part.identifier), f"Question {number}"))
    test = SimpleTest(intro, tuple(questions), key is not None, None if key is None else key.mapping)
    _compare(test, form, key)
    return test


def write_question_form(test: SimpleTest) -> str:
    """The QuestionForm. Whether Amazon would take it is `read_question_form`'s to say."""
    intro = f"  <Overview>\n    {_tag('Text', test.intro)}\n  </Overview>\n" if test.intro else ""
    rows = "".join(map(_question_xml, test.questions))
    return f'{_OPENING}<QuestionForm xmlns="{NAMESPACE}">\n{intro}{rows}</QuestionForm>\n'


def write_answer_key(test: SimpleTest) -> str:
    """The AnswerKey, or "" for a test that a person reads. Questions without points are not in it."""
    if not test.is_scored:
        return ""
    rows = "".join(filter(None, map(_key_xml, test.questions)))
    mapping = _mapping_xml(test.mapping)
    return f'{_OPENING}<AnswerKey xmlns="{keys.NAMESPACE}">\n{rows}{mapping}</AnswerKey>\n'


# from documents to values


def _question(question: Question, row: KeyQuestion | None, place: str) -> SimpleQuestion:
    text = _only_text(question.content, place)
    common = SimpleQuestion(
        identifier=question.identifier,
        kind="text",
        text=text,
        title=(question.display_name or "").strip(),
        is_required=question.is_required,
        otherwise=0 if row is None else row.default,
    )
    if isinstance(question.answer, SelectionAnswer):
        return _selections(common, question.answer, row, place)
    answer = question.answer
    if answer.patterns or answer.default.strip():
        raise NotSimple(f"{place} checks its answer by a pattern, or has an answer filled in.")
    if answer.is_numeric:
        return replace(common, kind="number", low=answer.min_value, high=answer.max_value)
    return replace(common, lines=answer.lines, longest=answer.max_length)


def _selections(
    common: SimpleQuestion, answer: SelectionAnswer, row: KeyQuestion | None, place: str
) -> SimpleQuestion:
    if answer.other is not None:
        raise NotSimple(f"{place} lets workers answer in their own words beside its choices.")
    kind: Kind = "many" if answer.most > 1 else "one"
    if answer.style not in (None, STYLES[kind]):
        raise NotSimple(f"{place} is shown as a {answer.style}.")
    options = () if row is None else row.options
    if kind == "one":
        points = {next(iter(one.selections)): one.score for one in options if len(one.selections) == 1}
        right: frozenset[str] = frozenset()
    else:
        points, right = {}, options[0].selections if len(options) == 1 else frozenset()
    choices = tuple(
        Choice(
            one.identifier,
            _only_text((one.content,), f"A choice of {place[0].lower()}{place[1:]}"),
            points.get(one.identifier),
            one.identifier in right,
        )
        for one in answer.selections
    )
    return replace(common, kind=kind, choices=choices, points=options[0].score if right else None)


def _only_text(contents: tuple[Content, ...], place: str) -> str:
    if len(contents) != 1 or contents[0].kind != "text":
        raise NotSimple(f"{place} is more than a plain text: it has headings, lists, pictures or markup.")
    return contents[0].text.strip()


def _compare(test: SimpleTest, form: QuestionForm, key: AnswerKey | None) -> None:
    """Raises NotSimple if something would be lost by writing the test anew."""
    if _bare_form(read_question_form(write_question_form(test))) != _bare_form(form):
        raise NotSimple("It says how many choices or how long an answer may be in a way the form does not know.")
    if key is not None:
        written = write_answer_key(test)
        if "<Question>" not in written or _bare_key(read_answer_key(written)) != _bare_key(key):
            raise NotSimple("Its answer key gives points for several sets of choices.")


def _bare_form(form: QuestionForm) -> list[object]:
    """What a form says, without places and layout."""
    return [
        _bare_question(part) if isinstance(part, Question) else tuple(map(_bare_content, part))
        for part in form.parts
    ]


def _bare_question(question: Question) -> Question:
    answer = question.answer
    if isinstance(answer, SelectionAnswer):
        kept = tuple(replace(one, content=_bare_content(one.content)) for one in answer.selections)
        answer = replace(answer, selections=kept, style=None)
    return replace(
        question,
        line=0,
        column=0,
        display_name=(question.display_name or "").strip() or None,
        content=tuple(map(_bare_content, question.content)),
        answer=answer,
    )


def _bare_content(content: Content) -> Content:
    return replace(content, text=content.text.strip())


def _bare_key(key: AnswerKey) -> tuple[object, ...]:
    rows = {row.identifier: (frozenset(row.options), row.default) for row in key.questions}
    return rows, key.mapping


# from values to documents


def _question_xml(question: SimpleQuestion) -> str:
    title = f"    {_tag('DisplayName', question.title)}\n" if question.title else ""
    required = "true" if question.is_required else "false"
    answer = _selection_xml(question) if question.kind in STYLES else _text_xml(question)
    return (
        f"  <Question>\n    {_tag('QuestionIdentifier', question.identifier)}\n{title}"
        f"    <IsRequired>{required}</IsRequired>\n"
        f"    <QuestionContent>\n      {_tag('Text', question.text)}\n    </QuestionContent>\n"
        f"    <AnswerSpecification>\n{answer}    </AnswerSpecification>\n  </Question>\n"
    )


def _selection_xml(question: SimpleQuestion) -> str:
    counts = ""
    if question.kind == "many":
        least = 1 if question.is_required else 0
        counts = (
            f"        <MinSelectionCount>{least}</MinSelectionCount>\n"
            f"        <MaxSelectionCount>{len(question.choices)}</MaxSelectionCount>\n"
        )
    rows = "".join(
        f"          <Selection>{_tag('SelectionIdentifier', one.identifier)}{_tag('Text', one.text)}</Selection>\n"
        for one in question.choices
    )
    style = f"        <StyleSuggestion>{STYLES[question.kind]}</StyleSuggestion>\n"
    return (
        f"      <SelectionAnswer>\n{counts}{style}"
        f"        <Selections>\n{rows}        </Selections>\n      </SelectionAnswer>\n"
    )


def _text_xml(question: SimpleQuestion) -> str:
    constraint = lines = ""
    if question.kind == "number":
        low = "" if question.low is None else f' minValue="{question.low}"'
        high = "" if question.high is None else f' maxValue="{question.high}"'
        constraint = f"        <Constraints><IsNumeric{low}{high}/></Constraints>\n"
    else:
        if question.longest is not None:
            constraint = f'        <Constraints><Length maxLength="{question.longest}"/></Constraints>\n'
        if question.lines > 1:
            lines = f"        <NumberOfLinesSuggestion>{question.lines}</NumberOfLinesSuggestion>\n"
    return f"      <FreeTextAnswer>\n{constraint}{lines}      </FreeTextAnswer>\n"


def _key_xml(question: SimpleQuestion) -> str:
    options: list[tuple[tuple[str, ...], int]] = []
    if question.kind == "one":
        options = [((one.identifier,), one.points) for one in question.choices if one.points is not None]
    elif question.points is not None:
        right = tuple(one.identifier for one in question.choices if one.is_right)
        options = [(right, question.points)] if right else []
    if not options:
        return ""
    rows = "".join(
        f"    <AnswerOption>{''.join(_tag('SelectionIdentifier', name) for name in names)}"
        f"<AnswerScore>{points}</AnswerScore></AnswerOption>\n"
        for names, points in options
    )
    default = f"    <DefaultScore>{question.otherwise}</DefaultScore>\n" if question.otherwise else ""
    return f"  <Question>\n    {_tag('QuestionIdentifier', question.identifier)}\n{rows}{default}  </Question>\n"


def _mapping_xml(mapping: Percentage | Scale | Ranges | None) -> str:
    match mapping:
        case None:
            return ""
        case Percentage(maximum):
            inner = f"<PercentageMapping><MaximumSummedScore>{maximum}</MaximumSummedScore></PercentageMapping>"
        case Scale(multiplier):
            inner = (
                f"<ScaleMapping><SummedScoreMultiplier>{decimal_text(multiplier)}</SummedScoreMultiplier>"
                "</ScaleMapping>"
            )
        case Ranges(ranges, otherwise):
            rows = "".join(map(_range_xml, ranges))
            last = f"<OutOfRangeQualificationValue>{otherwise}</OutOfRangeQualificationValue>"
            inner = f"<RangeMapping>{rows}{last}</RangeMapping>"
    return f"  <QualificationValueMapping>{inner}</QualificationValueMapping>\n"


def _range_xml(row: Range) -> str:
    return (
        f"<SummedScoreRange><InclusiveLowerBound>{row.low}</InclusiveLowerBound>"
        f"<InclusiveUpperBound>{row.high}</InclusiveUpperBound>"
        f"<QualificationValue>{row.value}</QualificationValue></SummedScoreRange>"
    )


def decimal_text(value: Fraction) -> str:
    """A fraction that came from a decimal number, as that number again."""
    if value.denominator == 1:
        return str(value.numerator)
    digits = 1
    while (value * 10**digits).denominator != 1 and digits < 30:
        digits += 1
    whole = abs(value * 10**digits)
    text = f"{int(whole):0{digits + 1}d}"
    return f"{'-' if value < 0 else ''}{text[:-digits]}.{text[-digits:]}"


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"
