"""What people type, cleaned in one place: no credentials, no invisible characters, no surprise length."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from django.db.models import Model, QuerySet
from django.utils.text import slugify

from qualadmin.core.errors import ActionError
from qualadmin.core.models import Worker

#: Access key ids of the emulator's demo accounts. They open nothing, so they may stand in the profile field.
DEMO_KEY: Final = re.compile(r"AKIADEMO[A-Z0-9]{12}")
_ACCESS_KEY = re.compile(r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}")
_SECRET_KEY = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+=]{40}(?![A-Za-z0-9/+=])")
_SLUG_LENGTH = 50
#: Capitals and digits as Amazon writes its IDs. A long word in capitals without a digit is one only if we know it.
_ID_INSIDE = re.compile(r"(?<![A-Za-z0-9])A(?=[A-Z]*[0-9])[A-Z0-9]{9,20}(?![A-Za-z0-9])")
_WORD_LIKE_ONE = re.compile(r"(?<![A-Za-z0-9])A[A-Z0-9]{9,63}(?![A-Za-z0-9])", re.IGNORECASE)
HIDDEN_ID: Final = "[worker ID]"


def looks_like_credential(text: str) -> bool:
    """Whether `text` holds an AWS access key id, or 40 characters shaped like a secret key.

    A secret key mixes small letters, capitals and digits; a hexadecimal digest of 40 characters does not.
    """
    if _ACCESS_KEY.search(text):
        return True
    return any(
        re.search(r"[a-z]", found) and re.search(r"[A-Z]", found) and re.search(r"[0-9]", found)
        for found in _SECRET_KEY.findall(text)
    )


def refuse_credentials(text: str, *, field: str) -> None:
    """Raise ActionError if somebody pasted a key. The text itself is not repeated anywhere."""
    if looks_like_credential(text):
        raise ActionError(
            "This looks like a credential. It was not stored. qualadmin never needs access keys or secrets: "
            "name a profile of this server or a role instead. If the key is real, deactivate it at Amazon now.",
            field=field,
            code="credential",
        )


def without_ids(text: str) -> str:
    """`text` as an entry may name something by that somebody else named, such as Amazon's side of a type."""
    return _ID_INSIDE.sub(HIDDEN_ID, text)


def clean_name(text: str, *, field: str, label: str, limit: int, required: bool = True) -> str:
    """As `clean_line`, and without a worker ID: entries name things so, and nothing can be erased from an entry.

    Refused is what has Amazon's form, and any ID that is known here.
    """
    cleaned = clean_line(text, field=field, label=label, limit=limit, required=required)
    if _ID_INSIDE.search(cleaned) or _is_known([one.upper() for one in _WORD_LIKE_ONE.findall(cleaned)]):
        raise ActionError(
            f"{label} holds a worker ID. The audit log repeats names and is never rewritten, so the worker could "
            "not be erased from it. Leave the ID out. Nothing was saved.",
            field=field,
            code="worker_id",
        )
    return cleaned


def clean_line(text: str, *, field: str, label: str, limit: int, required: bool = True) -> str:
    """One line of text without surrounding blanks. Raises ActionError naming `field`; `limit` in characters."""
    cleaned = text.strip()
    bad = next((char for char in cleaned if not char.isprintable()), None)
    if bad is not None:
        raise ActionError(
            f"{label} holds a character that cannot be seen ({_name_of(bad)}). Nothing was saved.",
            field=field,
        )
    return _checked(cleaned, field=field, label=label, limit=limit, required=required)


def clean_text(text: str, *, field: str, label: str, limit: int, required: bool = True) -> str:
    """Text of several lines, line ends as `\\n`. Raises ActionError naming `field`; `limit` in characters."""
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    bad = next((char for char in cleaned if not char.isprintable() and char not in "\n\t"), None)
    if bad is not None:
        raise ActionError(
            f"{label} holds a character that cannot be seen ({_name_of(bad)}). Nothing was saved.",
            field=field,
        )
    return _checked(cleaned, field=field, label=label, limit=limit, required=required)


def escaped(text: str, limit: int) -> str:
    """`text` as it may be kept for evidence: cut to `limit` characters, invisible ones written out."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[:limit])[:limit]


def free_slug(text: str, *, otherwise: str, rows: "QuerySet[Model]") -> str:
    """A slug made from `text` that no row of `rows` has yet: `otherwise` where no letter survives.

    Must be asked inside the transaction that writes the row; the unique constraint has the last word.
    """
    stem = slugify(text)[:_SLUG_LENGTH].strip("-_") or otherwise
    taken = set(rows.filter(slug__startswith=stem).values_list("slug", flat=True))
    return _first_free(stem, lambda slug: slug in taken)


def _first_free(stem: str, is_taken: Callable[[str], bool]) -> str:
    slug, number = stem, 2
    while is_taken(slug):
        slug, number = f"{stem}-{number}", number + 1
    return slug


def _is_known(words: list[str]) -> bool:
    return bool(words) and Worker.objects.filter(worker_id__in=words).exists()


def _checked(text: str, *, field: str, label: str, limit: int, required: bool) -> str:
    if required and not text:
        raise ActionError(f"{label} is missing.", field=field)
    if len(text) > limit:
        raise ActionError(
            f"{label} has {len(text):,} characters; {limit:,} are allowed. Nothing was saved.", field=field
        )
    refuse_credentials(text, field=field)
    return text


def _name_of(char: str) -> str:
    return unicodedata.name(char, f"code {ord(char)}").lower()
