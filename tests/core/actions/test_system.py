"""Signs of life, and working data left behind."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions.leftovers import drop_old_previews
from qualadmin.core.actions.system import record_heartbeat, record_worker_restarted
from qualadmin.core.actor import Actor
from qualadmin.core.models import Heartbeat, Preview, PreviewRow
from tests.entries import new_entries
from tests.factories import PreviewFactory


@pytest.mark.django_db
def test_a_beat_is_one_row_and_no_entry(time_machine: Any) -> None:
    began = timezone.now()
    time_machine.move_to(began, tick=False)

    with new_entries() as entries:
        record_heartbeat(name="cluster-1")
        time_machine.shift(5)
        record_heartbeat(name="cluster-1")

    assert Heartbeat.objects.get().beat_at == began + timedelta(seconds=5)
    assert Heartbeat.objects.get().pid > 0
    assert entries == []


@pytest.mark.django_db
def test_a_restart_is_an_entry() -> None:
    with new_entries() as entries:
        record_worker_restarted(
            actor=Actor.system("supervisor"), name="cluster-1", cause="silent", silent_seconds=47
        )

    assert (entries.only.action, entries.only.severity) == ("system.worker.restarted", "warning")
    assert entries.only.target_label == "cluster-1"
    assert entries.only.changes == {"cause": [None, "silent"], "silent_seconds": [None, 47]}


@pytest.mark.django_db
def test_lists_that_nobody_confirmed_are_forgotten() -> None:
    def preview(state: str, days: int) -> Preview:
        made: Preview = PreviewFactory(state=state, content=b"A1B2,100")
        Preview.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=days))
        PreviewRow.objects.create(preview=made, n=1, line=1, group="new", given="A1B2")
        return made

    old, uploaded, young = preview("ready", 8), preview("uploaded", 8), preview("ready", 6)
    confirmed = preview("confirmed", 8)

    assert drop_old_previews(before=timezone.now() - timedelta(days=7)) == 2

    for gone in (old, uploaded):
        gone.refresh_from_db()
        assert (gone.state, gone.content, gone.rows.count()) == ("discarded", None, 0)
    young.refresh_from_db()
    assert (young.state, bytes(young.content or b""), young.rows.count()) == ("ready", b"A1B2,100", 1)
    confirmed.refresh_from_db()
    assert (confirmed.state, confirmed.content, confirmed.rows.count()) == ("confirmed", None, 1)
