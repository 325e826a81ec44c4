"""The words of a search: what they are made of, and that every fault names its place."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qualadmin.audit.words import MOST_WORDS, Word, WordsFault, check_keys, parse, quoted, span, write

KEYS = ("actor", "action", "type", "after")
VALUES = st.text(min_size=1).filter(lambda text: text.strip() and "\0" not in text)
WORDS = st.lists(
    st.builds(Word, key=st.sampled_from(KEYS), value=VALUES, negated=st.booleans()), max_size=MOST_WORDS
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(WORDS)
@example(
    [Word("type", '"'), Word("type", 'a "b" \\'), Word("type", "“Wave”"), Word("type", "-"), Word("type", "\\")]
)
def test_what_is_written_is_read_as_the_same_words(words: list[Word]) -> None:
    assert parse(write(words)) == words


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text() | st.text(alphabet='actor:-"“\\ \0'))
@example("-")
@example(":")
@example('type:"')
@example('type:"\\')
def test_any_text_is_words_or_one_kind_of_fault_within_it(text: str) -> None:
    fault = fault_of(text)
    if fault is None:
        assert all(text[word.start : word.end].strip() for word in parse(text))
    else:
        assert 0 <= fault.start < fault.end <= len(text)
        assert str(fault).startswith(f"At character {fault.start + 1}: ")


def fault_of(text: str) -> WordsFault | None:
    try:
        words = parse(text)
        check_keys(words, KEYS)
        for word in words:
            span(word)
    except WordsFault as fault:
        return fault
    return None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\n ", []),
        ("actor:mira", [Word("actor", "mira")]),
        ("ACTOR:Mira", [Word("actor", "Mira")]),
        ('type:"Wave 2"  -action:view', [Word("type", "Wave 2"), Word("action", "view", negated=True)]),
        ("type:“Wave 2”", [Word("type", "Wave 2")]),
        ("−action:view –action:log", [Word("action", "view", negated=True), Word("action", "log", negated=True)]),
        ('type:"say \\"hi\\" \\\\ or \\n"', [Word("type", 'say "hi" \\ or \\n')]),
        ("type:a:b", [Word("type", "a:b")]),
        ('type:5"', [Word("type", '5"')]),
        ("mira", [Word("", "mira")]),
        ('"a b:c"', [Word("", "a b:c")]),
    ],
)
def test_words(text: str, words: list[Word]) -> None:
    assert parse(text) == words


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('outcome:ok type:"Wave 2', (16, 23), 'This quote is never closed. Put a " behind'),
        (
            'type: "Wave 2"',
            (0, 5),
            "After “type:” a value is missing. Write it without a space, for example type:…",
        ),
        ("actor:x -", (8, 9), "Here a word is missing"),
        ('type:"a"b', (5, 8), "Put a space between this word and the next one."),
        ('type:""', (5, 7), "There is nothing between these quotes"),
        ("actor:x colour:red", (8, 18), "There is no key “colour:”. Keys are actor, action, type, after."),
        (
            "actor:x mira",
            (8, 12),
            "“mira” has no key, and the log is not searched for plain text. Keys are actor",
        ),
        ("actor:\0", (6, 7), "Here is a character that no text has"),
        ("actor:\ud800", (6, 7), "Here is a character that no text has"),
        ("a:b " * 21, (80, 83), "A search has at most 20 words"),
    ],
)
def test_a_fault_names_its_place_and_the_cure(text: str, place: tuple[int, int], says: str) -> None:
    with pytest.raises(WordsFault) as caught:
        check_keys(parse(text), KEYS)
    assert (caught.value.start, caught.value.end) == place
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ("2026-11-01..2026-11-07", ("2026-11-01", "2026-11-07")),
        ("2026-11-01", ("2026-11-01", "2026-11-01")),
        ("2026-11-01..", ("2026-11-01", None)),
        ("..2026-11-07", (None, "2026-11-07")),
    ],
)
def test_spans(value: str, days: Any) -> None:
    assert tuple(one and one.isoformat() for one in span(Word("created", value))) == days


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2026-11-07..2026-11-01", "ends before it begins. Write created:2026-11-01..2026-11-07."),
        ("..", "A span needs a day"),
        ("2026-02-30", "“2026-02-30” is no day. Write a day like created:2026-11-23."),
        ("20260101", "is no day"),
        ("2026-11-01..2026-11-02..2026-11-03", "is no day"),
        ("9999-12-31", "is no day"),
        ("２０２６-11-01", "is no day"),
    ],
)
def test_a_span_that_is_none(value: str, says: str) -> None:
    with pytest.raises(WordsFault) as caught:
        span(Word("created", value))
    assert says in str(caught.value)


def test_only_what_must_stands_in_quotes() -> None:
    assert [quoted(one) for one in ("Wave", "Wave 2", 'a"b', '"a"')] == ["Wave", '"Wave 2"', 'a"b', '"\\"a\\""']
