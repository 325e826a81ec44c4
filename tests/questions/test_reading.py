"""Text from strangers: always a tree or a fault with a place, never anything else."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.questions.answer_key import read_answer_key
from qualadmin.questions.answers import read_answers
from qualadmin.questions.question_form import read_question_form
from qualadmin.questions.reading import MAX_BYTES, MAX_DEPTH, BadDocument, Fault, read
from tests.questions.documents import form, key, question, scored, selections

READERS: list[Callable[[str], object]] = [read_question_form, read_answer_key, read_answers]


def fault(xml: str) -> tuple[int, int, str]:
    with pytest.raises(BadDocument) as caught:
        read(xml)
    (found,) = caught.value.faults
    return found


@pytest.mark.parametrize(
    ("xml", "place"),
    [
        ("", (1, 1)),
        ("plain", (1, 1)),
        ("<a>\n <b></a>", (2, 7)),
        ("<a/>\n<b/>", (2, 1)),
        ("\n<?xml version='1.0'?><a/>", (2, 1)),
        ("<a>é&nbsp;</a>", (1, 5)),
        ("<a>\n\ud800</a>", (2, 1)),
        ("<a>\x00</a>", (1, 4)),
    ],
)
def test_broken_text_names_the_place(xml: str, place: tuple[int, int]) -> None:
    assert fault(xml)[:2] == place


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        "<!DOCTYPE a><a/>",
    ],
)
def test_no_doctype(xml: str) -> None:
    assert fault(xml)[2] == "A DOCTYPE is not allowed."


def test_entities_do_not_grow() -> None:
    lines = [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12)]
    started = time.process_time()
    assert "DOCTYPE" in fault(f'<!DOCTYPE a [<!ENTITY e0 "x">{"".join(lines)}]><a>&e11;</a>')[2]
    assert time.process_time() - started < 1


def test_size_is_counted_in_bytes() -> None:
    assert read("<a>" + "x" * (MAX_BYTES - 7) + "</a>").text
    assert fault("<a>" + "x" * (MAX_BYTES - 6) + "</a>")[2] == "The document has 65536 bytes; 65535 are allowed."
    assert "bytes" in fault("<a>" + "é" * (MAX_BYTES // 2) + "</a>")[2]


def test_depth_is_limited() -> None:
    assert read("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH)
    assert "deep" in fault("<a>" * 9000 + "</a>" * 9000)[2]


def test_many_small_pieces_of_text_take_no_longer_than_their_length() -> None:
    """A text in n pieces must not be copied n times."""

    def seconds(count: int) -> float:
        xml = "<a>" + "&amp;" * count + "</a>"
        started = time.process_time()
        assert len(read(xml, max_bytes=10_000_000).text) == count
        return time.process_time() - started

    seconds(1000)
    assert seconds(400_000) < 40 * max(seconds(40_000), 0.002)


def test_declared_encoding_does_not_matter_for_text() -> None:
    assert read('<?xml version="1.0" encoding="UTF-16"?><a>é</a>').text == "é"


def test_elements_know_where_they_stand() -> None:
    root = read("<a>\n  <b/>é<c/></a>")
    assert [(child.name, child.line, child.column) for child in root.children] == [("b", 2, 3), ("c", 2, 8)]


PIECES = [
    form(question(answer=selections("x", "y"))),
    key(
        scored("q", ("x", 1)),
        mapping="<ScaleMapping><SummedScoreMultiplier>1.5</SummedScoreMultiplier></ScaleMapping>",
    ),
]


@pytest.mark.parametrize("reader", READERS)
@given(data=st.data())
def test_any_text_is_read_or_refused(reader: Callable[[str], object], data: st.DataObject) -> None:
    xml = data.draw(st.sampled_from(PIECES))
    start = data.draw(st.integers(0, len(xml)))
    end = data.draw(st.integers(start, min(len(xml), start + 30)))
    instead = data.draw(st.one_of(st.text(max_size=8), st.sampled_from(["<a>", "]]>", "&", "<!--", "<![CDATA["])))
    changed = xml[:start] + instead + xml[end:]
    faults: tuple[Fault, ...] = ()
    try:
        reader(changed)
    except BadDocument as error:
        faults = error.faults
    lines = changed.count("\n") + changed.count("\r") + 1
    assert all(1 <= row.line <= lines and row.column >= 1 and row.text for row in faults)
