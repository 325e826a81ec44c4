"""Every column that can hold a worker id is written one into, and after the erasure no byte of it is anywhere."""

import logging

import pytest
from django.apps import apps
from django.db import connection

from qualadmin.core.actions import erasures
from qualadmin.core.actions.compacting import compact
from qualadmin.core.models import Worker
from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)
from tests.core.actions.planting import ELSEWHERE, FORMED, Garden, all_columns, other_tables
from tests.factories import WorkerFactory
from tests.tasks.hands import DRAIN

NAME = "AGONE7FROM"


def where_it_stands(name: str) -> set[str]:
    """Columns of any table with these bytes in them, in whatever case."""
    wanted, found = name.lower().encode(), set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [one[0] for one in cursor.description]
            for row in cursor.fetchall():
                for column, one in zip(names, row, strict=True):
                    raw = bytes(one) if isinstance(one, bytes | memoryview) else str(one).encode()
                    if wanted in raw.lower():
                        found.add(f"{table}.{column}")
    return found


@pytest.mark.django_db(transaction=True)
def test_every_column_is_planted_or_says_why_it_needs_not_be() -> None:
    garden = Garden(WorkerFactory(worker_id=NAME))
    garden.plant()
    assert garden.planted == all_columns()
    assert other_tables() == ELSEWHERE.keys()
    stands = where_it_stands(NAME)
    assert len(stands) == len(garden.planted) + 1, "and the text beside an entry"
    assert FORMED.keys().isdisjoint(garden.planted)


@pytest.mark.django_db(transaction=True)
def test_t_a70_wherever_it_stood_no_byte_is_left(
    own_database: OwnDatabase,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    worker: Worker = WorkerFactory(worker_id=NAME)
    Garden(worker).plant()
    assert erasures.replay_erasures(actor=DRAIN, workers=[worker.pk]) == 1
    assert where_it_stands(NAME) == set()
    compact()
    if own_database.file is not None:
        for file in own_database.file.parent.glob(f"{own_database.file.name}*"):
            assert NAME.lower().encode() not in file.read_bytes().lower(), file.name
    assert NAME.lower() not in caplog.text.lower()


def test_every_column_of_words_is_searched() -> None:
    """A new model needs no mention here; this only proves that the search is not empty."""
    from qualadmin.core.actions.erasing import text_fields

    found = {
        f"{m._meta.model_name}.{f.name}" for m in apps.get_app_config("core").get_models() for f in text_fields(m)
    }
    assert found >= {
        "change.message", "job.reason", "job.title", "job.file_name", "preview.options", "preview.notes",
        "previewrow.why", "workernote.text", "approval.words", "approval.reasons", "mute.reason",
    }  # fmt: skip
