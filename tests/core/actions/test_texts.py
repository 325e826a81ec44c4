"""What people type."""

import pytest

from qualadmin.core.actions.texts import (
    clean_line,
    clean_name,
    clean_text,
    escaped,
    free_slug,
    looks_like_credential,
    without_ids,
)
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Study
from tests.factories import StudyFactory, WorkerFactory

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # the one of Amazon's own manual


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "key: ASIAIOSFODNN7EXAMPLE.",
        SECRET,
        f"aws_secret_access_key = {SECRET}",
        f"lab,{SECRET},eu",
    ],
)
def test_credentials_are_recognised(text: str) -> None:
    assert looks_like_credential(text)

    with pytest.raises(ActionError) as error:
        clean_line(text, field="name", label="The name", limit=200)
    assert (error.value.field, error.value.code) == ("name", "credential")
    assert text not in str(error.value)
    with pytest.raises(ActionError):
        clean_text(f"a note\n{text}\n", field="text", label="The note", limit=200)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Colour words wave 1",
        "2f6e9a1b5c7d8e0f2f6e9a1b5c7d8e0f2f6e9a1b",  # a digest
        "A" * 40,
        "arn:aws:iam::123456789012:role/lab/qualadmin",
        SECRET + "x",
        "https://example.org/" + "path/" * 20,
    ],
)
def test_ordinary_text_is_no_credential(text: str) -> None:
    assert not looks_like_credential(text)


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\u200b", "\u202e", "\n", "\t", "\ud800"])
def test_a_line_holds_no_invisible_character(char: str) -> None:
    with pytest.raises(ActionError) as error:
        clean_line(f"a{char}b", field="name", label="The name", limit=10)

    assert error.value.field == "name"
    assert str(error.value).isprintable()


def test_a_text_keeps_its_lines_and_loses_foreign_line_ends() -> None:
    assert clean_text(" a\r\nb\rc\td \n", field="t", label="T", limit=20) == "a\nb\nc\td"


def test_too_long_and_missing_are_said() -> None:
    with pytest.raises(ActionError, match=r"11 characters; 10 are allowed"):
        clean_line("x" * 11, field="name", label="The name", limit=10)
    with pytest.raises(ActionError, match="missing"):
        clean_line("   ", field="name", label="The name", limit=10)
    assert clean_line("  ", field="name", label="The name", limit=10, required=False) == ""


def test_evidence_is_cut_and_printable() -> None:
    assert escaped("a\x00\u202eb", 100) == "a\\x00\\u202eb"
    assert len(escaped("\x00" * 100, 20)) == 20


@pytest.mark.django_db
def test_slugs_are_free_and_never_empty() -> None:
    StudyFactory(slug="sleep")
    StudyFactory(slug="sleep-2")

    def slug(text: str) -> str:
        return free_slug(text, otherwise="study", rows=Study.objects.all())

    assert slug("Sleep") == "sleep-3"
    assert slug("睡眠") == "study"
    assert slug("Sleep & attention!") == "sleep-attention"
    assert len(slug("long " * 100)) <= 60


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("About A2EXAMPLE00001.", True),
        ("A2EXAMPLE00001", True),
        ("ATTENTIONAL BLINK", False),  # no digit, and nobody we know
        ("ATTENTIONAL", False),
        ("Sister of aknownworkerid", True),
        ("AKNOWNWORKERID and others", True),
        ("Wave A12, ABC123", False),
        ("SALT2EXAMPLE00001 is one word", False),
    ],
)
@pytest.mark.django_db
def test_names_that_entries_repeat_hold_no_worker_id(text: str, refused: bool) -> None:
    WorkerFactory(worker_id="AKNOWNWORKERID")
    if not refused:
        assert clean_name(text, field="name", label="The name", limit=200) == text
        return
    with pytest.raises(ActionError, match="holds a worker ID") as error:
        clean_name(text, field="name", label="The name", limit=200)
    assert (error.value.field, error.value.code) == ("name", "worker_id")


def test_what_amazon_calls_a_type_is_repeated_without_ids() -> None:
    assert without_ids("Bonus for A2EXAMPLE00001, ATTENTIONAL") == "Bonus for [worker ID], ATTENTIONAL"
