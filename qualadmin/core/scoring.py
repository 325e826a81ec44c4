"""What workers answered in a qualification test, beside the lab's key: question by question, and the score.

Reading only. Documents come from workers and from Amazon: what cannot be read is said, never raised.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from uuid import UUID

from qualadmin.questions.answer_key import AnswerKey, KeyQuestion, check_fit, read_answer_key
from qualadmin.questions.answers import Answer, chosen, read_answers
from qualadmin.questions.question_form import Content, Question, QuestionForm, SelectionAnswer, read_question_form
from qualadmin.questions.reading import BadDocument

from .models import QualificationTest, QualificationType, ScoringKey

NO_ANSWERS: Final = "The request came without answers."
NO_KEY: Final = "There is no key for this test."
UNREADABLE: Final = "The answers cannot be read."
NO_TEST: Final = "The test that was answered is not known any more."
CAPTION: Final = 400  # characters of a question


@dataclass(frozen=True, slots=True)
class Line:
    """One question: what was asked and answered, what the key wants, and what it gives. None: not in the key."""

    question: str
    answer: tuple[str, ...]
    wanted: str = ""
    points: int | None = None
    most: int | None = None

    @property
    def is_best(self) -> bool:
        return self.points is not None and self.points == self.most


@dataclass(frozen=True, slots=True)
class Sheet:
    """All questions in order. `score` is what the key makes of them; None where `why` says why not."""

    lines: tuple[Line, ...] = ()
    summed: int | None = None
    score: int | None = None
    why: str = ""
    raw: str = field(default="", repr=False)  # what could not be read, as it came


def key_of(type: QualificationType) -> str:
    """The lab's own key of the type, else the one Amazon has; "" where there is none.

    Amazon answers requests itself once it has a key; those handed in before wait for a person all the same.
    """
    own: ScoringKey | None = getattr(type, "scoring_key", None)
    test: QualificationTest | None = getattr(type, "test", None)
    return (own.text if own else "") or (test.answer_key if test else "")


def keys_of(types: Iterable[UUID]) -> Mapping[UUID, str]:
    """The key of each of these types that has one (one query)."""
    rows = QualificationType.objects.filter(pk__in=list(types)).select_related("scoring_key", "test")
    return {one.pk: key for one in rows if (key := key_of(one))}


def sheet_of(test: str, answers: str, key: str) -> Sheet:
    """Questions, answers and points. Each text may be missing ("") or unreadable."""
    if not answers.strip():
        return Sheet(why=NO_ANSWERS)
    try:
        given = read_answers(answers)
    except BadDocument:
        return Sheet(why=UNREADABLE, raw=answers)
    form, scoring = _form(test), _key(key)
    questions = _questions(scoring)
    if form is None:
        lines = [_bare_line(one, questions.get(one.identifier)) for one in given.values()]
    else:
        lines = [
            _line(one, given.get(one.identifier, Answer(one.identifier)), questions.get(one.identifier))
            for one in form.questions
        ]
    if scoring is None:
        return Sheet(tuple(lines), why=NO_KEY)
    selected = chosen(given)
    return Sheet(tuple(lines), scoring.summed(selected), scoring.value(selected))


def faults_of(key: str, test: str) -> list[str]:
    """What is wrong with a key: line, column and fault of each. With a `test`, also what does not fit it.

    Free text is no fault here, unlike at Amazon: a person scores it, the key the rest.
    """
    try:
        scoring = read_answer_key(key)
        form = _form(test)
        if form is not None:
            known = {one.identifier for one in form.questions if isinstance(one.answer, SelectionAnswer)}
            parts = tuple(one for one in form.questions if one.identifier in known and not _has_own_words(one))
            check_fit(QuestionForm(parts), scoring)
    except BadDocument as bad:
        return [f"Line {one.line}, column {one.column}: {one.text}" for one in bad.faults]
    return []


def _has_own_words(question: Question) -> bool:
    return isinstance(question.answer, SelectionAnswer) and question.answer.other is not None


@lru_cache(maxsize=64)
def _form(test: str) -> QuestionForm | None:
    try:
        return read_question_form(test) if test else None
    except BadDocument:
        return None


@lru_cache(maxsize=64)
def _key(key: str) -> AnswerKey | None:
    try:
        return read_answer_key(key) if key else None
    except BadDocument:
        return None


def _questions(key: AnswerKey | None) -> dict[str, KeyQuestion]:
    return {one.identifier: one for one in key.questions} if key else {}


def _line(question: Question, answer: Answer, wanted: KeyQuestion | None) -> Line:
    names = _names(question)
    order = list(names)
    said = [names[one] for one in order if one in answer.selections] + sorted(answer.selections.difference(order))
    said += [text for text in (answer.other_text, answer.free_text) if text]
    return _scored(_caption(question), said, answer, wanted, names)


def _bare_line(answer: Answer, wanted: KeyQuestion | None) -> Line:
    said = [*sorted(answer.selections), *(text for text in (answer.other_text, answer.free_text) if text)]
    return _scored(answer.identifier, said, answer, wanted, {})


def _scored(
    caption: str, said: list[str], answer: Answer, wanted: KeyQuestion | None, names: Mapping[str, str]
) -> Line:
    if wanted is None:
        return Line(caption, tuple(said))
    best = max(wanted.options, key=lambda one: one.score)
    points = wanted.score(answer.selections if answer.other_text is None else frozenset())
    words = " and ".join(names.get(one, one) for one in sorted(best.selections))
    return Line(caption, tuple(said), words, points, max(best.score, wanted.default))


def _names(question: Question) -> dict[str, str]:
    """What the worker read at each selection, in order of the page."""
    if not isinstance(question.answer, SelectionAnswer):
        return {}
    return {one.identifier: one.content.text or one.identifier for one in question.answer.selections}


def _caption(question: Question) -> str:
    text = question.display_name or " ".join(_text(one) for one in question.content).strip()
    return text[:CAPTION] or question.identifier


def _text(content: Content) -> str:
    return content.text or " ".join(content.items)
