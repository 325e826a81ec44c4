"""AWS JSON 1.1: what a request must look like before anybody asks who sent it.

The answers are those other AWS services give; for Mechanical Turk nobody wrote them down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from qualadmin.wire.errors import MarkupError, framework_error, serialization_error

CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET_PREFIX = "MTurkRequesterServiceV20170117."
MAX_BODY = 4 * 1024 * 1024
"""Bytes of a call. Amazon's own limit is unknown; its longest document is 128 KiB."""


class Incoming(NamedTuple):
    """A call as it came: header names in lower case, the body as it was sent.

    `account` is who calls where the carrier knows that and no signature is needed.
    """

    headers: Mapping[str, str]
    body: bytes
    account: str | None = None
    path: str = "/"

    @property
    def operation(self) -> str:
        """The name in X-Amz-Target, without a word on whether it exists. At most 100 characters."""
        return self.headers.get("x-amz-target", "").removeprefix(TARGET_PREFIX)[:100]


def read(call: Incoming) -> dict[str, Any]:
    """The parameters, not yet checked. Raises ApiError."""
    if len(call.body) > MAX_BODY:
        raise framework_error("RequestEntityTooLargeException", "", 413)
    if call.headers.get("content-type", "").partition(";")[0].strip() != CONTENT_TYPE:
        _refuse_content_type(call)
    try:
        params = json.loads(call.body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise serialization_error() from None
    if not isinstance(params, dict):
        raise serialization_error()
    return params


def _refuse_content_type(call: Incoming) -> NoReturn:
    if "." not in call.headers.get("x-amz-target", ""):
        text = "Unable to determine service/operation name to be authorized"
        raise MarkupError("AccessDeniedException", text, status=403)
    raise MarkupError("UnknownOperationException", "", status=404)


def _refuse_constant(name: str) -> NoReturn:
    """NaN and Infinity: Python reads them, JSON does not have them."""
    raise ValueError(name)
