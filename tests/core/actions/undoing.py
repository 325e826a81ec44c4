"""From the button of a job to what workers hold afterwards."""

from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.undo import prepare_undo
from qualadmin.core.models import Job, Preview, Qualification, QualificationType, User
from tests.tasks.hands import finish


def held(wave: QualificationType) -> dict[str, tuple[str, int | None]]:
    """What each worker holds, as last seen."""
    rows = Qualification.objects.filter(type=wave).values_list("worker__worker_id", "status", "value")
    return {worker or "": (status, value if status == "Granted" else None) for worker, status, value in rows}


def confirm(person: User, preview: Preview) -> Job:
    return confirm_preview(actor=person.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)


def prepare(person: User, job: Job, reason: str = "wrong list") -> Preview:
    return prepare_undo(actor=person.as_actor(), job_id=job.pk, reason=reason)


def undo(person: User, job: Job) -> Job:
    """From the button to the end."""
    done = confirm(person, prepare(person, job))
    finish(done.account)
    done.refresh_from_db()
    return done
