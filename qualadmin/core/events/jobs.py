"""Lists, files, jobs and their approval."""

from .event import DENIED, FAILED, NOTICE, WARNING, event

EVENTS = (
    event("file.uploaded", "{actor} uploaded a list", changes="sha256 bytes rows source", payload="file_name"),
    event(
        "list.selected",
        "{actor} selected workers on the list of holders of {target}",
        changes="sha256 rows matching verb",
        payload="origin",
    ),
    event(
        "list.found",
        "{actor} selected workers found by their ID in {target}",
        changes="sha256 rows matching verb",
        payload="origin",
    ),
    event(
        "list.reused",
        "{actor} took the workers of {target} for a new list",
        changes="sha256 rows verb",
        payload="origin",
    ),
    event("list.ended", "{actor} had what ends worked out in {target}", changes="rows"),
    event(
        "list.ended.failed",
        "What ended in {target} could not be taken away",
        severity=WARNING,
        outcomes=(FAILED,),
        payload="detail",
    ),
    event("list.ruled", "{actor} had a run of the rule {target} worked out", changes="rows revokes"),
    event(
        "file.rejected",
        "A file of {actor} was refused",
        severity=NOTICE,
        outcomes=(DENIED,),
        changes="sha256 bytes code",
        payload="file_name detail",
    ),
    event(
        "job.created",
        "{actor} started the job {target}",
        severity=NOTICE,
        changes="kind total new score_changes revokes rejects skipped notify sha256 rows_sha256 corrections"
        " environment undoes rule hold_until hold_days",
        payload="reason file_name origin revoke_reason",
    ),
    event(
        "job.approval.requested",
        "{actor} asked for approval of the job {target}",
        severity=WARNING,
        changes="state workers revokes lowers emails",
    ),
    event(
        "job.approval.granted",
        "{actor} approved the job {target}",
        severity=WARNING,
        changes="state",
        payload="words",
    ),
    event(
        "job.approval.declined",
        "{actor} sent the job {target} back",
        severity=NOTICE,
        changes="state given_up",
        payload="words",
    ),
    event(
        "job.approval.withdrawn", "{actor} withdrew the job {target}", severity=NOTICE, changes="state given_up"
    ),
    event("job.part_prepared", "A part of the job {target} was prepared", changes="prepared_to retried"),
    event("job.prepared", "The job {target} was ready to be sent", changes="state"),
    event("job.paused", "{actor} paused the job {target}", severity=NOTICE, changes="state failed"),
    event("job.stopped", "{actor} stopped the job {target}", severity=NOTICE, changes="state given_up"),
    event("job.resumed", "{actor} resumed the job {target}", severity=NOTICE, changes="state"),
    event("job.retried", "{actor} retried what failed in {target}", severity=NOTICE, changes="state retried"),
    event("job.undo.prepared", "{actor} looked at what undoing {target} would do", changes="rows left"),
    event("job.undone", "{actor} started to undo the job {target}", severity=WARNING, changes="undo_job total"),
    event(
        "job.finished",
        "The job {target} finished",
        changes="state done failed skipped cancelled needs_person",
    ),
    event("job.exported", "{actor} downloaded the results of {target}", severity=NOTICE, changes="rows"),
    event("change.cancelled", "A change of {target} was cancelled", severity=NOTICE, changes="state cause count"),
)
