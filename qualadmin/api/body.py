"""Bytes of a request into one JSON object, with a clear answer for everything that is none."""

import json
from typing import Any, Final, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

from .answers import Code, Refused

JSON: Final = "application/json"


def check_headers(request: HttpRequest, limit: int) -> None:
    """Raise Refused: 406 who takes no JSON, 415 who sends none, 413 what is larger than `limit` bytes."""
    if not request.accepts(JSON):
        raise Refused(Code.VALIDATION_ERROR, 406, f"Answers are {JSON} only, and “Accept” does not allow that.")
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if request.content_type != JSON or charset not in {"utf-8", "utf8"}:
        raise Refused(Code.VALIDATION_ERROR, 415, f"Send “Content-Type: {JSON}” with a body in UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused(Code.VALIDATION_ERROR, 415, "Send the body as it is, without “Content-Encoding”.")
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if not length.isascii() or not length.isdigit():
        raise Refused(Code.VALIDATION_ERROR, 400, "Send “Content-Length” with the number of bytes of the body.")
    if len(length) > 12 or int(length) > limit:
        raise too_large(limit)


def too_large(limit: int) -> Refused:
    """413."""
    return Refused(Code.VALIDATION_ERROR, 413, f"The body may have {limit:,} bytes at most. Nothing was done.")


def read_object(request: HttpRequest, limit: int) -> dict[str, Any]:
    """The body as an object. Raises Refused 400, 413."""
    try:
        data = request.body
    except RequestDataTooBig:
        raise too_large(limit) from None
    except UnreadablePostError:
        raise _broken("The body came incomplete.") from None
    if not data.strip():
        raise _broken("The body is empty. Send a JSON object, {} if there is nothing to say.")
    try:
        found = json.loads(
            data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant, parse_float=_decimal
        )
    except UnicodeDecodeError:
        raise _broken("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise _broken(f"The body is not JSON: line {error.lineno}, column {error.colno}.") from None
    except (RecursionError, ValueError):
        raise _broken("The body is JSON of a depth, or with a number of a length, that is not read.") from None
    if not isinstance(found, dict):
        raise _broken("The body is JSON, but not an object.")
    return found


def _broken(message: str) -> Refused:
    return Refused(Code.VALIDATION_ERROR, 400, f"{message} Nothing was done.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two programs may disagree on which of two values counts, so a name that comes twice is refused."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(
            Code.VALIDATION_ERROR, 400, "A parameter was given twice. Nothing was done.",
            details={shown(twice): ["Was given twice."]},
        )  # fmt: skip
    return found


def shown(name: str) -> str:
    """A name of the sender's as it may stand in an answer."""
    return "".join(char if char.isprintable() else "?" for char in name[:80])


def _constant(text: str) -> NoReturn:
    raise _broken(f"{text} is no JSON number.")


def _decimal(text: str) -> float:
    return float(text[:40])  # no parameter takes one; its type is all that is looked at
