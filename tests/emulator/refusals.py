"""Catching a refusal and looking at what the wire said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

TURK = "AWS.MechanicalTurk."


class Refusal:
    def __init__(self, error: ClientError) -> None:
        self.error = error
        response: Any = error.response
        self.kind: str = response["Error"]["Code"]
        self.message: str = response["Error"]["Message"]
        self.turk_code: str | None = response.get("TurkErrorCode")
        self.status: int = response["ResponseMetadata"]["HTTPStatusCode"]


def refusal(call: Callable[..., Any], **params: Any) -> Refusal:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return Refusal(caught.value)
