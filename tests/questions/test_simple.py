"""What the form editor writes can be read, says the same, and leaves alone what it does not know."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.questions.answer_key import Percentage, Range, Ranges, Scale, check_fit, read_answer_key
from qualadmin.questions.question_form import read_question_form
from qualadmin.questions.simple import (
    Choice,
    NotSimple,
    SimpleQuestion,
    SimpleTest,
    decimal_text,
    simple_test,
    write_answer_key,
    write_question_form,
)
from tests.questions.documents import form, key, question, scored, selections

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
NUMBERS = st.integers(-1000, 1000)


@st.composite
def choice_questions(draw: st.DrawFn, identifier: str) -> SimpleQuestion:
    kind = draw(st.sampled_from(["one", "many"]))
    texts = draw(st.lists(TEXTS, min_size=2, max_size=4))
    if kind == "one":
        choices = [Choice(f"c{n}", text, draw(NUMBERS)) for n, text in enumerate(texts)]
        points = None
    else:
        right = draw(st.sets(st.sampled_from(range(len(texts))), min_size=1))
        choices = [Choice(f"c{n}", text, None, n in right) for n, text in enumerate(texts)]
        points = draw(NUMBERS)
    return SimpleQuestion(
        identifier, kind, draw(TEXTS), draw(TEXTS | st.just("")), draw(st.booleans()), tuple(choices), points,
        draw(NUMBERS),
    )  # fmt: skip


MAPPINGS = st.one_of(
    st.none(),
    st.builds(Percentage, st.integers(1, 1000)),
    st.decimals(-100, 100, places=3).map(lambda value: Scale(Fraction(value))),
    st.just(Ranges((Range(0, 4, 1), Range(5, 9, 2)), -1)),
)


@st.composite
def scored_tests(draw: st.DrawFn) -> SimpleTest:
    count = draw(st.integers(1, 3))
    questions = tuple(draw(choice_questions(f"q{n}")) for n in range(count))
    return SimpleTest(draw(TEXTS | st.just("")), questions, True, draw(MAPPINGS))


@given(scored_tests())
def test_what_is_written_is_read_as_the_same(test: SimpleTest) -> None:
    read, scoring = read_question_form(write_question_form(test)), read_answer_key(write_answer_key(test))
    check_fit(read, scoring)
    assert simple_test(read, scoring) == test


def test_words_and_numbers_are_for_a_person() -> None:
    test = SimpleTest(
        "",
        (
            SimpleQuestion("a", "text", "Why?", lines=4, longest=200),
            SimpleQuestion("b", "number", "How old?", low=18, high=99, is_required=False),
            SimpleQuestion("c", "text", "Name?"),
        ),
        False,
    )
    assert write_answer_key(test) == ""
    assert simple_test(read_question_form(write_question_form(test)), None) == test


@pytest.mark.parametrize(
    ("document", "scoring", "words"),
    [
        (question("q", content="<Text>a</Text><Text>b</Text>"), None, "more than a plain text"),
        (question("q", content="<FormattedContent>a</FormattedContent>"), None, "more than a plain text"),
        (question("q", selections("a", "b", after="<OtherSelection/>")), None, "in their own words"),
        (
            question("q", selections("a", "b", before="<StyleSuggestion>dropdown</StyleSuggestion>")),
            None,
            "dropdown",
        ),
        (
            question("q", "<FreeTextAnswer><DefaultText>x</DefaultText></FreeTextAnswer>"),
            None,
            "filled in",
        ),
        (
            question("q", selections("a", "b", "c", before="<MaxSelectionCount>2</MaxSelectionCount>")),
            None,
            "how many choices",
        ),
        (question("q") + "<Overview><Text>x</Text></Overview>", None, "between the questions"),
        (
            question("q", selections("a", "b", before="<MaxSelectionCount>2</MaxSelectionCount>"))
            .replace("<QuestionContent>", "<IsRequired>true</IsRequired><QuestionContent>"),
            key(scored("q", ("a", 1), ("b", 2))),
            "several sets",
        ),
    ],
)  # fmt: skip
def test_what_the_form_does_not_know_is_told(document: str, scoring: str | None, words: str) -> None:
    read = read_question_form(form(document))
    with pytest.raises(NotSimple, match=words):
        simple_test(read, None if scoring is None else read_answer_key(scoring))


def test_another_layout_is_no_difference() -> None:
    read = read_question_form(form(question("q", selections("a", "b"), content="<Text>\n  Which?\n </Text>")))
    test = simple_test(read, read_answer_key(key(scored("q", ("a", 3), default=1))))
    [only] = test.questions
    assert (only.text, only.choices[0].points, only.choices[1].points, only.otherwise) == ("Which?", 3, None, 1)


@pytest.mark.parametrize("text", ["2.5", "-0.125", "3", "0.05", "-7"])
def test_decimals(text: str) -> None:
    assert decimal_text(Fraction(text)) == text
