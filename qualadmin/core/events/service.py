"""The service: cluster, backups, restores."""

from .event import CRITICAL, FAILED, NOTICE, WARNING, event

EVENTS = (
    event(
        "system.worker.restarted",
        "The task cluster was started again",
        severity=WARNING,
        changes="cause silent_seconds",
    ),
    event(
        "system.backup.finished",
        "{actor} took a backup of the database",
        changes="entries root sha256 bytes",
    ),
    event(
        "system.backup.failed",
        "A backup by {actor} failed",
        severity=WARNING,
        outcomes=(FAILED,),
        payload="detail",
    ),
    event(
        "system.backup.restored",
        "{actor} restored the database from a backup; nothing can be changed until a manager and a PI have looked",
        severity=CRITICAL,
        changes="taken_at entries root sha256 put_aside",
        payload="reason",
    ),
    event("system.drift.requested", "{actor} asked to compare the restored database with Amazon", severity=NOTICE),
    event(
        "system.drift.exported",
        "{actor} downloaded what differs since the backup",
        severity=NOTICE,
        changes="rows",
    ),
    event(
        "system.opening.agreed",
        "{actor} agreed to open the service again after a restore",
        severity=WARNING,
        changes="seat differences",
    ),
    event("system.opened", "The service was opened again after a restore by {actor}", severity=CRITICAL),
    event("system.demo.seeded", "Demo data was put in", severity=NOTICE),
)
