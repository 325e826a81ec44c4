"""From the values of the MTurk edge to those of the domain, which does not know that edge."""

from qualadmin.core.actions.seen import SeenHit, SeenHolder, SeenRequest, SeenType, SeenWork, WorkerTest
from qualadmin.mturk.types import RemoteAssignment, RemoteHit, RemoteQualification, RemoteRequest, RemoteType


def seen_type(remote: RemoteType) -> SeenType:
    """A type of Amazon's."""
    return SeenType(
        mturk_id=remote.type_id,
        name=remote.name,
        description=remote.description,
        keywords=remote.keywords or "",
        status=remote.status.value,
        auto_granted=remote.auto_granted,
        auto_granted_value=remote.auto_granted_value,
        retry_delay_seconds=remote.retry_delay_seconds,
        test=seen_test(remote),
        is_requestable=remote.is_requestable,
        creation_time=remote.created_at,
    )


def seen_test(remote: RemoteType) -> WorkerTest | None:
    """Its test with key and time, if it has one."""
    if remote.test is None:
        return None
    return WorkerTest(remote.test, remote.answer_key or "", remote.test_duration_seconds or 0)


def seen_holder(remote: RemoteQualification) -> SeenHolder:
    """A worker's qualification."""
    return SeenHolder(remote.worker_id, remote.status.value, remote.value, remote.grant_time)


def seen_request(remote: RemoteRequest) -> SeenRequest:
    """A request that waits."""
    return SeenRequest(
        remote.request_id,
        remote.type_id,
        remote.worker_id,
        remote.submitted_at,
        test=remote.test or "",
        answers=remote.answer or "",
    )


def seen_hit(remote: RemoteHit) -> SeenHit:
    """A HIT of the account."""
    return SeenHit(
        hit_id=remote.hit_id,
        title=remote.title,
        status=remote.status,
        created_at=remote.created_at,
        max_assignments=remote.max_assignments,
        available=remote.available,
        pending=remote.pending,
        completed=remote.completed,
    )


def seen_work(remote: RemoteAssignment) -> SeenWork:
    """What one worker handed in."""
    return SeenWork(
        remote.assignment_id, remote.hit_id, remote.worker_id, remote.status.value, remote.submitted_at
    )
