"""QuestionForm: what is read, and what is refused with which place."""

from __future__ import annotations

import pytest

from qualadmin.questions.question_form import (
    INVALID_INPUT,
    Content,
    FreeTextAnswer,
    Pattern,
    Selection,
    SelectionAnswer,
    read_question_form,
)
from qualadmin.questions.reading import BadDocument
from tests.questions.documents import KEY, NEW, OLD, form, question, selections

BINARY = (
    "<Binary><MimeType><Type>image</Type><SubType>gif</SubType></MimeType>"
    "<DataURL>https://example.com/b.gif</DataURL><AltText>A board</AltText></Binary>"
)
EMBEDDED = (
    "<EmbeddedBinary><EmbeddedMimeType><Type>video</Type><SubType>mp4</SubType></EmbeddedMimeType>"
    "<DataURL>http://example.com/m.mp4</DataURL><AltText>A film</AltText><Width>400</Width><Height>300</Height>"
    "<ApplicationParameter><Name>loop</Name><Value>1</Value></ApplicationParameter></EmbeddedBinary>"
)


def faults(xml: str) -> list[str]:
    with pytest.raises(BadDocument) as caught:
        read_question_form(xml)
    return [f"{line}:{column} {text}" for line, column, text in caught.value.faults]


def answer(xml: str) -> FreeTextAnswer | SelectionAnswer:
    (found,) = read_question_form(form(question(answer=xml))).questions
    return found.answer


@pytest.mark.parametrize("namespace", [NEW, OLD])
def test_both_versions(namespace: str) -> None:
    assert read_question_form(form(question(), namespace=namespace)).questions[0].identifier == "q"


def test_schema_location_may_be_named() -> None:
    xml = form(question()).replace(
        "<QuestionForm",
        f'<QuestionForm xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="{NEW} f"',
    )
    assert read_question_form(xml).questions


def test_overviews_and_questions_in_any_order() -> None:
    overview = "<Overview><Title>T</Title></Overview>"
    read = read_question_form(form(overview, question("a"), overview, question("b")))
    assert [type(part).__name__ for part in read.parts] == ["tuple", "Question", "tuple", "Question"]


def test_every_kind_of_content() -> None:
    content = (
        "<Title>T</Title><Text> a &lt; b </Text><List><ListItem>1</ListItem><ListItem>2</ListItem></List>"
        f"<FormattedContent><![CDATA[<b>x</b>]]></FormattedContent>{BINARY}{EMBEDDED}"
    )
    (found,) = read_question_form(form(question(content=content))).questions
    assert found.content == (
        Content("title", "T"),
        Content("text", " a < b "),
        Content("list", items=("1", "2")),
        Content("formatted", "<b>x</b>"),
        Content("binary", "A board", address="https://example.com/b.gif", media="image"),
        Content("embedded", "A film", (), "http://example.com/m.mp4", "video", "400", "300"),
    )


def test_a_whole_question() -> None:
    xml = form(
        question("id").replace(
            "<QuestionContent>", "<DisplayName>N</DisplayName><IsRequired>1</IsRequired><QuestionContent>"
        )
    )
    (found,) = read_question_form(xml).questions
    assert (found.identifier, found.display_name, found.is_required, found.line, found.column) == (
        "id",
        "N",
        True,
        2,
        1,
    )


def test_free_text_with_everything() -> None:
    assert answer(
        '<FreeTextAnswer><Constraints><IsNumeric minValue="-5" maxValue="9"/><Length minLength="1" maxLength="3"/>'
        '<AnswerFormatRegex regex="\\S"/><AnswerFormatRegex regex="a" errorText="An a." flags="i"/></Constraints>'
        "<DefaultText>C1</DefaultText><NumberOfLinesSuggestion>4</NumberOfLinesSuggestion></FreeTextAnswer>"
    ) == FreeTextAnswer(
        is_numeric=True,
        min_value=-5,
        max_value=9,
        min_length=1,
        max_length=3,
        patterns=(Pattern("\\S", INVALID_INPUT), Pattern("a", "An a.", ignores_case=True)),
        default="C1",
        lines=4,
    )
    assert answer("<FreeTextAnswer/>") == FreeTextAnswer()


