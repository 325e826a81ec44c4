"""AnswerKey: what is read and refused, and the value each mapping gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.questions.answer_key import Rounding, check_fit, read_answer_key
from qualadmin.questions.question_form import read_question_form
from qualadmin.questions.reading import BadDocument
from tests.questions.documents import form, key, question, scored, selections

FRUIT = scored("fruit", ("apples", 10), ("apples pears", 15), ("nuts", -5), default=1)
MOVE = scored("move", ("D", 5))


def value(chosen: dict[str, str], mapping: str = "", rounding: Rounding = "nearest") -> int:
    """Value of the key above for selections with blanks between them."""
    sets = {name: frozenset(names.split()) for name, names in chosen.items()}
    return read_answer_key(key(FRUIT, MOVE, mapping=mapping)).value(sets, scale_rounding=rounding)


def percentage(maximum: object) -> str:
    return f"<PercentageMapping><MaximumSummedScore>{maximum}</MaximumSummedScore></PercentageMapping>"


def scale(multiplier: object) -> str:
    return f"<ScaleMapping><SummedScoreMultiplier>{multiplier}</SummedScoreMultiplier></ScaleMapping>"


def ranges(*rows: tuple[int, int, int], otherwise: int = 0) -> str:
    content = "".join(
        f"<SummedScoreRange><InclusiveLowerBound>{low}</InclusiveLowerBound>"
        f"<InclusiveUpperBound>{high}</InclusiveUpperBound>"
        f"<QualificationValue>{value}</QualificationValue></SummedScoreRange>"
        for low, high, value in rows
    )
    tail = f"<OutOfRangeQualificationValue>{otherwise}</OutOfRangeQualificationValue>"
    return f"<RangeMapping>{content}{tail}</RangeMapping>"


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"fruit": "apples", "move": "D"}, 15),
        ({"fruit": "pears apples", "move": "D"}, 20),
        ({"fruit": "apples nuts", "move": "D"}, 6),
        ({"fruit": "nuts"}, -5),
        ({"fruit": ""}, 1),
        ({}, 1),
        ({"move": "D", "other": "apples"}, 6),
    ],
)
def test_only_the_exact_set_scores(chosen: dict[str, str], expected: int) -> None:
    assert value(chosen) == expected


@pytest.mark.parametrize(
    ("maximum", "expected"),
    [(15, 100), (20, 75), (10, 150), (16, 94), (400, 4), (2000, 1), (3000, 1), (3001, 0), (7, 214)],
)
def test_percentage_to_the_nearest(maximum: int, expected: int) -> None:
    assert value({"fruit": "apples", "move": "D"}, percentage(maximum)) == expected


def test_percentage_of_a_negative_sum() -> None:
    assert value({"fruit": "nuts"}, percentage(1000)) == 0
    assert value({"fruit": "nuts"}, percentage(100)) == -5


@pytest.mark.parametrize(
    ("multiplier", "nearest", "down"),
    [("3", 45, 45), ("0.1", 2, 1), (".5", 8, 7), ("-0.1", -1, -1), ("1.", 15, 15), ("+0.66", 10, 9)],
)
def test_scale(multiplier: str, nearest: int, down: int) -> None:
    chosen = {"fruit": "apples", "move": "D"}
    assert value(chosen, scale(multiplier)) == nearest
    assert value(chosen, scale(multiplier), "down") == down


def test_decimal_multipliers_are_exact() -> None:
    """0.29 * 100 is 28.999999999999996 in binary."""
    text = key(scored("q", ("x", 100)), mapping=scale("0.29"))
    assert read_answer_key(text).value({"q": frozenset("x")}, scale_rounding="down") == 29


@pytest.mark.parametrize(("chosen", "expected"), [("apples", 5), ("nuts", 9), ("", 9), ("apples pears", 7)])
def test_ranges_include_both_ends(chosen: str, expected: int) -> None:
    assert value({"fruit": chosen}, ranges((5, 10, 5), (15, 15, 7), otherwise=9)) == expected


def test_value_stays_within_32_bits() -> None:
    high = 2**31 - 1
    rows = [scored(f"q{n}", ("x", high)) for n in range(3)]
    chosen = {f"q{n}": frozenset("x") for n in range(3)}
    assert read_answer_key(key(*rows)).value(chosen) == high
    assert read_answer_key(key(*rows, mapping=scale("-2"))).value(chosen) == -(2**31)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=6), st.integers(1, 5000))
def test_sum_and_percentage_agree_with_arithmetic(scores: list[int], maximum: int) -> None:
    rows = [scored(f"q{n}", ("x", score)) for n, score in enumerate(scores)]
    chosen = {f"q{n}": frozenset("x") for n in range(len(scores))}
    found = read_answer_key(key(*rows, mapping=percentage(maximum)))
    assert found.summed(chosen) == sum(scores)
    assert abs(found.value(chosen) * maximum - 100 * sum(scores)) * 2 <= maximum


def faults(xml: str) -> list[str]:
    with pytest.raises(BadDocument) as caught:
        read_answer_key(xml)
    return [f"{line}:{column} {text}" for line, column, text in caught.value.faults]


@pytest.mark.parametrize(
    ("xml", "complaint"),
    [
        ("<AnswerKey/>", "1:1 The namespace of AnswerKey must be"),
        (form(question()), "1:1 The document is a QuestionForm, not a AnswerKey."),
        (key(), "1:1 AnswerKey lacks Question."),
        (key(scored("q")), "2:1 Question lacks AnswerOption."),
        (key(scored("q", ("", 1))), "AnswerScore stands where AnswerOption must have SelectionIdentifier."),
        (key(MOVE.replace(">5<", ">5.5<")), "AnswerScore must be a whole number"),
        (key(MOVE, MOVE), "3:1 The question move stands in the key twice."),
        (key(scored("q", ("a b", 1), ("b a", 2))), "The selections a, b have a score already."),
        (key(MOVE, mapping=percentage(0)), "MaximumSummedScore must be a whole number from 1"),
        (key(MOVE, mapping=scale("1e3")), "SummedScoreMultiplier must be a decimal number."),
        (key(MOVE, mapping=ranges()), "where RangeMapping must have SummedScoreRange."),
        (key(MOVE, mapping=ranges((5, 4, 1))), "The range begins at 5 and ends below, at 4."),
        (key(MOVE, mapping=ranges((1, 5, 1), (5, 9, 2))), "The range from 5 to 9 overlaps another one."),
        (key(MOVE, mapping=percentage(1) + percentage(1)), "PercentageMapping stands in the wrong place"),
        (key(MOVE).replace("</AnswerKey>", "<Question/></AnswerKey>"), "Question lacks QuestionIdentifier."),
    ],
)
def test_refused(xml: str, complaint: str) -> None:
    (found,) = faults(xml)
    assert complaint in found


FORM = form(question("fruit", selections("apples", "pears", "nuts")), question("move", selections("D")))


def test_key_that_fits() -> None:
    check_fit(read_question_form(FORM), read_answer_key(key(FRUIT, MOVE)))
    check_fit(read_question_form(FORM), read_answer_key(key(MOVE)))


@pytest.mark.parametrize(
    ("test", "complaint"),
    [
        (form(question("move")), "The question move of the test takes free text"),
        (
            form(question("move", selections("D", after="<OtherSelection/>"))),
            "The question move of the test has an OtherSelection",
        ),
        (form(question("step", selections("D"))), "Line 2, column 1: The test has no question move."),
        (form(question("move", selections("A", "B"))), "The question move of the test has no selection D."),
    ],
)
def test_key_that_does_not_fit(test: str, complaint: str) -> None:
    with pytest.raises(BadDocument, match=complaint):
        check_fit(read_question_form(test), read_answer_key(key(MOVE)))
