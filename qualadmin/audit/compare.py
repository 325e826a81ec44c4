"""The searchable columns an entry must have, derived from its core: what flush.py wrote, computed backwards."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

CORE_KEYS = frozenset({
    "action", "actor", "app", "approved_by", "attempt", "aws", "changes", "id", "item", "job", "log",
    "occurred_at", "on_behalf_of", "outcome", "parent", "payload_c", "reason_code", "recorded_at", "request",
    "seq", "severity", "stream", "stream_seq", "subject", "target", "task", "v",
})  # fmt: skip


class Shape(Exception):
    """The core is canonical JSON, but not that of an entry."""


class Comparison:
    """Compares cores with raw column values as the database driver returns them."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._native_uuid = connection.features.has_native_uuid_field
        self._adapt = connection.ops.adapt_datetimefield_value
        self._last_time: tuple[str, Any] = ("", None)

    def differing(self, content: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
        """Names of the columns that do not say what the core says. Raises Shape."""
        if content.keys() != CORE_KEYS or content["v"] != 1:
            raise Shape("its fields are not those of an entry")
        try:
            expected = self._expected(content)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Shape(f"its fields do not have the form of an entry ({type(error).__name__})") from error
        return [name for name, value in expected.items() if row[name] != value]

    def _expected(self, content: Mapping[str, Any]) -> dict[str, Any]:
        none: dict[str, Any] = {}
        actor = content["actor"]
        behalf, target = content["on_behalf_of"] or none, content["target"] or none
        request, aws = content["request"] or none, content["aws"] or none
        same = ("seq", "stream", "stream_seq", "action", "outcome", "severity", "parent", "job")
        return {
            **{name: content[name] for name in same},
            "id": self._uuid(content["id"]),
            "recorded_at": self._time(content["recorded_at"]),
            "occurred_at": self._time(content["occurred_at"]),
            "actor_kind": actor["kind"],
            "actor_id": actor["id"],
            "actor_label": actor["label"],
            "obo_id": behalf.get("id"),
            "obo_label": behalf.get("label"),
            "target_type": target.get("type"),
            "target_id": target.get("id"),
            "target_label": target.get("label"),
            "subject": self._uuid(content["subject"]),
            "request_id": request.get("id"),
            "ip": request.get("ip"),
            "aws_request_id": aws.get("request_id"),
        }

    def _uuid(self, value: str | None) -> Any:
        return UUID(value) if self._native_uuid and value is not None else value

    def _time(self, value: str | None) -> Any:
        if value is None:
            return None
        if value != self._last_time[0]:  # the entries of one flush share their time
            self._last_time = (value, self._adapt(datetime.fromisoformat(value)))
        return self._last_time[1]