def test_selections_with_everything() -> None:
    before = (
        "<MinSelectionCount>0</MinSelectionCount><MaxSelectionCount>2</MaxSelectionCount>"
        "<StyleSuggestion>checkbox</StyleSuggestion>"
    )
    other = "<OtherSelection><NumberOfLinesSuggestion>2</NumberOfLinesSuggestion></OtherSelection>"
    more = f"<Selection><SelectionIdentifier>z</SelectionIdentifier>{BINARY}</Selection>{other}"
    found = answer(selections("x", "y", before=before, after=more))
    assert isinstance(found, SelectionAnswer)
    assert (found.least, found.most, found.style, found.other) == (0, 2, "checkbox", FreeTextAnswer(lines=2))
    assert found.selections[0] == Selection("x", Content("text", "x"))
    assert found.selections[2].content.kind == "binary"
    default = answer(selections("x"))
    assert isinstance(default, SelectionAnswer)
    assert (default.least, default.most, default.style, default.other) == (1, 1, None, None)


QUESTION = question()
NAMESPACE = "The namespace of QuestionForm must be"
DATE = "has not been allowed in a QuestionForm since December 12th, 2017."
NO_ANSWER = "AnswerSpecification lacks FreeTextAnswer or SelectionAnswer or FileUploadAnswer."


def early(more: str) -> str:
    """A question with something before its content."""
    return QUESTION.replace("<QuestionContent>", f"{more}<QuestionContent>")


@pytest.mark.parametrize(
    ("xml", "at", "complaint"),
    [
        ("<QuestionForm/>", "<QuestionForm", NAMESPACE),
        (form(QUESTION, namespace=KEY), "<QuestionForm", NAMESPACE),
        ("<HTMLQuestion/>", "<HTML", "The document is a HTMLQuestion, not a QuestionForm."),
        (form(), "<QuestionForm", "QuestionForm lacks Overview or Question."),
        (form("<Overview><Text>x</Text></Overview>"), "<QuestionForm", "QuestionForm lacks Question."),
        (form("<Overview/>", QUESTION), "<Overview", "Overview lacks Title or Text or List"),
        (form(" stray", QUESTION), "stray", "QuestionForm must not hold text."),
        (form(QUESTION, "<Bonus/>"), "<Bonus", "Bonus is not known in QuestionForm."),
        (
            form(f'<Question xmlns="{KEY}"/>'),
            "<Question",
            "Question stands in another namespace than the document.",
        ),
        (form(QUESTION, QUESTION), "<QuestionId", "The QuestionIdentifier q stands for something else already."),
        (form(question(" ")), "<QuestionId", "QuestionIdentifier must not be empty."),
        (form(early("<IsRequired>yes</IsRequired>")), "<IsReq", "IsRequired must be true or false."),
        (
            form(early("<IsRequired>1</IsRequired><DisplayName/>")),
            "<DisplayName",
            "DisplayName stands where Question must have QuestionContent.",
        ),
        (form(question(content="<Text><b>x</b></Text>")), "<b>", "Text must hold text only."),
        (form(question(content="<List/>")), "<List", "List lacks ListItem."),
        (form(question(content="<Application/>")), "<App", f"Application {DATE}"),
        (form(question(answer="<FileUploadAnswer/>")), "<File", f"FileUploadAnswer {DATE}"),
        (
            form(question(content=BINARY.replace(">image<", ">text<"))),
            "<Type",
            "Type must be one of image, audio, video.",
        ),
        (
            form(question(content=BINARY.replace("https:", "ftp:"))),
            "<DataURL",
            "DataURL must begin with http:// or https://.",
        ),
        (
            form(question(content=EMBEDDED.replace("<Width>400</Width>", ""))),
            "<Height",
            "Height stands where EmbeddedBinary must have Width.",
        ),
        (
            form(question(answer="<FreeTextAnswer lines='2'/>")),
            "<FreeText",
            "The attribute lines of FreeTextAnswer is not known.",
        ),
        (
            form(question(answer="<FreeTextAnswer/><FreeTextAnswer/>")),
            "<FreeText",
            "FreeTextAnswer stands in the wrong place of AnswerSpecification, or too often.",
        ),
        (form(question(answer="")), "<AnswerSpec", NO_ANSWER),
    ],
)
def test_refused(xml: str, at: str, complaint: str) -> None:
    with pytest.raises(BadDocument) as caught:
        read_question_form(xml)
    (found,) = caught.value.faults
    assert complaint in found.text
    assert xml.splitlines()[found.line - 1][found.column - 1 :].startswith(at)


