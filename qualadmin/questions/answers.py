"""QuestionFormAnswers: what a worker answered, read, written, and held against the form.

Amazon promises only that the document keeps to its schema, not that the answers keep to the form; so reading and
`complaints` are two things.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from xml.sax.saxutils import escape

from qualadmin.questions.question_form import FreeTextAnswer, Question, QuestionForm, SelectionAnswer
from qualadmin.questions.reading import BadDocument, Element, read
from qualadmin.questions.schema import INT_MAX, Kind, anything, integer, many, maybe, one, some_text, validate

NAMESPACE = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/QuestionFormAnswers.xsd"
MAX_BYTES = 1_000_000
"""More than any test of 64 KB can sensibly be answered with; Amazon names no limit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """To one question: free text, or selections, with the worker's own words beside or instead of them."""

    identifier: str
    selections: frozenset[str] = frozenset()
    free_text: str | None = None
    other_text: str | None = None


Sheet = dict[str, Answer]
"""Question identifier to answer."""


def chosen(sheet: Sheet) -> dict[str, frozenset[str]]:
    """The selections alone, as an answer key takes them. With a text of the worker's own beside them they are
    another answer, which no key can name: it is left out."""
    return {name: answer.selections for name, answer in sheet.items() if answer.other_text is None}


def read_answers(xml: str) -> Sheet:
    """Raises BadDocument."""
    root = read(xml, max_bytes=MAX_BYTES)
    validate(root, "QuestionFormAnswers", frozenset({NAMESPACE}), _ANSWERS)
    sheet: Sheet = {}
    for element in root.children:
        answer = _answer(element)
        if answer.identifier in sheet:
            raise BadDocument([element.fault(f"The question {answer.identifier} is answered twice.")])
        sheet[answer.identifier] = answer
    return sheet


def write_answers(answers: Iterable[Answer]) -> str:
    """The document as Amazon hands it out. Raises ValueError for text that XML cannot hold."""
    opening = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<QuestionFormAnswers xmlns="{NAMESPACE}">\n'
    )
    xml = f"{opening}{''.join(map(_row, answers))}</QuestionFormAnswers>\n"
    read_answers(xml)
    return xml


def complaints(form: QuestionForm, sheet: Sheet) -> dict[str, str]:
    """What Amazon's page would tell the worker before it takes the answers: question identifier to a sentence.

    Patterns are not tried here: they are JavaScript, and from strangers.
    """
    found: dict[str, str] = {}
    for question in form.questions:
        text = _complaint(question, sheet.get(question.identifier, Answer(question.identifier)))
        if text is not None:
            found[question.identifier] = text
    for identifier in sheet.keys() - {question.identifier for question in form.questions}:
        found[identifier] = "There is no such question."
    return found


_ANSWER = Kind(
    (
        one("QuestionIdentifier", some_text),
        maybe("FreeText", anything),
        many("SelectionIdentifier", some_text, least=0),
        maybe("OtherSelectionText", anything),
        maybe("UploadedFileSizeInBytes", integer(0, INT_MAX)),
        maybe("UploadedFileKey", anything),
    )
)
_ANSWERS = Kind((many("Answer", _ANSWER, least=0),))


def _answer(element: Element) -> Answer:
    return Answer(
        identifier=element.children[0].text.strip(),
        selections=frozenset(row.text.strip() for row in element.all("SelectionIdentifier")),
        free_text=element.text_of("FreeText"),
        other_text=element.text_of("OtherSelectionText"),
    )


def _row(answer: Answer) -> str:
    rows = [("QuestionIdentifier", answer.identifier)]
    if answer.free_text is not None:
        rows.append(("FreeText", answer.free_text))
    rows += [("SelectionIdentifier", name) for name in sorted(answer.selections)]
    if answer.other_text is not None:
        rows.append(("OtherSelectionText", answer.other_text))
    lines = "".join(f"<{name}>{escape(text)}</{name}>\n" for name, text in rows)
    return f"<Answer>\n{lines}</Answer>\n"


def _complaint(question: Question, answer: Answer) -> str | None:
    if isinstance(question.answer, SelectionAnswer):
        return _selection_complaint(question.answer, answer, is_required=question.is_required)
    return _text_complaint(question.answer, answer.free_text or "", is_required=question.is_required)


def _selection_complaint(wanted: SelectionAnswer, answer: Answer, *, is_required: bool) -> str | None:
    if answer.selections - {selection.identifier for selection in wanted.selections}:
        return "There is no such selection."
    count = len(answer.selections) + bool(answer.other_text)
    if answer.other_text and wanted.other is None:
        return "This question takes no answer in your own words."
    if count == 0:
        return "Please choose an answer." if is_required else None
    if not wanted.least <= count <= wanted.most:
        span = str(wanted.least) if wanted.least == wanted.most else f"{wanted.least} to {wanted.most}"
        return f"Please choose {span}."
    return None


def _text_complaint(wanted: FreeTextAnswer, text: str, *, is_required: bool) -> str | None:
    # A least length makes an answer required, says Amazon.
    if not text:
        return "Please give an answer." if is_required or wanted.min_length else None
    if wanted.min_length is not None and len(text) < wanted.min_length:
        return f"Please write at least {wanted.min_length} characters."
    if wanted.max_length is not None and len(text) > wanted.max_length:
        return f"Please write at most {wanted.max_length} characters."
    return _number_complaint(wanted, text) if wanted.is_numeric else None


def _number_complaint(wanted: FreeTextAnswer, text: str) -> str | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return "Please give a number."
    if not number.is_finite():
        return "Please give a number."
    if wanted.min_value is not None and number < wanted.min_value:
        return f"Please give a number of at least {wanted.min_value}."
    if wanted.max_value is not None and number > wanted.max_value:
        return f"Please give a number of at most {wanted.max_value}."
    return None
