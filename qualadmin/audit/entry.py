"""From the arguments of `record` to the exact bytes that are hashed.

Everything that does not need the number is encoded when the entry is recorded, so that the head of the log
is locked only while numbers are filled in. `Draft.core` joins the parts in the order of sorted keys.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from os import urandom
from typing import Any
from uuid import UUID, uuid4

from qualadmin.audit import canonical
from qualadmin.audit.types import REASON_CODES, AuditError, Context, Target, Who
from qualadmin.audit.vocabulary import find

VERSION = 1
PAYLOAD_DOMAIN = b"qualadmin/payload/v1\x00"
AWS_KEYS = frozenset({"account", "env", "op", "request_id", "http", "code", "turk_code", "sdk_attempts", "ms"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STREAM = re.compile(r"system|(account|study):[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_streams: set[str] = set()  # names already found to be valid
_STREAMS_LIMIT = 2048
_KNOWN_LIMIT = 512


def moment(microseconds: int) -> datetime:
    """The UTC time that many microseconds after 1970. Exact, which floats are not."""
    return EPOCH + timedelta(microseconds=microseconds)


def rfc3339(value: datetime) -> str:
    """UTC with microseconds and Z. Raises AuditError for a time without zone."""
    if value.tzinfo is None:
        raise AuditError("A time in the audit log needs its time zone.")
    return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def payload_commitment(salt: bytes, body: bytes) -> str:
    """What the core says about a payload: 64 hex digits that tell nothing once the salt is gone."""
    return sha256(PAYLOAD_DOMAIN + salt + body).hexdigest()


@dataclass(frozen=True, slots=True)
class ContextText:
    """The parts of a core that are the same for every entry of one context."""

    context: Context
    actor: str
    on_behalf_of: str
    approved_by: str
    request: str
    task: str
    _known: dict[int, tuple[object, str]] = field(default_factory=dict)

    def part(self, value: Who | Target | None) -> str:
        """Encoded person or target. A drain names a few of them a thousand times each."""
        if value is None:
            return "null"
        known = self._known.get(id(value))
        if known is None:
            encoded = _who(value) if isinstance(value, Who) else _target(value)
            if len(self._known) < _KNOWN_LIMIT:
                self._known[id(value)] = (value, encoded)  # keeps the value alive, so its id stays its own
            return encoded
        return known[1]

    @classmethod
    def of(cls, context: Context) -> "ContextText":
        request, task = context.request, context.task
        request_part = request and {
            "id": request.id, "ip": request.ip, "method": request.method, "route": request.route
        }  # fmt: skip
        task_part = task and {"id": task.id, "name": task.name, "host": task.host, "pid": task.pid}
        return cls(
            context,
            _who(context.actor),
            _who(context.on_behalf_of),
            _who(context.approved_by),
            canonical.text(request_part),
            canonical.text(task_part),
        )


@dataclass(slots=True)
class Draft:
    """An entry that has everything but its number, its place in its stream and its time."""

    id: UUID
    context: Context
    action: str
    outcome: str
    severity: str
    stream: str
    target: Target | None
    subject: UUID | None
    parent: UUID | int | None
    job: str | None
    on_behalf_of: Who | None
    occurred_at: datetime | None
    aws_request_id: str | None
    salt: bytes | None
    body: bytes | None
    parts: tuple[str, str, str, str, str]

    def core(self, seq: int, stream_seq: int, recorded_at: str, parent: int | None) -> bytes:
        """The canonical bytes of the finished entry. `recorded_at` is RFC 3339 text."""
        head, payload, request, severity, tail = self.parts
        return canonical.to_bytes(
            f"{head}{'null' if parent is None else parent}{payload}{recorded_at}{request}{seq}"
            f"{severity}{stream_seq}{tail}"
        )


def draft(
    texts: ContextText,
    origin_and_app: tuple[str, str],
    action: str,
    *,
    target: Target | None = None,
    stream: str = "system",
    subject: UUID | None = None,
    changes: Mapping[str, Sequence[Any]] | None = None,
    outcome: str = "ok",
    reason_code: str | None = None,
    job: object = None,
    item: object = None,
    attempt: int | None = None,
    parent: UUID | int | None = None,
    aws: Mapping[str, Any] | None = None,
    payload: Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
    on_behalf_of: Who | None = None,
    approved_by: Who | None = None,
) -> Draft:
    """Check the arguments against the vocabulary and encode them. Raises AuditError."""
    event = find(action)
    event.check(outcome, changes or (), payload or ())
    _check_parts(stream, reason_code, aws, changes)
    salt, body, commitment = _payload(texts.context, payload)
    entry_id = uuid4()
    text, context = canonical.text, texts.context
    origin, app = origin_and_app
    job_text = None if job is None else str(job)
    item_part = item if item is None or isinstance(item, int) else str(item)
    subject_text = "null" if subject is None else f'"{subject.hex}"'
    occurred = "null" if occurred_at is None else f'"{rfc3339(occurred_at)}"'
    behalf = texts.on_behalf_of if on_behalf_of is None else texts.part(on_behalf_of)
    approver = texts.approved_by if approved_by is None else texts.part(approved_by)
    parts = (
        f'{{"action":"{action}","actor":{texts.actor},"app":{app},"approved_by":{approver},'
        f'"attempt":{text(attempt)},"aws":{text(aws)},"changes":{text(changes)},"id":"{entry_id.hex}",'
        f'"item":{text(item_part)},"job":{text(job_text)},"log":{origin},"occurred_at":{occurred},'
        f'"on_behalf_of":{behalf},"outcome":"{outcome}","parent":',
        f',"payload_c":{text(commitment)},"reason_code":{text(reason_code)},"recorded_at":"',
        f'","request":{texts.request},"seq":',
        f',"severity":"{event.severity}","stream":"{stream}","stream_seq":',
        f',"subject":{subject_text},"target":{texts.part(target)},"task":{texts.task},"v":{VERSION}}}',
    )
    return Draft(
        id=entry_id,
        context=context,
        action=action,
        outcome=outcome,
        severity=event.severity,
        stream=stream,
        target=target,
        subject=subject,
        parent=parent,
        job=job_text,
        on_behalf_of=on_behalf_of or context.on_behalf_of,
        occurred_at=occurred_at,
        aws_request_id=aws.get("request_id") if aws else None,
        salt=salt,
        body=body,
        parts=parts,
    )


def _who(who: Who | None) -> str:
    if who is None:
        return "null"
    return canonical.text({"kind": who.kind, "id": who.id, "label": who.label, "auth": who.auth})


def _target(target: Target) -> str:
    return canonical.text({"type": target.type, "id": target.id, "label": target.label})


def _check_parts(
    stream: str,
    reason_code: str | None,
    aws: Mapping[str, Any] | None,
    changes: Mapping[str, Sequence[Any]] | None,
) -> None:
    if stream not in _streams and not _is_stream(stream):
        raise AuditError(f"{stream!r} is not a stream: use system, account:<slug> or study:<slug>.")
    if reason_code is not None and reason_code not in REASON_CODES:
        raise AuditError(f"{reason_code!r} is not a reason code.")
    if aws is not None and not aws.keys() <= AWS_KEYS:
        raise AuditError(f"Unknown aws keys: {', '.join(sorted(aws.keys() - AWS_KEYS))}.")
    for name, pair in (changes or {}).items():
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise AuditError(f"The change of {name!r} must be [before, after].")


def _is_stream(name: str) -> bool:
    valid = _STREAM.fullmatch(name) is not None
    if valid and len(_streams) < _STREAMS_LIMIT:
        _streams.add(name)
    return valid


def _payload(context: Context, payload: Mapping[str, Any] | None) -> tuple[bytes | None, bytes | None, str | None]:
    # The user agent is personal data of staff: it is committed to, but can be erased.
    agent = context.request.user_agent if context.request else ""
    if agent:
        payload = {**(payload or {}), "user_agent": agent}
    if not payload:
        return None, None, None
    salt, body = urandom(32), canonical.encode(payload)
    return salt, body, payload_commitment(salt, body)
