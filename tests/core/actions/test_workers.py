"""Looking workers up, notes about them, and asking Amazon about one."""

from typing import Any

import pytest

from qualadmin.core.actions.workers import add_note, find_worker, look_up_worker, request_worker_check
from qualadmin.core.errors import ActionError, NotAllowed, NotVisible
from qualadmin.core.models import Worker, WorkerNote
from qualadmin.core.queue import CHECK_WORKER
from tests.entries import new_entries, payload_of
from tests.factories import ChangeFactory, QualificationFactory, RequestFactory, TypeFactory, WorkerFactory
from tests.people import Cast


@pytest.mark.parametrize("text", ["AFIND1", " afind1\n", "aFiNd1"])
def test_a_worker_is_found_and_the_log_knows_whom_not_by_id(cast: Cast, text: str) -> None:
    worker = WorkerFactory(worker_id="AFIND1")

    with new_entries() as entries:
        assert find_worker(actor=cast.actor("granter"), text=text) == worker

    assert entries.only.action == "worker.searched"
    assert entries.only.subject == worker.pk
    assert entries.only.changes == {"found": [None, True]}
    assert "AFIND1" not in str(entries.only.content)
    assert payload_of(entries.only) == {}


@pytest.mark.parametrize("text", ["", "ANOBODY1", "not an id", "A" * 10_000, "nul\x00", "Ａ１Ｂ２"])
def test_nobody_is_found_and_nothing_of_what_was_typed_is_kept(cast: Cast, text: str) -> None:
    with new_entries() as entries:
        assert find_worker(actor=cast.actor("pi"), text=text) is None

    assert entries.only.changes == {"found": [None, False]}
    assert entries.only.subject is None
    assert payload_of(entries.only) == {}


def test_a_worker_of_other_accounts_does_not_exist_for_an_outsider(cast: Cast) -> None:
    theirs = QualificationFactory(type=TypeFactory(account=cast.account)).worker
    mine = [
        QualificationFactory(type=TypeFactory(account=cast.other_account)).worker,
        RequestFactory(type=TypeFactory(account=cast.other_account)).worker,
        ChangeFactory(type=TypeFactory(account=cast.other_account)).worker,
    ]
    outsider = cast.actor("outsider")

    assert find_worker(actor=outsider, text=theirs.worker_id) is None
    assert [find_worker(actor=outsider, text=one.worker_id) for one in mine] == mine
    with new_entries() as entries, pytest.raises(NotVisible):
        add_note(actor=outsider, worker=theirs, text="Not mine")
    assert entries == []


def test_a_viewer_looks_nobody_up(cast: Cast) -> None:
    with new_entries() as entries, pytest.raises(NotAllowed):
        find_worker(actor=cast.actor("viewer"), text="AFIND1")

    assert entries == []


def test_a_note_is_kept_in_the_erasable_part(cast: Cast) -> None:
    worker = WorkerFactory()

    with new_entries() as entries:
        note = add_note(actor=cast.actor("granter"), worker=worker, text="Wrote us:\r\nlost the link. ")

    note.refresh_from_db()
    assert (note.text, note.author) == ("Wrote us:\nlost the link.", cast.granter)
    assert entries.only.action == "worker.note.added"
    assert entries.only.subject == worker.pk
    assert "lost the link" not in str(entries.only.content)
    assert payload_of(entries.only) == {"note": "Wrote us:\nlost the link."}


@pytest.mark.parametrize("text", ["", "x" * 2001, "nul\x00", "AKIAIOSFODNN7EXAMPLE"])
def test_it_refuses_a_bad_note(cast: Cast, text: str) -> None:
    with new_entries() as entries, pytest.raises(ActionError) as error:
        add_note(actor=cast.actor("granter"), worker=WorkerFactory(), text=text)

    assert error.value.field == "text"
    assert entries.actions == ["worker.check.requested"]  # the factory's own
    assert not WorkerNote.objects.exists()


@pytest.mark.parametrize("name", ["manager", "viewer"])
def test_who_may_not_write_notes(cast: Cast, name: str) -> None:
    with pytest.raises(NotAllowed):
        add_note(actor=cast.actor(name), worker=WorkerFactory(), text="Hello")


def test_amazon_is_asked_about_one_worker(cast: Cast, rung: list[Any]) -> None:
    row = QualificationFactory(type=TypeFactory(account=cast.account))

    with new_entries() as entries:
        request_worker_check(actor=cast.actor("granter"), worker=row.worker, type=row.type)

    assert entries.only.action == "worker.check.requested"
    assert (entries.only.subject, entries.only.target_id) == (row.worker_id, str(row.type_id))
    assert rung == [(CHECK_WORKER, str(row.worker_id), str(row.type_id))]


def test_an_unknown_id_can_be_looked_up_at_amazon(cast: Cast, rung: list[Any]) -> None:
    row = TypeFactory(account=cast.account)

    with new_entries() as entries:
        worker = look_up_worker(actor=cast.actor("granter"), worker_id=" ASTRANGER1 ", type=row)
        assert look_up_worker(actor=cast.actor("granter"), worker_id="ASTRANGER1", type=row) == worker

    assert worker.worker_id == "ASTRANGER1"
    assert entries.actions == ["worker.check.requested"] * 2
    assert {entry.subject for entry in entries} == {worker.pk}
    assert rung == [(CHECK_WORKER, str(worker.pk), str(row.pk))] * 2


@pytest.mark.parametrize("text", ["", "a1b2", "B123", "A1 B2", "A" * 65, "A1\x00"])
def test_it_refuses_to_look_up_what_is_no_worker_id(cast: Cast, rung: list[Any], text: str) -> None:
    row = TypeFactory(account=cast.account)

    with new_entries() as entries, pytest.raises(ActionError) as error:
        look_up_worker(actor=cast.actor("granter"), worker_id=text, type=row)

    assert error.value.field == "worker_id"
    assert (entries, rung) == ([], [])
    assert not Worker.objects.exists()


@pytest.mark.parametrize(("name", "error"), [("pi", NotAllowed), ("viewer", NotAllowed), ("outsider", NotVisible)])
def test_who_may_not_ask_amazon_about_a_worker(
    cast: Cast, rung: list[Any], name: str, error: type[Exception]
) -> None:
    row = QualificationFactory(type=TypeFactory(account=cast.account))

    with new_entries() as entries:
        with pytest.raises(error):
            request_worker_check(actor=cast.actor(name), worker=row.worker, type=row.type)
        with pytest.raises(error):
            look_up_worker(actor=cast.actor(name), worker_id="ASTRANGER1", type=row.type)

    assert (entries, rung) == ([], [])


def test_a_type_that_is_gone_is_not_asked_about(cast: Cast, rung: list[Any]) -> None:
    row = QualificationFactory(type=TypeFactory(account=cast.account, state="gone"))

    with pytest.raises(ActionError) as error:
        request_worker_check(actor=cast.actor("granter"), worker=row.worker, type=row.type)

    assert error.value.code == "not_live"
    assert rung == []
