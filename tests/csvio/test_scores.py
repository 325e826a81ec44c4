"""BI-16: whole numbers in range, everything else refused with its own text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.csvio import AMAZON_MAXIMUM, AMAZON_MINIMUM, check_score


@pytest.mark.parametrize(
    ("text", "score"),
    [("0", 0), ("100", 100), (" 42 ", 42), ("\u00a07\t", 7), ("007", 7), ("-0", 0), ("0" * 90 + "9", 9)],
)
def test_whole_numbers_in_range(text, score):
    found = check_score(text, minimum=0, maximum=100)
    assert (found.score, found.reason, found.code) == (score, None, "ok")


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("", "empty", "no score"),
        ("  ", "empty", "no score"),
        ("1.5", "decimal", "decimal"),
        ("1,5", "decimal", "decimal"),
        ("100.0", "decimal", "decimal"),
        ("-1", "out_of_range", "0 to 100"),
        ("101", "out_of_range", "0 to 100"),
        ("1e3", "scientific", "scientific"),
        ("٣", "foreign_digit", "U+0663"),
        ("４２", "foreign_digit", "U+FF14"),
        ("²", "foreign_digit", "U+00B2"),
        ("NaN", "no_number", "not a number"),
        ("n/a", "no_number", "not a number"),
        ("inf", "no_number", "not a number"),
        ("2147483648", "too_big", "2,147,483,647"),
        ("-2147483649", "too_big", "-2,147,483,648"),
        ("9" * 5_000, "not_a_number", "too long"),
        ("0" * 131_000 + "x", "not_a_number", "too long"),
        ("9" * 99, "too_big", "Amazon"),
        ("abc", "not_a_number", "whole number"),
        ("101x", "not_a_number", "whole number"),
        ("+5", "not_a_number", "digits 0 to 9 only"),
        ("1_000", "not_a_number", "whole number"),
        ("0x1F", "not_a_number", "whole number"),
        ("85%", "not_a_number", "whole number"),
        ("1 000", "not_a_number", "whole number"),
    ],
)
def test_the_rest_is_refused(text, code, named):
    found = check_score(text, minimum=0, maximum=100)
    assert (found.score, found.code) == (None, code)
    assert named in found.reason


def test_the_range_is_the_types():
    assert check_score("-1", minimum=-5, maximum=5).score == -1
    assert check_score(str(AMAZON_MAXIMUM), minimum=AMAZON_MINIMUM, maximum=AMAZON_MAXIMUM).score == 2**31 - 1
    assert check_score("2147483648", minimum=0, maximum=2**40).code == "too_big"


@given(st.text(max_size=30) | st.integers().map(str) | st.floats().map(str))
def test_any_text_gets_a_score_or_a_reason(text):
    found = check_score(text, minimum=-10, maximum=10)
    assert (found.score is None) != (found.reason is None)
    assert found.score is None or -10 <= found.score <= 10