@pytest.mark.parametrize(
    ("constraints", "complaint"),
    [
        ("<IsNumeric>5</IsNumeric>", "IsNumeric must be empty."),
        ('<IsNumeric minValue="x"/>', "The attribute minValue of IsNumeric must be a whole number"),
        ('<IsNumeric minValue="4294967296"/>', "minValue of IsNumeric must be a whole number"),
        ('<IsNumeric minValue="5" maxValue="4"/>', "minValue of IsNumeric is above its maxValue."),
        ('<Length minLength="-1"/>', "minLength of Length must be a whole number from 0"),
        ('<Length maxLength="0"/>', "maxLength of Length must be a whole number from 1"),
        ('<Length minLength="5" maxLength="4"/>', "minLength of Length is above its maxLength."),
        ("<AnswerFormatRegex/>", "AnswerFormatRegex needs the attribute regex."),
        ('<AnswerFormatRegex regex="a" flags="g"/>', "flags of AnswerFormatRegex must be one of i."),
        ("<Length/><IsNumeric/>", "IsNumeric stands in the wrong place of Constraints, or too often."),
    ],
)
def test_refused_constraints(constraints: str, complaint: str) -> None:
    xml = f"<FreeTextAnswer><Constraints>{constraints}</Constraints></FreeTextAnswer>"
    (found,) = faults(form(question(answer=xml)))
    assert complaint in found
    inside = selections("x", after=xml.replace("FreeTextAnswer", "OtherSelection"))
    (found,) = faults(form(question(answer=inside)))
    assert complaint in found


@pytest.mark.parametrize(
    ("before", "complaint"),
    [
        ("<MinSelectionCount>3</MinSelectionCount><MaxSelectionCount>3</MaxSelectionCount>", "are 2 selections."),
        ("<MaxSelectionCount>0</MaxSelectionCount>", "MaxSelectionCount must be a whole number from 1"),
        ("<MinSelectionCount>2</MinSelectionCount>", "MinSelectionCount (2) is above MaxSelectionCount (1)."),
        ("<StyleSuggestion>slider</StyleSuggestion>", "StyleSuggestion must be one of radiobutton, checkbox"),
        ("<StyleSuggestion>list</StyleSuggestion><MinSelectionCount>1</MinSelectionCount>", "stands where"),
    ],
)
def test_refused_selections(before: str, complaint: str) -> None:
    assert complaint in faults(form(question(answer=selections("x", "y", before=before))))[0]


def test_selections_are_told_apart() -> None:
    assert (
        "The SelectionIdentifier x stands for something else"
        in faults(form(question(answer=selections("x", "x"))))[0]
    )
    assert read_question_form(form(question("a", selections("x")), question("b", selections("x"))))


def test_all_faults_at_once() -> None:
    found = faults(form(question(content="<Nothing/>"), question("b", "<FreeTextAnswer a='1' b='2'/>")))
    assert [line[:2] for line in found] == ["2:", "3:", "3:"]
