"""Lists of workers: the union of their sources, whatever is added and dropped."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.actions import lists as actions
from qualadmin.core.actions import parts
from qualadmin.core.actions.list_reading import due_lists, read_list
from qualadmin.core.actions.list_sources import add_holders, add_list_source, add_workers, drop_source
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    ListSource,
    Membership,
    Qualification,
    QualificationType,
    RequesterAccount,
    Study,
    User,
    Worker,
    WorkerList,
)
from tests.entries import new_entries, newest, payload_of
from tests.factories import QualificationFactory, TypeFactory
from tests.people import Cast

pytestmark = pytest.mark.django_db
BATCH = (
    b'"HITId","WorkerId","AssignmentStatus","SubmitTime"\n'
    b'"3HIT","A1MADEUPWORKER","Approved","Tue Oct 06 10:00:00 PDT 2026"\n'
    b'"3HIT","A2MADEUPWORKER","Rejected","Tue Oct 06 11:00:00 PDT 2026"\n'
)


def make(granter: User, account: RequesterAccount, name: str = "Prior participants") -> WorkerList:
    return actions.add_list(actor=granter.as_actor(), account=account, name=name)


def paste(granter: User, one: WorkerList, *ids: str, **more: object) -> ListSource:
    content = "\n".join(ids).encode()
    return add_workers(actor=granter.as_actor(), list_id=one.pk, content=content, **more)  # type: ignore[arg-type]


def members(one: WorkerList) -> set[str | None]:
    return set(Membership.objects.filter(list=one).values_list("worker__worker_id", flat=True))


def test_a_batch_file_gives_workers_and_the_day_they_took_part(granter: User, account: RequesterAccount) -> None:
    one = make(granter, account)
    with new_entries() as entries:
        source = add_workers(actor=granter.as_actor(), list_id=one.pk, content=BATCH, file_name="batch.csv")
    assert entries.actions == ["workerlist.source.added", "workerlist.workers.met", "workerlist.read"]
    [member] = Membership.objects.filter(list=one)
    assert (member.worker.worker_id, member.at) == ("A1MADEUPWORKER", datetime(2026, 10, 6, 17, tzinfo=UTC))
    assert member.since <= timezone.now()
    one.refresh_from_db()
    assert (one.members, source.members, source.label) == (1, 1, "batch.csv")
    everybody = paste(granter, one, "A1MADEUPWORKER", "A2MADEUPWORKER", taken_on=date(2026, 5, 1))
    assert set(everybody.memberships.values_list("at", flat=True)) == {datetime(2026, 5, 1, tzinfo=UTC)}


def test_drop_a_source_and_its_workers_leave(granter: User, account: RequesterAccount) -> None:
    one = make(granter, account)
    first = paste(granter, one, "A1MADEUPWORKER", "A2MADEUPWORKER")
    paste(granter, one, "A2MADEUPWORKER", "A3MADEUPWORKER")
    above = make(granter, account, "Everybody")
    add_list_source(actor=granter.as_actor(), list_id=above.pk, other=one)
    assert members(one) == members(above) == {"A1MADEUPWORKER", "A2MADEUPWORKER", "A3MADEUPWORKER"}
    with new_entries() as entries:
        drop_source(actor=granter.as_actor(), source_id=first.pk)
        drop_source(actor=granter.as_actor(), source_id=first.pk)
    assert entries.actions == ["workerlist.source.dropped", "workerlist.read", "workerlist.read"]
    assert members(one) == members(above) == {"A2MADEUPWORKER", "A3MADEUPWORKER"}
    one.refresh_from_db()
    assert one.members == 2
    assert Worker.objects.filter(worker_id="A1MADEUPWORKER").exists()  # nobody is deleted


def test_a_list_follows_the_holders_of_a_type(
    granter: User, wave: QualificationType, account: RequesterAccount
) -> None:
    held = [QualificationFactory(type=wave) for _ in range(2)]
    QualificationFactory(type=wave, status="Revoked")
    one = make(granter, account)
    add_holders(actor=granter.as_actor(), list_id=one.pk, type=wave)
    assert members(one) == {row.worker.worker_id for row in held}
    assert set(Membership.objects.values_list("at", flat=True)) == {held[0].grant_time}
    later = datetime(2026, 6, 1, tzinfo=UTC)
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("mturk.drift.detected", subject=held[0].worker_id)
        Qualification.objects.filter(pk=held[0].pk).update(status="Revoked", audit_id=entry)
        Qualification.objects.filter(pk=held[1].pk).update(grant_time=later, audit_id=entry)
    newer = QualificationFactory(type=wave)
    assert due_lists() == [one.pk]
    reading = read_list(actor=granter.as_actor(), list_id=one.pk)
    assert (reading.added, reading.removed, reading.members) == (1, 1, 2)
    assert members(one) == {held[1].worker.worker_id, newer.worker.worker_id}
    assert Membership.objects.get(worker=held[1].worker).at == later
    with new_entries() as entries:
        read_list(actor=granter.as_actor(), list_id=one.pk)
    assert entries.actions == []


def test_lists_never_follow_themselves(granter: User, account: RequesterAccount) -> None:
    a, b, c = (make(granter, account, name) for name in "ABC")
    actor = granter.as_actor()
    add_list_source(actor=actor, list_id=a.pk, other=b)
    add_list_source(actor=actor, list_id=b.pk, other=c)
    with pytest.raises(ActionError, match="“C” would follow itself: it would follow “A”, which follows “B”"):
        add_list_source(actor=actor, list_id=c.pk, other=a)
    with pytest.raises(ActionError, match="cannot be its own source"):
        add_list_source(actor=actor, list_id=a.pk, other=a)
    paste(granter, c, "A1MADEUPWORKER")
    assert members(a) == {"A1MADEUPWORKER"}  # by way of B
    with pytest.raises(Conflict, match="“B” uses this list"):
        actions.archive_list(actor=actor, one=c)


def test_what_cannot_be_a_source_is_refused(granter: User, cast: Cast, account: RequesterAccount) -> None:
    one, actor = make(granter, account), granter.as_actor()
    with pytest.raises(ActionError, match="another account"):
        add_holders(actor=actor, list_id=one.pk, type=TypeFactory(account=cast.other_account))
    elsewhere = make(granter, cast.other_account)
    with pytest.raises(ActionError, match="another account"):
        add_list_source(actor=actor, list_id=one.pk, other=elsewhere)
    with pytest.raises(ActionError, match=r"1 line could not be read.*Line 2"):
        paste(granter, one, "A1MADEUPWORKER", "nonsense!")
    assert members(one) == set()
    paste(granter, one, "A1MADEUPWORKER", "nonsense!", leave_out=True)
    with pytest.raises(Conflict, match="already"):
        paste(granter, one, "A1MADEUPWORKER", "nonsense!", leave_out=True)
    with pytest.raises(ActionError, match="not come yet"):
        paste(granter, one, "A2MADEUPWORKER", taken_on=date(2999, 1, 1))
    with pytest.raises(ActionError, match="No worker is left"):
        add_workers(
            actor=actor, list_id=one.pk, file_name="r.csv", content=BATCH.replace(b"Approved", b"Rejected")
        )
    with pytest.raises(NotAllowed):
        paste(cast.manager, one, "A2MADEUPWORKER")
    with pytest.raises(NotVisible):
        paste(cast.outsider, one, "A2MADEUPWORKER")
    assert members(one) == {"A1MADEUPWORKER"}


def test_names_and_studies(granter: User, pi: User, study: Study, account: RequesterAccount) -> None:
    one = make(granter, account)
    with pytest.raises(ActionError, match="this name already"):
        make(granter, account)
    told = newest("workerlist.created")
    assert (told.target_id, told.stream, told.actor_id) == (str(one.pk), account.stream, str(granter.pk))
    assert told.changes["name"] == [None, one.name]
    stale = WorkerList.objects.get(pk=one.pk)
    actions.update_list(actor=granter.as_actor(), one=one, name="Wave 1 to 3", study=study, note="For wave 4")
    with pytest.raises(Conflict):
        actions.update_list(actor=granter.as_actor(), one=stale, name="Other")
    assert (one.name, one.stream) == ("Wave 1 to 3", study.stream)
    assert one in WorkerList.objects.visible_to(pi.as_actor())
    told = newest("workerlist.updated")
    assert (told.actor_id, told.changes["name"][1]) == (str(granter.pk), "Wave 1 to 3")
    assert payload_of(told) == {"note": "For wave 4"}
    actions.archive_list(actor=granter.as_actor(), one=one)
    one.refresh_from_db()
    told = newest("workerlist.archived")
    assert (told.target_id, told.stream, told.changes) == (str(one.pk), study.stream, {"members": [0, None]})
    with pytest.raises(Conflict, match="put away"):
        paste(granter, one, "A1MADEUPWORKER")
    make(granter, account, "Wave 1 to 3")  # the name is free again


def test_a_large_source_is_kept_in_parts(
    granter: User, account: RequesterAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LINES", 3)
    one, above = make(granter, account), make(granter, account, "Above")
    add_list_source(actor=granter.as_actor(), list_id=above.pk, other=one)
    ids = {f"AMADEUPWORKER{number}" for number in range(10)}
    paste(granter, one, *ids)
    assert members(one) == members(above) == ids


IDS = st.sets(st.sampled_from([f"A{letter}MADEUPWORKER" for letter in "ABCDEF"]), min_size=1)
STEP = st.one_of(
    st.tuples(st.just("paste"), st.integers(0, 2), IDS),
    st.tuples(st.just("follow"), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("drop"), st.integers(0, 9), st.none()),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=9))
def test_a_list_is_always_the_union_of_its_sources(cast: Cast, steps: list[tuple[str, int, object]]) -> None:
    """Against a model of plain sets, over any order of adding and dropping, circles refused alike."""
    Membership.objects.all().delete()
    stamp = WorkerList.objects.count()
    rows = [make(cast.granter, cast.account, f"List {stamp}-{n}") for n in range(3)]
    own: dict[int, tuple[int, set[str]]] = {}
    follows: dict[int, tuple[int, int]] = {}

    def expected(n: int, *above: int) -> set[str]:
        assert n not in above, "a circle was let in"
        found = {one for at, ids in own.values() if at == n for one in ids}
        return found.union(*(expected(to, n, *above) for at, to in follows.values() if at == n), set())

    for kind, n, what in steps:
        try:
            if kind == "paste":
                assert isinstance(what, set)
                own[paste(cast.granter, rows[n], *sorted(what)).pk] = (n, what)
            elif kind == "follow":
                assert isinstance(what, int)
                one = add_list_source(actor=cast.actor("granter"), list_id=rows[n].pk, other=rows[what])
                follows[one.pk] = (n, what)
            elif sources := sorted([*own, *follows]):
                gone = sources[n % len(sources)]
                drop_source(actor=cast.actor("granter"), source_id=gone)
                own.pop(gone, None)
                follows.pop(gone, None)
        except ActionError as error:
            assert error.code in {"circle", "source_twice"}  # noqa: PT017
        for number, row in enumerate(rows):
            assert members(row) == expected(number)
