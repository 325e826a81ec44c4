"""Tests that somebody is still writing: working data. Nothing leaves for Amazon, and nobody else sees them."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from qualadmin.core.actor import Actor
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import DraftedTest, QualificationType, RequesterAccount
from qualadmin.core.permissions import Permission, require

from .seen import WorkerTest
from .type_tests import worker_test


def start_drafted_test(
    *,
    actor: Actor,
    account: RequesterAccount,
    type: QualificationType | None = None,
    answers: dict[str, Any] | None = None,
) -> DraftedTest:
    """Begin with the test that `type` has, or with an empty page. `answers`: what the form of a new type holds."""
    require(actor, Permission.MANAGE_TYPES, str(account.pk), production=account.is_production)
    draft = DraftedTest(account=account, type=type, created_by_id=actor.person_id, answers=answers or {})
    test = worker_test(type) if type is not None else None
    if test is not None:
        draft.question_form, draft.answer_key = test.question_form, test.answer_key
        draft.duration_seconds = test.seconds
    draft.save(force_insert=True)
    return draft


def keep_drafted_test(*, actor: Actor, draft: DraftedTest, test: WorkerTest) -> DraftedTest:
    """Keep what was written so far."""
    _own(actor, draft)
    draft.question_form, draft.answer_key = test.question_form, test.answer_key
    draft.duration_seconds = test.seconds
    draft.save(update_fields=["question_form", "answer_key", "duration_seconds", "updated_at"])
    return draft


def keep_answers(*, actor: Actor, draft: DraftedTest, answers: dict[str, Any]) -> DraftedTest:
    """Keep what the form of a new type holds while its test is written."""
    _own(actor, draft)
    draft.answers = answers
    draft.save(update_fields=["answers", "updated_at"])
    return draft


def drop_old_drafts(*, before: datetime) -> int:
    """Forget drafts that nobody touched since then."""
    return DraftedTest.objects.filter(updated_at__lt=before).delete()[0]


def own_drafts(actor: Actor, account: RequesterAccount) -> "QuerySet[DraftedTest]":
    """The person's drafts for this account."""
    return DraftedTest.objects.select_related("type", "account").filter(
        account=account, created_by_id=actor.user_id
    )


def drafted(draft: DraftedTest) -> WorkerTest | None:
    """What is written so far, if anything."""
    if not draft.question_form:
        return None
    return WorkerTest(draft.question_form, draft.answer_key, draft.duration_seconds)


def _own(actor: Actor, draft: DraftedTest) -> None:
    account = draft.account
    require(actor, Permission.MANAGE_TYPES, str(account.pk), production=account.is_production)
    if draft.created_by_id != actor.user_id:
        raise NotVisible
