"""QuestionFormAnswers: written and read the same, and held against the form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.questions.answers import Answer, chosen, complaints, read_answers, write_answers
from qualadmin.questions.question_form import read_question_form
from qualadmin.questions.reading import BadDocument
from tests.questions.documents import ANSWERS, form, question, selections


def sheet(*answers: Answer) -> dict[str, Answer]:
    return {answer.identifier: answer for answer in answers}


def test_form_of_the_document() -> None:
    xml = write_answers([Answer("a", free_text="x < y"), Answer("b", frozenset({"2", "1"}), other_text="")])
    assert xml == (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
        f'<QuestionFormAnswers xmlns="{ANSWERS}">\n'
        "<Answer>\n<QuestionIdentifier>a</QuestionIdentifier>\n<FreeText>x &lt; y</FreeText>\n</Answer>\n"
        "<Answer>\n<QuestionIdentifier>b</QuestionIdentifier>\n<SelectionIdentifier>1</SelectionIdentifier>\n"
        "<SelectionIdentifier>2</SelectionIdentifier>\n<OtherSelectionText></OtherSelectionText>\n</Answer>\n"
        "</QuestionFormAnswers>\n"
    )


NAMES = st.text("abc_-&<é", min_size=1, max_size=5)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"], exclude_characters="\r"), max_size=20
)
ANSWER = st.builds(Answer, NAMES, st.frozensets(NAMES, max_size=3), st.none() | TEXTS, st.none() | TEXTS)


@given(st.lists(ANSWER, max_size=4, unique_by=lambda answer: answer.identifier))
def test_written_is_read(answers: list[Answer]) -> None:
    assert read_answers(write_answers(answers)) == sheet(*answers)


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "<QuestionFormAnswers/>",
        f'<QuestionFormAnswers xmlns="{ANSWERS}"><Answer/></QuestionFormAnswers>',
        f'<QuestionFormAnswers xmlns="{ANSWERS}"><Reply/></QuestionFormAnswers>',
    ],
)
def test_refused(xml: str) -> None:
    with pytest.raises(BadDocument):
        read_answers(xml)


def test_nothing_is_written_that_cannot_be_read() -> None:
    with pytest.raises(BadDocument, match="answered twice"):
        write_answers([Answer("a"), Answer("a")])
    with pytest.raises(BadDocument, match="broken"):
        write_answers([Answer("a", free_text="\x00")])


def test_words_of_ones_own_are_no_selection_of_the_key() -> None:
    answers = sheet(
        Answer("a", frozenset("x")), Answer("b", frozenset("x"), other_text="y"), Answer("c", free_text="z")
    )
    assert chosen(answers) == {"a": frozenset("x"), "c": frozenset()}


def told(specification: str, answer: Answer | None, *, required: bool = False) -> str | None:
    xml = form(question(answer=specification))
    if required:
        xml = xml.replace("<QuestionContent>", "<IsRequired>true</IsRequired><QuestionContent>")
    return complaints(read_question_form(xml), {} if answer is None else sheet(answer)).get("q")


@pytest.mark.parametrize(
    ("names", "least", "most", "expected"),
    [
        ("x", 1, 1, None),
        ("x y", 1, 1, "Please choose 1."),
        ("x", 2, 3, "Please choose 2 to 3."),
        ("x y z", 2, 3, None),
        ("w", 1, 1, "There is no such selection."),
        ("", 1, 1, None),
    ],
)
def test_number_of_selections(names: str, least: int, most: int, expected: str | None) -> None:
    before = f"<MinSelectionCount>{least}</MinSelectionCount><MaxSelectionCount>{most}</MaxSelectionCount>"
    specification = selections("x", "y", "z", before=before)
    assert told(specification, Answer("q", frozenset(names.split()))) == expected


def test_required_questions() -> None:
    for specification in (selections("x"), "<FreeTextAnswer/>"):
        assert told(specification, None) is None
        assert told(specification, None, required=True) is not None
    assert told("<FreeTextAnswer/>", Answer("q", free_text="x"), required=True) is None


def test_words_of_ones_own() -> None:
    mine = Answer("q", other_text="none of these")
    assert told(selections("x"), mine) == "This question takes no answer in your own words."
    assert told(selections("x", after="<OtherSelection/>"), mine, required=True) is None


@pytest.mark.parametrize(
    ("constraints", "text", "expected"),
    [
        ("<IsNumeric/>", "x", "Please give a number."),
        ("<IsNumeric/>", "NaN", "Please give a number."),
        ("<IsNumeric/>", " 4.25 ", None),
        ('<IsNumeric minValue="5"/>', "4.99", "Please give a number of at least 5."),
        ('<IsNumeric maxValue="5"/>', "5.01", "Please give a number of at most 5."),
        ('<Length minLength="2"/>', "", "Please give an answer."),
        ('<Length minLength="2"/>', "x", "Please write at least 2 characters."),
        ('<Length maxLength="2"/>', "xyz", "Please write at most 2 characters."),
        ('<AnswerFormatRegex regex="(a+)+$"/>', "a" * 50 + "!", None),
    ],
)
def test_free_text(constraints: str, text: str, expected: str | None) -> None:
    specification = f"<FreeTextAnswer><Constraints>{constraints}</Constraints></FreeTextAnswer>"
    assert told(specification, Answer("q", free_text=text)) == expected


def test_answers_to_questions_that_are_not_there() -> None:
    assert complaints(read_question_form(form(question())), sheet(Answer("z"))) == {
        "z": "There is no such question."
    }
