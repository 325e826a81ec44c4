"""The documents of a qualification type, held against Amazon's schemas; the refusal names every place."""

from __future__ import annotations

from qualadmin.emulator import errors
from qualadmin.emulator.settings import Settings
from qualadmin.questions.answer_key import check_fit, read_answer_key
from qualadmin.questions.question_form import QuestionForm, read_question_form
from qualadmin.questions.reading import BadDocument


def check_test(xml: str, settings: Settings) -> QuestionForm:
    """Raises ApiError."""
    try:
        return read_question_form(xml)
    except BadDocument as error:
        raise _refusal(xml, "Test", error, settings) from None


def check_answer_key(xml: str, form: QuestionForm, settings: Settings) -> None:
    """Raises ApiError."""
    try:
        key = read_answer_key(xml)
        if settings.answer_key_must_fit:
            check_fit(form, key)
    except BadDocument as error:
        raise _refusal(xml, "AnswerKey", error, settings) from None


def _refusal(xml: str, parameter: str, error: BadDocument, settings: Settings) -> errors.ApiError:
    if settings.document_errors == "parse":
        return errors.bad_xml(error.faults)
    return errors.invalid_document(xml, parameter, error.faults)
