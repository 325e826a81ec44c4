"""Pseudonyms: one in a study, another in the next, and found out only with a right, a reason and a password."""

import pytest
from django.test import override_settings

from qualadmin.core.actions import pseudonyms
from qualadmin.core.actions.pseudonyms import reidentify_worker, streams_with_pseudonyms
from qualadmin.core.errors import ActionError, NotAllowed, NotVisible
from qualadmin.core.models import Worker
from qualadmin.core.pseudonyms import PSEUDONYM, pseudonym
from tests.entries import new_entries, payload_of
from tests.factories import (
    PASSWORD,
    ChangeFactory,
    JobFactory,
    QualificationFactory,
    StudyFactory,
    TypeFactory,
    WorkerFactory,
)
from tests.people import Cast

pytestmark = pytest.mark.django_db
WHY = "The worker asks to be taken out of the study."


@pytest.fixture
def worker(cast: Cast) -> Worker:
    """In a job of the PI's study, beside another worker of it."""
    job = JobFactory(account=cast.account, study=cast.study)
    wave = TypeFactory(account=cast.account)
    found: Worker = WorkerFactory()
    for one in (WorkerFactory(), found):
        ChangeFactory(type=wave, worker=one, job=job)
    return found


def asked(cast: Cast, name: str, stream: str, given: str, **parts: str) -> Worker:
    answers = {"reason": WHY, "password": PASSWORD, **parts}
    return reidentify_worker(actor=cast.actor(name), stream=stream, given=given, **answers)


def test_a_worker_has_one_pseudonym_in_a_study_and_another_in_each_other() -> None:
    worker = Worker(worker_id="A1MADEUPWORKER")
    names = [worker.pseudonym_in(stream) for stream in ("study:a", "study:b", "account:a", "system")]
    assert len(set(names)) == 4
    assert all(PSEUDONYM.fullmatch(name) for name in names)
    assert worker.pseudonym_in("study:a") == names[0]
    assert Worker(pk=worker.pk).pseudonym_in("study:a") == names[0]  # erased: the name stays
    assert Worker(worker_id="A1MADEUPWORKER").pseudonym_in("study:a") != names[0]  # nothing of the ID is in it


def test_without_the_secret_no_pseudonym_can_be_made() -> None:
    worker = Worker()
    before = worker.pseudonym_in("study:a")
    with override_settings(PSEUDONYM_KEY="another secret"):
        assert pseudonym(worker.pk, "study:a") != before


@pytest.mark.parametrize("name", ["pi", "manager"])
def test_who_may_finds_out_and_the_entry_says_why(cast: Cast, worker: Worker, name: str) -> None:
    with new_entries() as entries:
        assert asked(cast, name, cast.study.stream, worker.pseudonym_in(cast.study.stream).lower()) == worker
    entry = entries.only
    assert (entry.action, entry.stream, entry.subject) == ("worker.revealed", cast.study.stream, worker.pk)
    assert entry.changes == {"found": [None, True]}
    assert payload_of(entry) == {"reason": WHY}
    assert str(worker.worker_id) not in bytes(entry.core).decode()


def test_a_pseudonym_of_the_account_is_found_there(cast: Cast) -> None:
    held = QualificationFactory(type=TypeFactory(account=cast.account), worker=WorkerFactory())
    stream = cast.account.stream
    assert asked(cast, "manager", stream, held.worker.pseudonym_in(stream)) == held.worker


def test_a_pseudonym_of_another_study_finds_nobody_and_the_question_is_on_record(
    cast: Cast, worker: Worker
) -> None:
    other = worker.pseudonym_in("study:another")
    with new_entries() as entries, pytest.raises(ActionError, match="Nobody you may see"):
        asked(cast, "pi", cast.study.stream, other)
    assert (entries.only.subject, entries.only.changes) == (None, {"found": [None, False]})


@pytest.mark.parametrize("name", ["granter", "viewer"])
def test_nobody_else_may_ask(cast: Cast, worker: Worker, name: str) -> None:
    with new_entries() as entries, pytest.raises(NotAllowed):
        asked(cast, name, cast.study.stream, worker.pseudonym_in(cast.study.stream))
    assert not entries


def test_a_pi_asks_about_the_own_studies_only(cast: Cast, worker: Worker) -> None:
    other = StudyFactory()
    ChangeFactory(type=TypeFactory(account=cast.account), worker=worker, job=JobFactory(study=other))
    assert other.stream not in dict(streams_with_pseudonyms(cast.actor("pi")))
    with new_entries() as entries, pytest.raises(NotVisible):
        asked(cast, "pi", other.stream, worker.pseudonym_in(other.stream))
    assert not entries


@pytest.mark.parametrize(
    ("parts", "words", "written"),
    [
        ({"password": "not it"}, "The password is not right", ["auth.password.refused"]),
        ({"reason": "because"}, "at least 10 characters", []),
        ({"given": "W-1"}, "This is no pseudonym", []),
        ({"given": "A1MADEUPWORKER"}, "This is no pseudonym", []),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_looked_up(
    cast: Cast, worker: Worker, parts: dict[str, str], words: str, written: list[str]
) -> None:
    answers = {"given": worker.pseudonym_in(cast.study.stream)} | parts
    with new_entries() as entries, pytest.raises(ActionError, match=words):
        asked(cast, "pi", cast.study.stream, **answers)
    assert [one.action for one in entries] == written


def test_nobody_asks_without_end(cast: Cast, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudonyms, "HOURLY_LIMIT", 2)
    name = worker.pseudonym_in(cast.study.stream)
    for _ in range(2):
        asked(cast, "pi", cast.study.stream, name)
    with new_entries() as entries, pytest.raises(ActionError, match=r"Nothing was looked up\. Try again later"):
        asked(cast, "pi", cast.study.stream, name)
    assert not entries
    assert asked(cast, "manager", cast.study.stream, name) == worker  # each person for themselves
