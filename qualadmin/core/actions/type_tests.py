"""The test of a type: checked before it is asked for, kept beside the type, told apart by a digest."""

import hashlib
import json
from typing import Final
from uuid import UUID

from qualadmin.core.errors import ActionError
from qualadmin.core.models import QualificationTest, QualificationType
from qualadmin.questions.answer_key import check_fit, read_answer_key
from qualadmin.questions.question_form import read_question_form
from qualadmin.questions.reading import BadDocument

from .seen import WorkerTest

DURATION_LIMIT: Final = 365 * 86_400  # seconds; Amazon names no limit
FAULTS_TOLD: Final = 5


def digest_of(test: WorkerTest | None) -> str:
    """SHA-256 of form, key and time as a JSON list in hexadecimal; "" for no test. Entries name a test by it."""
    if test is None:
        return ""
    whole = json.dumps([test.question_form, test.answer_key, test.seconds], ensure_ascii=False)
    return hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()


def clean_test(test: WorkerTest, *, auto_granted: bool) -> None:
    """Raise ActionError for a test that Amazon would refuse, naming the field, line and column at fault."""
    if auto_granted:
        raise ActionError(
            "A type that Amazon grants to everybody who asks cannot have a test. Nothing was sent.",
            field="auto_granted",
            code="test_and_auto",
        )
    if not 0 < test.seconds <= DURATION_LIMIT:
        raise ActionError("The time for the test is from one second to one year.", field="duration")
    try:
        form = read_question_form(test.question_form)
    except BadDocument as error:
        raise _fault(error, "question_form", "The questions") from None
    if test.answer_key:
        try:
            check_fit(form, read_answer_key(test.answer_key))
        except BadDocument as error:
            raise _fault(error, "answer_key", "The answer key") from None


def keep_test(row: QualificationType, test: WorkerTest | None, *, entry: UUID) -> None:
    """Write the type's test down, inside the transaction that wrote `entry`. A type never loses a test it had."""
    if test is None:
        return
    QualificationTest.objects.update_or_create(
        type_id=row.pk,
        defaults={
            "question_form": test.question_form,
            "answer_key": test.answer_key,
            "duration_seconds": test.seconds,
            "audit_id": entry,
        },
    )


def worker_test(row: QualificationType) -> WorkerTest | None:
    """The test as it is known here."""
    if not row.has_test:
        return None
    kept = QualificationTest.objects.filter(type_id=row.pk).first()
    return None if kept is None else WorkerTest(kept.question_form, kept.answer_key, kept.duration_seconds)


def _fault(error: BadDocument, field: str, label: str) -> ActionError:
    told = " ".join(map(str, error.faults[:FAULTS_TOLD]))
    more = len(error.faults) - FAULTS_TOLD
    rest = f" And {more} more." if more > 0 else ""
    return ActionError(f"{label} cannot be used. {told}{rest}", field=field, code="bad_document")
