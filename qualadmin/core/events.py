"""Everything that is ever written into the audit log by the domain: the closed vocabulary.

A name is `object.verb` in the past tense. `changes` names the fields that may appear with before and after;
`payload` the free texts kept beside the entry, committed by a salted hash. An unknown name, field or key raises.
In a sentence, {actor} is the person (and for tasks the person they act for), {target} the object's label.
"""

from typing import Final

from qualadmin.audit.types import Outcome, Severity
from qualadmin.audit.vocabulary import Event, register

INFO: Final = Severity.INFO
NOTICE: Final = Severity.NOTICE
WARNING: Final = Severity.WARNING
CRITICAL: Final = Severity.CRITICAL
OK: Final = Outcome.OK
STARTED: Final = Outcome.STARTED
FAILED: Final = Outcome.FAILED
DENIED: Final = Outcome.DENIED
UNKNOWN: Final = Outcome.UNKNOWN


def _event(
    name: str,
    sentence: str,
    *,
    severity: Severity = INFO,
    outcomes: tuple[Outcome, ...] = (OK,),
    changes: str = "",
    payload: str = "",
) -> Event:
    return Event(
        name=name,
        severity=severity,
        outcomes=frozenset(outcomes),
        changes=frozenset(changes.split()) or None,
        payload=frozenset(payload.split()),
        sentence=sentence,
    )


