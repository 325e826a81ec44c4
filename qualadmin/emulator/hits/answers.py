"""What workers hand in: QuestionFormAnswers documents, written for web forms, read for review policies."""

from __future__ import annotations

from collections.abc import Mapping

from qualadmin.questions.answers import MAX_BYTES, Answer, read_answers, write_answers
from qualadmin.questions.reading import read

Values = dict[str, frozenset[str]]
"""Question or field id to the values given."""


def document(answers: Mapping[str, str | list[str]]) -> str:
    """The document of a web form: one FreeText for each field, several values joined by a bar as Amazon does.

    Raises ValueError for text that XML cannot hold.
    """
    texts = {name: value if isinstance(value, str) else "|".join(value) for name, value in answers.items()}
    return write_answers(Answer(name, free_text=text) for name, text in texts.items())


def values(xml: str) -> Values:
    """Without blanks around them; empty ones are left out. Raises BadDocument."""
    found: Values = {}
    for name, answer in read_answers(xml).items():
        texts = {*answer.selections, answer.free_text or "", answer.other_text or ""}
        found[name] = frozenset(stripped for text in texts if (stripped := text.strip()))
    return found


def uploads(xml: str) -> set[str]:
    """Ids of the questions answered by a file. Raises BadDocument."""
    rows = read(xml, max_bytes=MAX_BYTES).all("Answer")
    return {(row.text_of("QuestionIdentifier") or "").strip() for row in rows if row.child("UploadedFileKey")}
