"""Formatted content: Amazon's part of XHTML, with places in the document around it."""

from __future__ import annotations

import pytest

from qualadmin.questions.formatted import TAGS, is_allowed_address
from qualadmin.questions.question_form import read_question_form
from qualadmin.questions.reading import BadDocument, Fault
from tests.questions.documents import form, question


def document(markup: str) -> str:
    return form(question(content=f"\n<FormattedContent><![CDATA[{markup}]]></FormattedContent>"))


def faults(markup: str) -> list[Fault]:
    with pytest.raises(BadDocument) as caught:
        read_question_form(document(markup))
    return list(caught.value.faults)


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "I <i>love</i> it &amp; more&nbsp;&eacute;",
        '<table border="1"><tr><td align="center" colspan="4">X</td></tr></table>',
        '<p title="t" lang="de" dir="ltr">x<br/></p>',
        '<a href="https://example.com" target="_blank">x</a><a href="#below">y</a>',
        '<a href="mailto:a@b.example">z</a>',
        '<img src="http://example.com/i.png" alt="i"/>',
    ],
)
def test_allowed(markup: str) -> None:
    assert read_question_form(document(markup)).questions[0].content[0].text == markup


START = len("<FormattedContent><![CDATA[")


@pytest.mark.parametrize(
    ("markup", "line", "column", "complaint"),
    [
        ("ab<script>x</script>", 3, START + 3, "The tag script is not allowed"),
        ("<b>\n <div/></b>", 4, 2, "The tag div is not allowed"),
        ("<B>x</B>", 3, START + 1, "The tag B is not allowed"),
        ('<p style="color:red">x</p>', 3, START + 1, "The attribute style is not allowed on the tag p."),
        ('<p onclick="x()">x</p>', 3, START + 1, "The attribute onclick is not allowed"),
        ('<br lang="de"/>', 3, START + 1, "The attribute lang is not allowed"),
        ('<img alt="x"/>', 3, START + 1, "The tag img needs the attribute src."),
        ('<a href="javascript:x()">x</a>', 3, START + 1, "The address in href of a is of a kind"),
        ('<a href="&#9;java&#10;script:x()">x</a>', 3, START + 1, "The address in href of a is of a kind"),
        ("<p>x", 3, START + 7, "The XML is broken: mismatched tag."),
        ("<b><i>x</b></i>", 3, START + 10, "The XML is broken: mismatched tag."),
        ("<p align=center>x</p>", 3, START + 10, "The XML is broken"),
        ("x<!-- y -->", 3, START + 2, "Comments are not allowed"),
        ("&bogus;", 3, START + 1, "The character &bogus; is not known."),
        ('<b xmlns="http://example.com/other">x</b>', 3, START + 1, "The tag b is not allowed"),
        ("</FormattedContent><FormattedContent>", 3, START + 20, "The XML is broken"),
    ],
)
def test_refused(markup: str, line: int, column: int, complaint: str) -> None:
    (found,) = faults(markup)
    assert complaint in found.text
    assert (found.line, found.column) == (line, column)


def test_addresses() -> None:
    allowed = [
        "http://a",
        "HTTPS://a",
        "ftp://a",
        "news://a",
        "nntp://a",
        "mailto:a",
        "gopher://a",
        "telnet://a",
        "b.html",
    ]
    assert all(map(is_allowed_address, allowed))
    assert not any(map(is_allowed_address, ["javascript:x", "JaVaScript:x", " javascript:x", "data:text/html,x"]))


def test_table_of_tags_is_amazons() -> None:
    assert {"script", "style", "div", "span", "form", "iframe", "object"}.isdisjoint(TAGS)
    assert {"a", "img", "table", "td", "h6", "ul"} <= TAGS.keys()
    assert all(name not in attributes for attributes in TAGS.values() for name in ("id", "class", "style"))
