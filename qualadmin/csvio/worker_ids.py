"""Worker ids as people write them: taken, proposed with a correction, or refused with a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qualadmin.csvio.characters import code_point, is_invisible, name_of, shown

#: Amazon documents no form. All ids seen begin with A; letters and digits follow, 10 to 21 in all.
WORKER_ID = re.compile(r"A[A-Z0-9]{1,63}")
USUAL_LENGTHS = range(10, 22)
_MAX_LENGTH = 64
_MAX_READ = 1_000  # longer cells are no ids; diagnosing them costs time for nothing

# Brackets come along when a list is copied out of a program.
_WRAPPING = "[](){}\"'`´‘’‚“”„‹›«»"
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
_NUMBER = re.compile(r"[0-9][0-9.,' ]*")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://|www\.", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_FORMULA_STARTS = "=+-@＝＋－＠"
_ID_INSIDE = re.compile(r"(?<![A-Za-z0-9])A[A-Z0-9]{8,63}(?![A-Za-z0-9])")
_PROLIFIC = re.compile(r"[0-9a-f]{24}")
_ASSIGNMENT = re.compile(r"3[A-Z0-9]{28,30}")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class WorkerIdResult:
    """One of three: ``worker_id`` (clean, as given), ``proposal`` (use only if accepted), or neither.

    ``reason`` says what the correction is or why the text is refused. ``hint`` warns about a clean id of
    unusual length. ``code`` is "ok" or names the reason.
    """

    given: str
    worker_id: str | None = None
    proposal: str | None = None
    reason: str | None = None
    code: str = "ok"
    hint: str | None = None


def check_worker_id(text: str) -> WorkerIdResult:
    """Judge one text as a worker id. Never alters silently, never raises."""
    if WORKER_ID.fullmatch(text):
        return WorkerIdResult(text, worker_id=text, hint=_length_hint(text))
    if len(text) > _MAX_READ:
        return _refused(text, "too_long", f"This has {len(text):,} characters. A worker ID has at most 64.")
    candidate, changes = _correct(text)
    if not candidate:
        return _refused(text, "empty", "There is no worker ID here.")
    if WORKER_ID.fullmatch(candidate):
        code, _ = changes[0]
        told = " and ".join(change for _, change in changes)
        reason = f"Read as {candidate}? {told[0].upper()}{told[1:]}. Nothing is used unless you accept this."
        return WorkerIdResult(text, proposal=candidate, reason=reason, code=code, hint=_length_hint(candidate))
    code, reason = _why_not(candidate)
    return _refused(text, code, reason)


def looks_like_worker_id(text: str) -> bool:
    """True if the text is a worker id of usual length or can be corrected into one."""
    if WORKER_ID.fullmatch(text):
        return len(text) in USUAL_LENGTHS
    if not 10 <= len(text) <= 40 or "A" not in text.upper():
        return False
    if text.isascii():  # quickly, as whole files are looked through with this
        bare = text.strip().strip(_WRAPPING).strip()
        return bare[:1] in ("A", "a") and len(bare) in USUAL_LENGTHS and bare.isalnum()
    found = check_worker_id(text)
    return found.proposal is not None and len(found.proposal) in USUAL_LENGTHS


def _refused(given: str, code: str, reason: str) -> WorkerIdResult:
    return WorkerIdResult(given, reason=reason, code=code)


def _length_hint(worker_id: str) -> str | None:
    if len(worker_id) in USUAL_LENGTHS:
        return None
    size = "short" if len(worker_id) < USUAL_LENGTHS.start else "long"
    return f"{worker_id} is unusually {size} for a worker ID (most have 10 to 21 characters). Check it."


def _correct(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The text without what surely does not belong to an id, and what was taken away: (code, words)."""
    changes: list[tuple[str, str]] = []
    hidden = [char for char in dict.fromkeys(text) if is_invisible(char)]
    candidate = text
    if hidden:
        candidate = "".join(char for char in candidate if not is_invisible(char))
        names = ", ".join(name_of(char) for char in hidden)
        changes.append(("invisible", f"the text holds an invisible character ({names})"))
    candidate = _trim(candidate, changes)
    bare = candidate.strip(_WRAPPING)
    if bare != candidate:
        changes.append(("quotes", "there are stray quotation marks or brackets around it"))
        candidate = bare.strip()
    if _ASCII_WORD.fullmatch(candidate) and candidate != candidate.upper() and len(candidate) in USUAL_LENGTHS:
        changes.append(("lower_case", "it is written with small letters"))
        candidate = candidate.upper()
    return candidate, changes


