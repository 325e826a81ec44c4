"""What about the service needs a person: what happened, what did not, what to do. For its page and for mails."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from .vitals import AccountVitals, Disk, Keeping, Sending, Vitals

#: Longer than a cluster takes to be noticed as dead and to come back, so that a restart alone is no news.
CLUSTER_GONE_AFTER: Final = timedelta(minutes=3)
LEFT_LYING_AFTER: Final = timedelta(minutes=15)
#: The log is sealed and published at least once a day, also when nothing happens; two hours are for being late.
UNPUBLISHED_AFTER: Final = timedelta(hours=26)
BACKUP_AFTER: Final = timedelta(hours=48)
REFUSED_SHOWN: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing to look at. `key` tells a happening from the next one; `mail`: managers are told by mail.

    `tone`: `bad` where something stands still or is at stake, `warn` otherwise. `account`: whose page to open.
    """

    key: str
    tone: str
    title: str
    text: str
    mail: bool = False
    account: AccountVitals | None = None


def concerns_of(vitals: Vitals, now: datetime) -> list[Concern]:
    """Everything that needs somebody, worst first."""
    sending, keeping = vitals.sending, vitals.keeping
    found = [
        *_clusters(sending, now),
        *_queue(vitals),
        *(one for account in sending.accounts for one in _account(account, sending, now)),
        *_refused(keeping, now),
        *_verification(keeping),
        *_checkpoints(keeping, now),
        *_disk(vitals.disk),
        *_backup(keeping, now),
    ]
    return sorted(found, key=lambda one: one.tone != "bad")


def failing_of(sending: Sending) -> list[str]:
    """The parts of the service that do not do their work, in the words of `/readyz`."""
    failing = []
    if not sending.is_beating:
        failing.append("cluster")
    if sending.left_lying > LEFT_LYING_AFTER:
        failing.append("changes")
    return failing


def _clusters(sending: Sending, now: datetime) -> Iterator[Concern]:
    if sending.is_beating:
        return
    beat = sending.clusters[0].beat_at if sending.clusters else None
    gone = beat is None or now - beat > CLUSTER_GONE_AFTER
    if sending.oldest_due > CLUSTER_GONE_AFTER:
        text = (
            "Changes wait to be sent, and nobody sends them. Nothing is lost or made twice: they go on when a "
            "cluster runs again. On the server, see why the service of “manage.py run_worker” ended, and start it."
        )
        yield Concern("cluster", "bad", "No task cluster is running", text, mail=gone)
        return
    text = (
        "Nothing waits to be sent just now. Whatever is confirmed from now on waits until one runs. On the "
        "server, start the service of “manage.py run_worker”."
    )
    yield Concern("cluster", "warn", "No task cluster is running", text)


def _queue(vitals: Vitals) -> Iterator[Concern]:
    if vitals.messages is None:
        text = (
            "Task clusters hear of new work by Redis, so work waits. No change is lost: they are in the database. "
            "See whether Redis runs and whether QUALADMIN_REDIS_URL is right."
        )
        yield Concern("queue", "bad", "Redis does not answer", text)


def _account(one: AccountVitals, sending: Sending, now: datetime) -> Iterator[Concern]:
    account, lying = one.account, one.left_lying(now)
    if account.paused_reason:
        text = (
            f"{account.paused_reason} Nothing is sent for it; what is planned waits. Test the connection on the "
            "page of the account, and resume it when that works."
        )
        yield Concern(f"paused:{account.pk}", "bad", f"“{account.name}” is paused", text, mail=True, account=one)
    elif one.breaker != "closed":
        text = (
            "Amazon gave no clear answers several times, so nothing is sent for a minute; then one question is "
            "asked, and it goes on by itself. If that happens three times in an hour, the account is paused."
        )
        title = f"Calls to “{account.name}” are held back"
        yield Concern(f"breaker:{account.pk}", "warn", title, text, account=one)
    elif sending.is_beating and lying > LEFT_LYING_AFTER:
        text = (
            "A task cluster runs, but it does not get to sending these changes: most likely it cannot find out "
            "whose credentials it has. Nothing is lost. Test the connection on the page of the account; the log "
            "of the task cluster says why."
        )
        title = f"Changes of “{account.name}” are not sent"
        yield Concern(f"lying:{account.pk}", "bad", title, text, mail=True, account=one)


def _refused(keeping: Keeping, now: datetime) -> Iterator[Concern]:
    """For a day: it may have been one attempt, of whoever tried to write past the log."""
    last = keeping.refused.last_at
    if last is None or now - last > REFUSED_SHOWN:
        return
    text = (
        "The database refused an entry, so what it was about was not done either. Something may have written into "
        "the log past qualadmin. Do not repair anything yet: run “manage.py audit_verify” on the server, which "
        "names what it finds, and tell the PIs. The diagnostic log says what was refused and why."
    )
    yield Concern("log-refused", "bad", "The audit log did not take an entry", text, mail=True)


def _verification(keeping: Keeping) -> Iterator[Concern]:
    last = keeping.verified
    if last is None or last.outcome == "ok":
        return
    if last.outcome == "failed":
        title = "The audit log is not as it should be"
        text = (
            "The last verification found something. Do not restore or repair anything yet. Run "
            "“manage.py audit_verify” on the server: it names every entry. Keep what it says, and tell the PIs."
        )
    else:
        title = "The audit log could not be verified"
        text = (
            "The last verification did not get to its end, so it proves nothing. Run “manage.py audit_verify” on "
            "the server: it says what was in the way."
        )
    yield Concern(f"verification:{last.seq}", "bad", title, text, mail=last.by_person)


def _checkpoints(keeping: Keeping, now: datetime) -> Iterator[Concern]:
    """Only where the log was ever sealed: whether it is, is the lab's decision."""
    if keeping.sealed_at is None:
        return
    if not settings.AUDIT_PLACES and keeping.published_at is None:
        text = (
            "They lie in the database only, where whoever owns it could change them. Name a place in "
            "QUALADMIN_AUDIT_PLACES, for the pages and for the sealer."
        )
        yield Concern("unpublished", "warn", "Checkpoints of the audit log are published nowhere", text)
        return
    known = keeping.published_at or keeping.sealed_at
    if now - known > UNPUBLISHED_AFTER:
        text = (
            "What was written since is protected by the database's own rules only. See on the server whether "
            "“manage.py audit_seal” runs and what it says. Checkpoints that wait are published when it can."
        )
        title = "No checkpoint of the audit log was published for a day"
        yield Concern("unpublished", "bad", title, text, mail=True)


def _disk(disk: Disk) -> Iterator[Concern]:
    if disk.is_low:
        share = 100 * disk.free // disk.total if disk.total else 0
        text = (
            f"{disk.free / 2**30:.1f} GiB are free, {share} %. When it is full, nothing can be granted or written "
            "down any more. Make room: old backups and logs first, or move the state folder to a larger disk."
        )
        yield Concern("disk", "bad", "The disk is nearly full", text, mail=True)


def _backup(keeping: Keeping, now: datetime) -> Iterator[Concern]:
    """In the demo there is nothing to keep."""
    if not settings.LIVE or (keeping.backup_at and now - keeping.backup_at <= BACKUP_AFTER):
        return
    title = "No backup for two days" if keeping.backup_at else "There was never a backup"
    text = "Run “manage.py backup” on the server, and let a timer do so every hour (docs/running.md says how)."
    yield Concern("backup", "warn", title, text)
