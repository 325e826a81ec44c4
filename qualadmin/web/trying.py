"""A qualification test on a page: the questions as the worker sees them, and a trial with its score."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.safestring import SafeString, mark_safe

from qualadmin.core.actions.drafted_tests import own_drafts
from qualadmin.core.actions.seen import WorkerTest
from qualadmin.core.actor import Actor
from qualadmin.core.models import DraftedTest, RequesterAccount
from qualadmin.questions.answer_key import AnswerKey, read_answer_key
from qualadmin.questions.answers import complaints
from qualadmin.questions.filled import collect
from qualadmin.questions.marking import Marked, mark
from qualadmin.questions.plain import plain_markup
from qualadmin.questions.question_form import (
    Content,
    FreeTextAnswer,
    Question,
    QuestionForm,
    SelectionAnswer,
    read_question_form,
)
from qualadmin.questions.reading import BadDocument

from .forms.types import span_words


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of content. `markup` is safe to be put into the page: formatted content made plain."""

    kind: str
    content: Content
    markup: SafeString


@dataclass(frozen=True, slots=True)
class Box:
    """A choice with its state on the page."""

    value: str
    piece: Piece
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, or a text between questions (`name` is then empty)."""

    pieces: tuple[Piece, ...]
    name: str = ""
    title: str = ""
    is_required: bool = False
    complaint: str = ""
    boxes: tuple[Box, ...] = ()
    takes_several: bool = False
    hint: str = ""
    words: FreeTextAnswer | None = None
    """How to answer in words: the whole answer, or beside the choices."""
    given: str = ""


class Trial:
    """A test, and what somebody answered who tried it. Raises BadDocument for a test that cannot be read."""

    def __init__(self, test: WorkerTest, posted: QueryDict | None) -> None:
        self.form: QuestionForm = read_question_form(test.question_form)
        self.key: AnswerKey | None = read_answer_key(test.answer_key) if test.answer_key else None
        sent: dict[str, list[Any]] = dict(posted.lists()) if posted is not None else {}
        sheet = {answer.identifier: answer for answer in collect(self.form, sent)}
        found = complaints(self.form, sheet) if posted is not None else {}
        self.complaints = found
        self.marked: Marked | None = mark(self.form, sheet, self.key) if posted is not None and not found else None
        self.scheme: Marked = mark(self.form, {}, self.key)
        self.parts = tuple(self._parts(sent, found))

    def _parts(self, sent: dict[str, list[Any]], found: dict[str, str]) -> list[Asked]:
        parts, number = [], 0
        for part in self.form.parts:
            if isinstance(part, Question):
                parts.append(_asked(part, number, sent, found.get(part.identifier, "")))
                number += 1
            else:
                parts.append(Asked(tuple(map(_piece, part))))
        return parts


def summary_of(test: WorkerTest | None) -> list[tuple[str, str]]:
    """Terms and words about a test; nothing without one."""
    if test is None:
        return []
    try:
        questions = str(len(Trial(test, None).form.questions))
    except BadDocument:
        questions = "cannot be read"
    scored = "By Amazon, as soon as it is handed in" if test.answer_key else "By a person, request by request"
    return [("Questions", questions), ("Time", span_words(test.seconds)), ("Scored", scored)]


def own_draft(actor: Actor, account: RequesterAccount, key: str) -> DraftedTest | None:
    """The person's draft for the account by the text of its key; None if there is none."""
    try:
        return own_drafts(actor, account).filter(pk=uuid.UUID(key)).first() if key else None
    except ValueError:
        return None


def _asked(question: Question, number: int, sent: dict[str, list[Any]], complaint: str) -> Asked:
    name, answer = f"q{number}", question.answer
    common: dict[str, Any] = {
        "pieces": tuple(map(_piece, question.content)),
        "name": name,
        "title": (question.display_name or "").strip() or f"Question {number + 1}",
        "is_required": question.is_required,
        "complaint": complaint,
    }
    if isinstance(answer, FreeTextAnswer):
        given = str((sent.get(name) or [answer.default])[0])
        return Asked(**common, words=answer, given=given, hint=_limits(answer))
    chosen = sent.get(name, [])
    several = answer.most > 1 or answer.style in ("checkbox", "multichooser")
    boxes = tuple(Box(one.identifier, _piece(one.content), one.identifier in chosen) for one in answer.selections)
    return Asked(
        **common,
        boxes=boxes,
        takes_several=several,
        hint=_count(answer) if several else "",
        words=answer.other,
        given=str((sent.get(f"{name}-other") or [""])[0]),
    )


def _count(answer: SelectionAnswer) -> str:
    if answer.most == len(answer.selections) and answer.least <= 1:
        return "Choose all that apply."
    return f"Choose {answer.most if answer.least == answer.most else f'{answer.least} to {answer.most}'}."


def _limits(answer: FreeTextAnswer) -> str:
    number = "A number" if answer.is_numeric else ""
    if answer.is_numeric and answer.min_value is not None:
        number += f", at least {answer.min_value}"
    if answer.is_numeric and answer.max_value is not None:
        number += f", at most {answer.max_value}"
    texts = [
        f"{number}." if number else "",
        f"At least {answer.min_length} characters." if answer.min_length else "",
        f"At most {answer.max_length} characters." if answer.max_length else "",
        "The worker’s browser checks the answer by a pattern, which is not tried here." if answer.patterns else "",
    ]
    return " ".join(filter(None, texts))


def _piece(content: Content) -> Piece:
    markup = plain_markup(content.text) if content.kind == "formatted" else ""
    return Piece(content.kind, content, mark_safe(markup))  # noqa: S308  # all but plain elements is escaped
