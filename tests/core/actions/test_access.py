"""Refusals in the log."""

import logging

import pytest
from django.db import DatabaseError

from qualadmin.audit import record as audit
from qualadmin.audit.types import RequestInfo
from qualadmin.core.actions.access import (
    record_bad_host,
    record_csrf_failed,
    record_denied,
    record_rate_limited,
)
from qualadmin.core.actor import Actor
from qualadmin.core.models import User
from tests.entries import new_entries, payload_of

REQUEST = RequestInfo(id="0123456789abcdef", ip="192.0.2.7", method="GET", route="jobs/<uuid>/")


def test_it_records_who_was_refused_what(viewer: User) -> None:
    with new_entries() as entries:
        record_denied(actor=viewer.as_actor(request=REQUEST), what="grant", detail="nul\x00byte " + "x" * 900)

    entry = entries.only
    assert (entry.action, entry.outcome, entry.severity) == ("access.denied", "denied", "notice")
    assert entry.actor_id == str(viewer.pk)
    assert entry.target_id == "grant"
    assert entry.content["request"]["route"] == "jobs/<uuid>/"
    detail = payload_of(entry)["detail"]
    assert isinstance(detail, str)
    assert detail.startswith("nul\\x00byte")
    assert len(detail) == 500


@pytest.mark.django_db
def test_it_records_refusals_of_people_who_are_not_signed_in() -> None:
    anonymous = Actor.anonymous(REQUEST)

    with new_entries() as entries:
        record_csrf_failed(actor=anonymous)
        record_rate_limited(actor=anonymous, what="sign-in")
        record_bad_host(request=REQUEST)

    assert entries.actions == ["access.csrf_failed", "access.rate_limited", "access.bad_host"]
    assert {entry.actor_kind for entry in entries} == {"anonymous"}
    assert {entry.outcome for entry in entries} == {"denied"}


def test_a_refusal_stands_even_if_it_cannot_be_written(
    viewer: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(audit, "record_now", broken)

    with caplog.at_level(logging.ERROR):
        record_denied(actor=viewer.as_actor(), what="grant")

    assert "access.denied" in caplog.text
