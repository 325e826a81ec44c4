"""Tags of a worker: added once, taken off, gone with the worker."""

import pytest

from qualadmin.core.actions import worker_tags as actions
from qualadmin.core.actions.erasures import approve_erasure, request_erasure
from qualadmin.core.errors import ActionError, NotAllowed, NotVisible
from qualadmin.core.models import QualificationType, Worker, WorkerTag
from tests.entries import new_entries, payload_of
from tests.factories import QualificationFactory
from tests.people import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(wave: QualificationType) -> Worker:
    found: Worker = QualificationFactory(type=wave).worker
    return found


def test_a_tag_is_added_once_and_taken_off(cast: Cast, worker: Worker) -> None:
    actor = cast.actor("granter")
    with new_entries() as entries:
        tag = actions.add_tag(actor=actor, worker=worker, text=" left-handed ")
        with pytest.raises(ActionError, match="has this tag already"):
            actions.add_tag(actor=cast.actor("pi"), worker=worker, text="Left-Handed")
        actions.remove_tag(actor=actor, worker=worker, tag_id=tag.pk)
        actions.remove_tag(actor=actor, worker=worker, tag_id=tag.pk)
        actions.add_tag(actor=actor, worker=worker, text="left-handed")
    assert entries.actions == ["worker.tag.added", "worker.tag.removed", "worker.tag.added"]
    assert payload_of(entries[1])["tag"] == tag.text == "left-handed"
    assert "left-handed" not in str([one.content for one in entries])
    assert WorkerTag.objects.filter(worker=worker, removed_at=None).count() == 1


def test_what_is_refused_adds_nothing(cast: Cast, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_TAGS", 1)
    for text in ("", "x" * 41, "two\nlines"):
        with pytest.raises(ActionError):
            actions.add_tag(actor=cast.actor("granter"), worker=worker, text=text)
    with pytest.raises(NotAllowed):
        actions.add_tag(actor=cast.actor("manager"), worker=worker, text="one")
    with pytest.raises(NotVisible):
        actions.add_tag(actor=cast.actor("outsider"), worker=worker, text="one")
    tag = actions.add_tag(actor=cast.actor("granter"), worker=worker, text="one")
    with pytest.raises(ActionError, match="at most 1 tags"):
        actions.add_tag(actor=cast.actor("granter"), worker=worker, text="two")
    with pytest.raises(NotVisible):
        actions.remove_tag(actor=cast.actor("outsider"), worker=worker, tag_id=tag.pk)
    assert WorkerTag.objects.get().removed_at is None


def test_tags_go_with_the_worker(cast: Cast, worker: Worker) -> None:
    actor = cast.actor("granter")
    for text in ("one", f"is {worker.worker_id}"):
        actions.add_tag(actor=actor, worker=worker, text=text)
    gone = actions.add_tag(actor=actor, worker=worker, text="gone")
    actions.remove_tag(actor=actor, worker=worker, tag_id=gone.pk)
    wish = request_erasure(actor=actor, worker=worker, reason="Withdrew")
    approve_erasure(actor=cast.actor("manager"), erasure_id=wish.pk)
    assert set(WorkerTag.objects.values_list("text", flat=True)) == {""}
    assert not WorkerTag.objects.filter(removed_at=None).exists()
    worker.refresh_from_db()
    with pytest.raises(ActionError, match="was erased"):
        actions.add_tag(actor=actor, worker=worker, text="again")
