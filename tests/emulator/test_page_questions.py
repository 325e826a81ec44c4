"""A test's document as a form: every kind of question, and nothing of a stranger's markup that acts."""

from __future__ import annotations

import pytest

from qualadmin.emulator.page.questions import formatted, render
from qualadmin.questions.answers import Answer, complaints
from qualadmin.questions.filled import collect
from qualadmin.questions.question_form import read_question_form
from tests.questions.documents import form, question, selections

PICTURE = (
    "<Binary><MimeType><Type>image</Type><SubType>gif</SubType></MimeType>"
    "<DataURL>http://images.example/board.gif</DataURL><AltText>A board &lt;b&gt;</AltText></Binary>"
)
MANY = selections(
    "a", "b", "c", before="<MinSelectionCount>1</MinSelectionCount><MaxSelectionCount>2</MaxSelectionCount>"
)


def shown(*parts: str, sent: dict[str, list[str]] | None = None) -> str:
    document = read_question_form(form(*parts))
    return render(document, sent or {}, {})


def test_one_of_several_is_a_radio_button_and_some_are_boxes() -> None:
    assert shown(question("q", selections("a", "b"))).count('type="radio"') == 2
    boxes = shown(question("q", MANY))
    assert boxes.count('type="checkbox"') == 3
    assert "Choose 1 to 2." in boxes


def test_free_text_with_limits_lines_and_a_default() -> None:
    wanted = (
        '<FreeTextAnswer><Constraints><Length minLength="2" maxLength="9"/></Constraints>'
        "<DefaultText>&lt;i&gt;</DefaultText><NumberOfLinesSuggestion>4</NumberOfLinesSuggestion></FreeTextAnswer>"
    )
    html = shown(question("q", wanted))
    assert '<textarea id="q0" name="q0" rows="4">\n&lt;i&gt;</textarea>' in html
    assert "At least 2 characters. At most 9 characters." in html


def test_what_was_chosen_stays_chosen() -> None:
    html = shown(question("q", MANY), sent={"q0": ["b"]})
    assert 'value="b" checked' in html
    assert html.count("checked") == 1


def test_overviews_titles_lists_and_pictures() -> None:
    overview = (
        f"<Overview><Title>Read &lt;this&gt;</Title><List><ListItem>one</ListItem></List>{PICTURE}</Overview>"
    )
    html = shown(overview, question())
    assert "<h2>Read &lt;this&gt;</h2>" in html
    assert "<ul><li>one</li></ul>" in html
    assert "image, not loaded: A board &lt;b&gt; <code>http://images.example/board.gif</code>" in html
    assert "<img" not in html


def test_answers_come_back_by_identifier() -> None:
    document = read_question_form(form(question("words"), question("some", MANY), question("none")))
    sheet = {
        row.identifier: row for row in collect(document, {"q0": ["line\r\nline"], "q1": ["a", "b"], "q2": [""]})
    }
    assert sheet == {
        "words": Answer("words", free_text="line\nline"),
        "some": Answer("some", frozenset({"a", "b"})),
    }
    assert complaints(document, sheet) == {}


@pytest.mark.parametrize(
    ("xhtml", "html"),
    [
        ("a <b>bold</b> word<br/>", "a <b>bold</b> word<br>"),
        ("<p onclick='x()' style='y'>1 &lt; 2 &amp; 3&nbsp;</p>", "<p>1 &lt; 2 &amp; 3\xa0</p>"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("<style>p{}</style>", "p{}"),
        ("<a href='javascript:alert(1)'>here</a>", "here"),
        ("<img src='http://x.example/' alt='A &lt;b&gt;'/>", "[image, not loaded: A &lt;b&gt;]"),
        ("<iframe src='http://x.example/'></iframe>", ""),
        ("<p>never closed <b>twice", "<p>never closed <b>twice</b></p>"),
        ("</div></form>stray<form>", "stray"),
        ("<b><i>crossed</b></i>", "<b><i>crossed</i></b>"),
        ("<svg/onload=alert(1)>", ""),
        ("<!-- comment --><![CDATA[<script>]]>", ""),
    ],
)
def test_strangers_markup_is_plain_or_gone(xhtml: str, html: str) -> None:
    assert formatted(xhtml) == html
