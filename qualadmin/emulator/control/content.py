"""What came with a control request, read field by field. A refusal names the field and the cure."""

from __future__ import annotations

from typing import Any

Content = dict[str, Any]


class ControlError(Exception):
    """A refused control request: HTTP status and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def text(content: Content, name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise ControlError(400, f"{name} is missing.")
    return value


def optional_text(content: Content, name: str) -> str | None:
    value = content.get(name)
    if not isinstance(value, str | None):
        raise ControlError(400, f"{name} must be a text.")
    return value


def texts(content: Content, name: str) -> list[str]:
    value = content.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ControlError(400, f"{name} must be a list of texts.")
    return value


def number(content: Content, name: str, default: int) -> int:
    """A whole number, also as a text, as in the query of a GET; below 0 counts as 0."""
    value = content.get(name, default)
    try:
        if isinstance(value, (bool, float)):
            raise TypeError
        return max(0, int(value))
    except (TypeError, ValueError):
        raise ControlError(400, f"{name} must be a whole number.") from None


def answers(content: Content) -> str | dict[str, str | list[str]]:
    """`answers`: a QuestionFormAnswers document, or an object of names to a text or to a list of texts."""
    given = content.get("answers")
    if isinstance(given, str) and given:
        return given
    if isinstance(given, dict):
        flat = [item for value in given.values() for item in (value if isinstance(value, list) else [value])]
        if all(isinstance(item, str) for item in flat):
            return given
    raise ControlError(400, "answers must be a text, or an object of names with texts or lists of texts.")
