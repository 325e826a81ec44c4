"""One call through boto3: counted, timed, checked, and its failure named."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qualadmin.mturk.classify import UnclearAnswer, classify
from qualadmin.mturk.errors import MTurkError
from qualadmin.mturk.types import CallRecord

if TYPE_CHECKING:
    from types_boto3_mturk.client import MTurkClient
    from types_boto3_sts.client import STSClient

# A call of boto3 is made wholly in the calling thread, so its events can be counted here without handing
# anything through botocore.
_counted = threading.local()


@dataclass(frozen=True, slots=True)
class Answer:
    payload: Mapping[str, Any]
    call: CallRecord


def watch(client: "MTurkClient | STSClient") -> None:
    """Have the client count what it hands to the network and check what comes back. Safe to repeat."""
    events = client.meta.events
    service = client.meta.service_model.service_id.hyphenize()
    # After signing: a request that cannot be signed is never sent.
    events.register_last(f"request-created.{service}", _count_request, unique_id="qualadmin-count")
    if service == "mturk":
        events.register("before-parse.mturk", _check_answer, unique_id="qualadmin-check")


def invoke(send: Callable[[], Any], *, mutating: bool) -> Answer:
    """Run one call on a watched client and return its answer.

    Raises ``MTurkError``. The error of botocore is not chained: its text holds worker ids, which would end in
    logs.
    """
    _counted.requests = 0
    started = time.perf_counter()
    try:
        payload = send()
    except Exception as exception:
        milliseconds = round((time.perf_counter() - started) * 1_000)
        error = classify(exception, mutating, attempts=_counted.requests, milliseconds=milliseconds)
    else:
        milliseconds = round((time.perf_counter() - started) * 1_000)
        return Answer(payload, _record(payload["ResponseMetadata"], milliseconds))
    raise error


def unclear_answer(code: str, call: CallRecord, *, mutating: bool) -> MTurkError:
    """Return the error for an answer that came but does not say what it should."""
    unclear = UnclearAnswer(code, call.http_status or 0, call.aws_request_id)
    return classify(unclear, mutating, attempts=call.attempts, milliseconds=call.milliseconds)


def _record(metadata: Mapping[str, Any], milliseconds: int) -> CallRecord:
    return CallRecord(
        aws_request_id=metadata.get("RequestId"),
        http_status=metadata.get("HTTPStatusCode"),
        code=None,
        turk_code=None,
        attempts=1 + metadata.get("RetryAttempts", 0),
        milliseconds=milliseconds,
    )


def _count_request(**_event: Any) -> None:
    _counted.requests = getattr(_counted, "requests", 0) + 1


def _check_answer(response_dict: Mapping[str, Any], **_event: Any) -> None:
    """Refuse a success that Amazon did not sign.

    botocore takes any 2xx for a success, even the HTML page of a proxy or a body that was cut: it neither
    compares Content-Length nor minds JSON it cannot read.
    """
    status = response_dict["status_code"]
    if not 200 <= status < 300:
        return
    headers = response_dict["headers"]
    request_id = headers.get("x-amzn-requestid")
    if not request_id:
        raise UnclearAnswer("NoRequestId", status, None)
    body: bytes = response_dict["body"]
    length = headers.get("content-length")
    if length is not None and length.isdecimal() and int(length) != len(body):
        raise UnclearAnswer("CutBody", status, request_id)
    if body and not _is_json_object(body):
        raise UnclearAnswer("UnreadableBody", status, request_id)


def _is_json_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False
