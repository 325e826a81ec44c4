"""Answers beside the key: what was given, what it earned, and how the sum became the score."""

from __future__ import annotations

import pytest

from qualadmin.questions.answer_key import read_answer_key
from qualadmin.questions.answers import Answer
from qualadmin.questions.marking import Marked, mark
from qualadmin.questions.plain import plain_markup, plain_words
from qualadmin.questions.question_form import QuestionForm, read_question_form
from tests.questions.documents import KEY, form, question

CHOICES = """<SelectionAnswer><MaxSelectionCount>3</MaxSelectionCount><Selections>
<Selection><SelectionIdentifier>r</SelectionIdentifier><Text>Red</Text></Selection>
<Selection><SelectionIdentifier>g</SelectionIdentifier><FormattedContent><![CDATA[<b>Green</b>]]></FormattedContent>
</Selection>
<Selection><SelectionIdentifier>b</SelectionIdentifier><Text>Blue</Text></Selection>
</Selections></SelectionAnswer>"""
OPTION = """<AnswerOption><SelectionIdentifier>b</SelectionIdentifier><SelectionIdentifier>r</SelectionIdentifier>
<AnswerScore>5</AnswerScore></AnswerOption>"""


def key_of(mapping: str = "") -> str:
    row = f"<Question><QuestionIdentifier>q</QuestionIdentifier>{OPTION}<DefaultScore>-1</DefaultScore></Question>"
    return f'<AnswerKey xmlns="{KEY}">{row}{mapping}</AnswerKey>'


@pytest.fixture
def colours() -> QuestionForm:
    return read_question_form(form(question("q", CHOICES)))


def marked(colours: QuestionForm, answer: Answer | None, mapping: str = "") -> Marked:
    sheet = {} if answer is None else {answer.identifier: answer}
    return mark(colours, sheet, read_answer_key(key_of(mapping)))


@pytest.mark.parametrize(
    ("answer", "given", "points"),
    [
        (Answer("q", frozenset("br")), ("Red", "Blue"), 5),
        (Answer("q", frozenset("r")), ("Red",), -1),
        (Answer("q", frozenset("gz")), ("Green", "z"), -1),
        (Answer("q", frozenset("br"), other_text="mine"), ("Red", "Blue", "mine"), -1),
        (None, (), -1),
    ],
)
def test_a_question_beside_its_key(
    colours: QuestionForm, answer: Answer | None, given: tuple[str, ...], points: int
) -> None:
    found = marked(colours, answer)
    [one] = found.questions
    assert (one.given, one.points, one.best, one.otherwise) == (given, points, 5, -1)
    assert [option.words for option in one.options] == [("Red", "Blue")]
    assert one.options[0].is_given is (points == 5)
    assert (found.summed, found.value) == (points, points)


@pytest.mark.parametrize(
    ("mapping", "value", "words"),
    [
        ("", 5, "The sum of the points, 5, is the score."),
        ("<PercentageMapping><MaximumSummedScore>8</MaximumSummedScore></PercentageMapping>", 63, "63 percent"),
        (
            "<ScaleMapping><SummedScoreMultiplier>2.5</SummedScoreMultiplier></ScaleMapping>",
            13,
            "5 points times 2.5",
        ),
        (
            "<RangeMapping><SummedScoreRange><InclusiveLowerBound>4</InclusiveLowerBound>"
            "<InclusiveUpperBound>6</InclusiveUpperBound><QualificationValue>1</QualificationValue>"
            "</SummedScoreRange><OutOfRangeQualificationValue>0</OutOfRangeQualificationValue></RangeMapping>",
            1,
            "in the range from 4 to 6",
        ),
    ],
)
def test_how_the_sum_becomes_the_score(colours: QuestionForm, mapping: str, value: int, words: str) -> None:
    wrapped = f"<QualificationValueMapping>{mapping}</QualificationValueMapping>" if mapping else ""
    found = marked(colours, Answer("q", frozenset("br")), wrapped)
    assert found.value == value
    assert words in found.how


def test_without_a_key_and_with_answers_to_an_older_test(colours: QuestionForm) -> None:
    found = mark(colours, {"q": Answer("q", frozenset("g")), "old": Answer("old", free_text="words")})
    assert (found.summed, found.value, found.how) == (None, None, "")
    assert (found.questions[0].points, found.questions[0].best) == (None, None)
    assert [(one.identifier, one.given) for one in found.strays] == [("old", ("words",))]


def test_markup_of_strangers_is_made_plain() -> None:
    wild = '<p onclick="x">a &lt;b&gt;<script>alert(1)</script><img src="http://x/y"/></p><li>c'
    assert plain_markup(wild) == "<p>a &lt;b&gt;alert(1)[image, not loaded: http://x/y]</p><li>c</li>"
    assert plain_words("<p>one  two</p><ul><li>three</li><li>four &amp; five</li></ul>") == (
        "one two\nthree\nfour & five"
    )
