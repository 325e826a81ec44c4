"""BI-11, BI-12, BI-13: one text at a time; nothing is altered in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualadmin.csvio import WORKER_ID, check_worker_id

GOOD = "A1B2C3D4E5F6G7"


@pytest.mark.parametrize("text", [GOOD, "A" + "Z" * 9, "A" + "9" * 20])
def test_clean_ids_are_taken_as_they_are(text):
    found = check_worker_id(text)
    assert (found.worker_id, found.proposal, found.reason, found.code, found.hint) == (
        text,
        None,
        None,
        "ok",
        None,
    )


@pytest.mark.parametrize(
    ("text", "word"), [("A1", "short"), ("A" * 9, "short"), ("A" * 22, "long"), ("A" * 64, "long")]
)
def test_unusual_lengths_are_taken_with_a_hint(text, word):
    found = check_worker_id(text)
    assert found.worker_id == text
    assert f"unusually {word}" in found.hint


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        (f"  {GOOD} ", "trimmed", "blanks"),
        (f"{GOOD}\n", "trimmed", "blanks"),
        (f"\u00a0{GOOD}", "trimmed", "U+00A0"),
        (GOOD.lower(), "lower_case", "small letters"),
        (f"{GOOD}\u200b", "invisible", "U+200B zero width space"),
        ("A1B2\u200dC3D4E5F6G7", "invisible", "U+200D"),
        (f"\u200f{GOOD}", "invisible", "U+200F right-to-left mark"),
        (f"\ufeff{GOOD}", "invisible", "U+FEFF"),
        (f"\u3164{GOOD}", "invisible", "U+3164"),
        (f'"{GOOD}', "quotes", "quotation"),
        (f"'{GOOD}", "quotes", "quotation"),
        (f"“{GOOD}”", "quotes", "quotation"),
        (f"['{GOOD}'", "quotes", "brackets"),
        (f"\u200b {GOOD.lower()}", "invisible", "small letters"),
    ],
)
def test_corrections_are_proposed_and_named(text, code, named):
    found = check_worker_id(text)
    assert (found.worker_id, found.proposal, found.code) == (None, GOOD, code)
    assert named in found.reason
    assert found.given == text


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("", "empty", "no worker ID"),
        (" \u200b\u00a0", "empty", "no worker ID"),
        ("А1B2C3D4E5F6", "look_alike", "U+0410"),
        ("A1B2C3D4E5F٣", "look_alike", "U+0663"),
        ("Α1B2C3D4E5F6", "look_alike", "U+0391"),
        ("A１B2C3D4E5F6", "look_alike", "U+FF11"),
        ("a1b2с3d4e5f6", "look_alike", "U+0441"),
        ("1.23E+15", "excel_number", "Excel"),
        ("1,2e15", "excel_number", "Excel"),
        ("jane@example.org", "email", "e-mail"),
        ("https://worker.mturk.com/", "url", "web address"),
        ("www.example.org", "url", "web address"),
        ("=cmd|' /C calc'!A0", "formula", "formula"),
        ("@SUM(A1)", "formula", "formula"),
        ("＝1", "formula", "formula"),
        ("12345678901", "number", "number"),
        ("1,234", "number", "number"),
        ("A", "too_short", "alone"),
        ("A" + "B" * 64, "too_long", "65"),
        ("A" * 5_000, "too_long", "5,000"),
        ("B123", "wrong_start", "begins with B"),
        ("A6LFMTV16WU1 - passed twice", "extra_text", "passed twice"),
        ("Worker: A6LFMTV16WU1", "extra_text", "Worker:"),
        ("A1B2 C3D4", "inner_space", "blank inside"),
        ("A1B2-C3D4", "wrong_character", "U+002D"),
        ("5f3c1a2b9d8e7f6a5b4c3d2e", "prolific_id", "Prolific"),
        ("3SD9ZZDVPTJ8TPHXC1AII3YIL7XL7", "assignment_id", "assignment"),
        ("a", "not_an_id", "capital"),
        ("amy", "not_an_id", "capital"),
    ],
)
def test_the_rest_is_refused_with_the_reason(text, code, named):
    found = check_worker_id(text)
    assert (found.worker_id, found.proposal, found.code) == (None, None, code)
    assert named in found.reason


def test_messages_show_hidden_characters_and_stay_short():
    reason = check_worker_id("A1,\x07\ue000" * 100).reason
    assert "<U+0007><U+E000>" in reason
    assert reason.isprintable()
    assert len(reason) < 700


@given(st.text(max_size=80) | st.from_regex(r"\s?[aA][A-Za-z0-9]{0,70}\s?", fullmatch=True))
def test_any_text_gets_exactly_one_verdict(text):
    found = check_worker_id(text)
    if WORKER_ID.fullmatch(text):
        assert found.worker_id == text
        return
    assert found.worker_id is None
    assert found.reason
    assert found.code != "ok"
    if found.proposal is not None:
        assert WORKER_ID.fullmatch(found.proposal)
        assert found.proposal != text
