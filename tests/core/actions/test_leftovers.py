"""A list that is discarded is forgotten part by part, whoever stops in between and whoever saves meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from qualadmin.core.actions import leftovers, parts, previews
from qualadmin.core.actions.leftovers import drop_old_previews, empty_part, previews_to_empty
from qualadmin.core.actions.previews import discard_preview
from qualadmin.core.actions.studies import add_study
from qualadmin.core.errors import Conflict
from qualadmin.core.models import Preview, PreviewRow, QualificationType, User
from qualadmin.core.queue import EMPTY
from qualadmin.tasks.prepare import empty
from qualadmin.tasks.sweep import sweep
from tests.core.actions.test_previews import plan
from tests.tasks.lists import make_preview, worker_ids

IDS = worker_ids(11)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four lines at a time: eleven take three."""
    monkeypatch.setattr(parts, "LINES", 4)


@pytest.fixture
def large(wave: QualificationType, granter: User) -> Preview:
    return make_preview(granter, wave, IDS)


@contextmanager
def deletions() -> Iterator[list[int]]:
    """How many lines each statement deleted."""
    found: list[int] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("DELETE") and "core_previewrow" in sql:
            found.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(note):
        yield found


@pytest.mark.django_db
def test_a_large_list_is_discarded_at_once_and_emptied_in_parts(
    large: Preview, granter: User, rung: list[tuple[Any, ...]]
) -> None:
    with deletions() as deleted:
        discard_preview(actor=granter.as_actor(), preview_id=large.pk)
    large.refresh_from_db()
    assert (large.state, large.content, large.emptying) == (Preview.State.DISCARDED, None, True)
    assert deleted == [4]
    assert rung == [(EMPTY, str(large.pk))]
    with deletions() as deleted:
        empty(str(large.pk))
    large.refresh_from_db()
    assert deleted == [4, 3]
    assert (large.rows.count(), large.emptying) == (0, False)
    with deletions() as deleted:
        empty(str(large.pk))  # a message that comes twice
    assert deleted == []


@pytest.mark.django_db
def test_a_small_list_needs_no_task(wave: QualificationType, granter: User, rung: list[tuple[Any, ...]]) -> None:
    small = make_preview(granter, wave, IDS[:4])
    discard_preview(actor=granter.as_actor(), preview_id=small.pk)
    small.refresh_from_db()
    assert (small.state, small.rows.count(), small.emptying) == (Preview.State.DISCARDED, 0, False)
    assert rung == []


@pytest.mark.django_db
def test_who_stops_between_two_parts_is_followed_by_the_sweep(
    large: Preview, granter: User, rung: list[tuple[Any, ...]]
) -> None:
    discard_preview(actor=granter.as_actor(), preview_id=large.pk)
    assert empty_part(preview_id=large.pk)
    rung.clear()  # the message is lost with the process
    assert previews_to_empty() == [large.pk]
    sweep()
    assert rung == [(EMPTY, str(large.pk))]
    empty(str(large.pk))
    assert (large.rows.count(), previews_to_empty()) == (0, [])


@pytest.mark.django_db
def test_old_lists_are_given_up_in_parts_too_and_other_lists_keep_theirs(
    large: Preview, wave: QualificationType, granter: User, rung: list[tuple[Any, ...]]
) -> None:
    young = make_preview(granter, wave, IDS)
    Preview.objects.filter(pk=large.pk).update(created_at=timezone.now() - timedelta(days=8))
    with deletions() as deleted:
        assert drop_old_previews(before=timezone.now() - timedelta(days=7)) == 1
    assert (deleted, rung) == ([4], [(EMPTY, str(large.pk))])
    empty(str(large.pk))
    assert set(PreviewRow.objects.values_list("preview", flat=True)) == {young.pk}
    assert young.rows.count() == 11
    empty(str(young.pk))  # nobody discarded it
    assert young.rows.count() == 11


@pytest.mark.django_db
def test_a_list_that_is_discarded_while_it_is_read_gets_no_more_lines(
    large: Preview, wave: QualificationType, granter: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another window, between the first and the second part."""
    insert, done = previews.insert_rows, []

    def insert_and_discard(*args: Any) -> None:
        insert(*args)
        if not done:
            done.append(True)
            discard_preview(actor=granter.as_actor(), preview_id=large.pk)

    monkeypatch.setattr(previews, "insert_rows", insert_and_discard)
    with pytest.raises(Conflict, match="already dealt with"):
        plan(granter, large, wave)
    empty(str(large.pk))
    large.refresh_from_db()
    assert (large.state, large.rows.count()) == (Preview.State.DISCARDED, 0)


@pytest.mark.django_db(transaction=True)
def test_others_save_between_two_parts(
    large: Preview, granter: User, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one part is done nothing is locked: a save from another connection goes through at once."""
    saved: list[str] = []

    def save() -> str:
        with connection.cursor() as cursor:  # no waiting: a lock is a failure
            cursor.execute(
                "PRAGMA busy_timeout = 1" if connection.vendor == "sqlite" else "SET lock_timeout = '1ms'"
            )
        try:
            name = f"Study {len(saved)}"
            return add_study(actor=manager.as_actor(), title=name).title
        finally:
            connection.close()

    def between(name: str) -> None:
        if name == "emptied_part":
            with ThreadPoolExecutor(1) as elsewhere:
                saved.append(elsewhere.submit(save).result())

    monkeypatch.setattr(leftovers, "reached", between)
    discard_preview(actor=granter.as_actor(), preview_id=large.pk)
    empty(str(large.pk))
    assert saved == ["Study 0", "Study 1"]
    assert large.rows.count() == 0