def _trim(text: str, changes: list[tuple[str, str]]) -> str:
    trimmed = text.strip()
    if trimmed != text and trimmed:
        outer = text[: len(text) - len(text.lstrip())] + text[len(text.rstrip()) :]
        special = [char for char in dict.fromkeys(outer) if ord(char) > 127]
        named = f" ({', '.join(name_of(char) for char in special)})" if special else ""
        changes.append(("trimmed", f"there are blanks around it{named}"))
    return trimmed


def _why_not(text: str) -> tuple[str, str]:
    """Code and reason for a text that is no worker id; the clearest explanation wins."""
    return _not_an_id_at_all(text) or _damaged_id(text) or _other(text)


def _not_an_id_at_all(text: str) -> tuple[str, str] | None:
    if _URL.match(text):
        return "url", f"“{shown(text)}” is a web address, not a worker ID."
    if _EMAIL.fullmatch(text):
        return "email", f"“{shown(text)}” is an e-mail address. Give the worker ID, which begins with A."
    if _SCIENTIFIC.fullmatch(text):
        return "excel_number", (
            f"“{shown(text)}” is what Excel makes of an id or number it shortens. The original cannot be "
            "read from it. Copy the id again from Amazon, into a column formatted as text."
        )
    if _NUMBER.fullmatch(text):
        return "number", (
            f"“{shown(text)}” is a number. Worker IDs begin with A. Is this the wrong column, or did Excel "
            "change the id?"
        )
    if text[0] in _FORMULA_STARTS:
        return (
            "formula",
            f"“{shown(text)}” is a formula or begins like one. It was not run. Give the worker ID.",
        )
    if _PROLIFIC.fullmatch(text):
        return "prolific_id", f"“{shown(text)}” looks like a Prolific ID. Amazon's worker IDs begin with A."
    if _ASSIGNMENT.fullmatch(text):
        return "assignment_id", f"“{shown(text)}” looks like a HIT or assignment ID, not a worker ID."
    return None


def _damaged_id(text: str) -> tuple[str, str] | None:
    if text == "A":
        return "too_short", "“A” alone is not a whole worker ID. More letters and digits follow the A."
    foreign = [char for char in dict.fromkeys(text) if ord(char) > 127 and char.isalnum()]
    latin = "".join("A" if char in foreign else char for char in text)
    if foreign and WORKER_ID.fullmatch(latin.upper()):
        place = text.index(foreign[0]) + 1
        named = ", ".join(f"“{char}” ({name_of(char)})" for char in foreign)
        return "look_alike", (
            f"Character {place} is not what it looks like: {named}. Worker IDs use only A to Z and 0 to 9. "
            "Type the id again or copy it from Amazon."
        )
    inside = _ID_INSIDE.search(text)
    if inside:
        rest = f"{text[: inside.start()]} {text[inside.end() :]}".strip()
        return "extra_text", (
            f"There is more than the worker ID here: “{shown(rest)}” beside {shown(inside.group())}. "
            "Keep only the id, or leave the line out if the words mean that."
        )
    return None


def _other(text: str) -> tuple[str, str]:
    if _ASCII_WORD.fullmatch(text):
        if len(text) > _MAX_LENGTH:
            return "too_long", f"This has {len(text)} characters. A worker ID has at most {_MAX_LENGTH}."
        if text[0] not in "Aa":
            return "wrong_start", f"“{shown(text)}” begins with {text[0]}. Worker IDs begin with A."
        return "not_an_id", f"“{shown(text)}” is not a worker ID. IDs are A and capital letters or digits."
    if any(char.isspace() for char in text):
        return (
            "inner_space",
            f"“{shown(text)}” has a blank inside. A worker ID is one word; put each on its own line.",
        )
    wrong = next(char for char in text if not _ASCII_WORD.fullmatch(char))
    return "wrong_character", (
        f"“{shown(text)}” holds “{shown(wrong)}” ({code_point(wrong)}). Worker IDs use only A–Z and 0–9."
    )
