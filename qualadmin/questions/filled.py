"""A question form filled in on a page: posted fields to answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qualadmin.questions.answers import Answer
from qualadmin.questions.question_form import FreeTextAnswer, QuestionForm


def collect(form: QuestionForm, sent: Mapping[str, Sequence[str]]) -> list[Answer]:
    """The answers among posted fields called `q0`, `q1`, … (and `q0-other`); questions left empty are left out."""
    answers = []
    for number, question in enumerate(form.questions):
        given = [value for value in sent.get(f"q{number}", []) if value]
        other = (sent.get(f"q{number}-other") or [""])[0].strip() or None
        if isinstance(question.answer, FreeTextAnswer):
            if given:
                answers.append(Answer(question.identifier, free_text=given[0].replace("\r\n", "\n")))
        elif given or other:
            answers.append(Answer(question.identifier, selections=frozenset(given), other_text=other))
    return answers
