"""Pages the way Amazon hands them out.

Every page that holds something carries a token, the last one too; the page after it is empty and carries
none. A token names the last item seen, so pages stay right while the list grows. It is bound to the question
that was asked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from itertools import islice
from typing import Any

from qualadmin.emulator.errors import ApiError, request_error

DEFAULT_PAGE_SIZE = 10


def page(
    key: str, rows: Iterable[tuple[str, dict[str, Any]]], params: dict[str, Any], question: Iterable[object]
) -> dict[str, Any]:
    """One page of `rows`: (cursor, wire form) pairs that already begin behind the caller's cursor."""
    taken = list(islice(rows, params.get("MaxResults") or DEFAULT_PAGE_SIZE))
    answer: dict[str, Any] = {"NumResults": len(taken), key: [wire for _, wire in taken]}
    if taken:
        answer["NextToken"] = _seal(taken[-1][0], question)
    return answer


def cursor(params: dict[str, Any], question: Iterable[object]) -> str:
    """The place the caller's token points to, "" at the start. Raises ApiError for a foreign token."""
    token = params.get("NextToken")
    if not token:
        return ""
    try:
        place, _, check = base64.urlsafe_b64decode(token.encode()).decode().rpartition(":")
    except (binascii.Error, ValueError):
        raise _bad_token(token) from None
    if check != _check(place, question):
        raise _bad_token(token)
    return place


def _seal(place: str, question: Iterable[object]) -> str:
    return base64.urlsafe_b64encode(f"{place}:{_check(place, question)}".encode()).decode()


def _check(place: str, question: Iterable[object]) -> str:
    text = "\0".join([place, *map(repr, question)])
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


def _bad_token(token: str) -> ApiError:
    return request_error("InvalidParameterValue", f'The value "{token}" is not valid for the parameter NextToken.')