EVENTS = (
    # signing in
    _event("auth.login.succeeded", "{actor} signed in"),
    _event("auth.login.failed", "A sign-in failed", severity=NOTICE, outcomes=(FAILED,), payload="user_name"),
    _event(
        "auth.login.locked",
        "Sign-in was held back after too many tries",
        severity=WARNING,
        outcomes=(DENIED,),
        payload="user_name",
    ),
    _event("auth.logout", "{actor} signed out"),
    _event("auth.password.changed", "{actor} changed the password of {target}", severity=NOTICE),
    _event("auth.sessions.ended", "{actor} signed out everywhere else"),
    # programs
    _event(
        "user.token.created",
        "{actor} made an access token for programs",
        severity=WARNING,
        changes="scopes account expires",
        payload="name",
    ),
    _event("user.token.revoked", "{actor} revoked {target}", severity=NOTICE),
    _event(
        "auth.token.refused",
        "A program was refused: its access token does not work",
        severity=NOTICE,
        outcomes=(DENIED,),
        changes="cause",
    ),
    # refusals
    _event(
        "access.denied",
        "{actor} was refused: {target}",
        severity=NOTICE,
        outcomes=(DENIED,),
        payload="detail",
    ),
    _event("access.csrf_failed", "A form without a valid token was refused", severity=NOTICE, outcomes=(DENIED,)),
    _event("access.rate_limited", "{actor} was slowed down", severity=NOTICE, outcomes=(DENIED,)),
    _event(
        "access.bad_host",
        "A request for a foreign host name was refused",
        severity=NOTICE,
        outcomes=(DENIED,),
    ),
    # people
    _event(
        "user.invited",
        "{actor} added {target}",
        severity=NOTICE,
        changes="username full_name email",
    ),
    _event("user.updated", "{actor} changed {target}", severity=NOTICE, changes="full_name email"),
    _event("user.deactivated", "{actor} closed the access of {target}", severity=NOTICE, changes="is_active"),
    _event("user.activated", "{actor} opened the access of {target} again", severity=NOTICE, changes="is_active"),
    _event("role.granted", "{actor} gave a role to {target}", severity=WARNING, changes="role account production"),
    _event(
        "role.revoked",
        "{actor} took a role from {target}",
        severity=WARNING,
        changes="role account production",
    ),
    # accounts
    _event(
        "account.created",
        "{actor} added the account {target}",
        severity=WARNING,
        changes="name environment profile_name role_arn external_id aws_account_id",
    ),
    _event(
        "account.updated",
        "{actor} changed the account {target}",
        severity=WARNING,
        changes="name profile_name role_arn external_id aws_account_id reason_required",
    ),
    _event("account.archived", "{actor} archived the account {target}", severity=WARNING, changes="archived"),
    _event("account.enabled", "{actor} switched {target} on", severity=WARNING, changes="is_enabled"),
    _event("account.disabled", "{actor} switched {target} off", severity=WARNING, changes="is_enabled"),
    _event(
        "account.paused",
        "{target} was paused by {actor}",
        severity=CRITICAL,
        changes="paused",
        payload="detail",
    ),
    _event("account.resumed", "{actor} resumed {target}", severity=WARNING, changes="paused"),
    _event("account.test.requested", "{actor} asked for a connection test of {target}"),
    _event(
        "account.test.finished",
        "Amazon answered the connection test of {target}",
        outcomes=(OK, FAILED),
        changes="balance",
        payload="detail",
    ),
    # studies
    _event(
        "study.created",
        "{actor} added the study {target}",
        severity=NOTICE,
        changes="title protocol_number slug",
    ),
    _event(
        "study.updated",
        "{actor} changed the study {target}",
        severity=NOTICE,
        changes="title protocol_number is_open",
    ),
    _event("study.investigator.added", "{actor} named a PI of {target}", severity=WARNING, changes="investigator"),
    _event(
        "study.investigator.removed",
        "{actor} removed a PI of {target}",
        severity=WARNING,
        changes="investigator",
    ),
    # qualification types
    _event(
        "qtype.create.requested",
        "{actor} asked Amazon to create the type {target}",
        severity=NOTICE,
        outcomes=(STARTED,),
        changes="name status auto_granted auto_granted_value retry_delay_seconds",
        payload="description keywords",
    ),
    _event(
        "qtype.create.finished",
        "Amazon answered: type {target}",
        severity=NOTICE,
        outcomes=(OK, FAILED, UNKNOWN),
        changes="state mturk_id",
        payload="detail",
    ),
    _event(
        "qtype.imported",
        "{actor} imported the type {target} from Amazon",
        severity=NOTICE,
        changes="mturk_id status",
    ),
    _event(
        "qtype.updated",
        "{actor} changed the settings of {target}",
        severity=NOTICE,
        changes="default_score min_score max_score",
    ),
    _event(
        "qtype.seen_changed",
        "{target} differs at Amazon and was brought up to date",
        severity=NOTICE,
        changes="status description keywords state auto_granted auto_granted_value retry_delay_seconds has_test",
    ),
    _event("qtype.sync.requested", "{actor} asked Amazon who holds {target}"),
    _event("account.sync.requested", "{actor} asked Amazon for the types and requests of {target}"),
    _event(
        "qtype.synced",
        "Amazon's list of holders of {target} was compared",
        outcomes=(OK, FAILED),
        changes="holders differences",
        payload="detail",
    ),
    # files and jobs
    _event("file.uploaded", "{actor} uploaded a list", changes="sha256 bytes rows source", payload="file_name"),
    _event(
        "list.selected",
        "{actor} selected workers on the list of holders of {target}",
        changes="sha256 rows matching verb",
        payload="origin",
    ),
    _event(
        "list.reused",
        "{actor} took the workers of {target} for a new list",
        changes="sha256 rows verb",
        payload="origin",
    ),
    _event(
        "file.rejected",
        "A file of {actor} was refused",
        severity=NOTICE,
        outcomes=(DENIED,),
        changes="sha256 bytes code",
        payload="file_name detail",
    ),
    _event(
        "job.created",
        "{actor} started the job {target}",
        severity=NOTICE,
        changes="kind total new score_changes revokes skipped notify sha256 rows_sha256 corrections environment"
        " undoes",
        payload="reason file_name origin revoke_reason",
    ),
    _event(
        "job.approval.requested",
        "{actor} asked for approval of the job {target}",
        severity=WARNING,
        changes="state workers revokes lowers emails",
    ),
    _event(
        "job.approval.granted",
        "{actor} approved the job {target}",
        severity=WARNING,
        changes="state",
        payload="words",
    ),
    _event(
        "job.approval.declined",
        "{actor} sent the job {target} back",
        severity=NOTICE,
        changes="state given_up",
        payload="words",
    ),
    _event(
        "job.approval.withdrawn", "{actor} withdrew the job {target}", severity=NOTICE, changes="state given_up"
    ),
    _event("job.part_prepared", "A part of the job {target} was prepared", changes="prepared_to retried"),
    _event("job.prepared", "The job {target} was ready to be sent", changes="state"),
    _event("job.paused", "{actor} paused the job {target}", severity=NOTICE, changes="state"),
    _event("job.stopped", "{actor} stopped the job {target}", severity=NOTICE, changes="state given_up"),
    _event("job.resumed", "{actor} resumed the job {target}", severity=NOTICE, changes="state"),
    _event("job.retried", "{actor} retried what failed in {target}", severity=NOTICE, changes="state retried"),
    _event("job.undo.prepared", "{actor} looked at what undoing {target} would do", changes="rows left"),
    _event("job.undone", "{actor} started to undo the job {target}", severity=WARNING, changes="undo_job total"),
    _event(
        "job.finished",
        "The job {target} finished",
        changes="state done failed skipped cancelled needs_person",
    ),
    _event("job.exported", "{actor} downloaded the results of {target}", severity=NOTICE, changes="rows"),
    _event("change.cancelled", "A change of {target} was cancelled", severity=NOTICE, changes="state cause count"),
    # calls to Amazon
    _event(
        "mturk.call.started",
        "{actor} asked Amazon: {target} {result}",
        outcomes=(STARTED,),
        changes="state value status",
    ),
    _event(
        "mturk.call.finished",
        "Amazon answered {actor}: {target} {result}, {outcome_words}",
        outcomes=(OK, FAILED),
        changes="state value status",
        payload="detail",
    ),
    _event(
        "mturk.call.unknown",
        "No clear answer from Amazon for {actor}: {target}",
        severity=WARNING,
        outcomes=(UNKNOWN,),
        changes="state",
        payload="detail",
    ),
    _event(
        "mturk.call.put_back",
        "Amazon did not take the call of {actor}: {target}; it is sent again",
        outcomes=(FAILED,),
        changes="state cause",
        payload="detail",
    ),
    _event(
        "mturk.call.reconciled",
        "Looked up at Amazon for {actor}: {target} {result}, {outcome_words}",
        outcomes=(OK, FAILED, UNKNOWN),
        changes="state value status found",
        payload="detail",
    ),
    _event(
        "mturk.call.late_result",
        "A late answer of Amazon for {actor}: {target}",
        severity=WARNING,
        outcomes=(OK, FAILED, UNKNOWN),
        changes="found",
        payload="detail",
    ),
    _event(
        "mturk.drift.detected",
        "Changed outside qualadmin: {target} {result}",
        severity=WARNING,
        changes="status value",
    ),
    _event("mturk.breaker.opened", "Calls to {target} are held back", severity=WARNING, changes="cause seconds"),
    _event("mturk.breaker.closed", "Amazon answers again: calls to {target} go on"),
    # requests of workers
    _event("request.seen", "Workers asked for {target}", changes="count"),
    _event("request.closed", "Requests for {target} are no longer waiting", changes="count"),
    # workers
    _event("worker.searched", "{actor} looked up a worker", changes="found"),
    _event(
        "worker.revealed",
        "{actor} asked whose a pseudonym is, and gave a reason",
        severity=WARNING,
        changes="found",
        payload="reason",
    ),
    _event("worker.check.requested", "{actor} asked Amazon about one worker: {target}"),
    _event("worker.note.added", "{actor} wrote a note about a worker", payload="note"),
    # oversight
    _event("oversight.muted", "{actor} muted a rule of oversight: {target}", severity=WARNING, payload="reason"),
    _event("oversight.unmuted", "{actor} took back the muting of a rule of oversight: {target}", severity=NOTICE),
    # reading the log
    _event("audit.viewed", "{actor} read the audit log", payload="filter"),
    _event(
        "audit.exported",
        "{actor} downloaded audit entries",
        severity=NOTICE,
        changes="rows format size bytes sha256 worker_ids complete",
        payload="filter",
    ),
    _event(
        "audit.export.broken_off",
        "A download of {actor} broke off: audit entries",
        severity=NOTICE,
        outcomes=(FAILED,),
        changes="bytes",
    ),
    # the service
    _event(
        "system.worker.restarted",
        "The task cluster was started again",
        severity=WARNING,
        changes="cause silent_seconds",
    ),
    _event(
        "system.backup.finished",
        "{actor} took a backup of the database",
        changes="entries root sha256 bytes",
    ),
    _event(
        "system.backup.failed",
        "A backup by {actor} failed",
        severity=WARNING,
        outcomes=(FAILED,),
        payload="detail",
    ),
    _event(
        "system.backup.restored",
        "{actor} restored the database from a backup; nothing can be changed until a manager and a PI have looked",
        severity=CRITICAL,
        changes="taken_at entries root sha256 put_aside",
    ),
    _event(
        "system.drift.requested", "{actor} asked to compare the restored database with Amazon", severity=NOTICE
    ),
    _event(
        "system.drift.exported",
        "{actor} downloaded what differs since the backup",
        severity=NOTICE,
        changes="rows",
    ),
    _event(
        "system.opening.agreed",
        "{actor} agreed to open the service again after a restore",
        severity=WARNING,
        changes="seat differences",
    ),
    _event("system.opened", "The service was opened again after a restore by {actor}", severity=CRITICAL),
    _event("system.demo.seeded", "Demo data was put in", severity=NOTICE),
)

register(*EVENTS)
