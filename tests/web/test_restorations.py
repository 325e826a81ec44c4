"""After a restore, in a browser: the banner, the differences, and two persons who open the service again."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from qualadmin.core.actions.restorations import mark_restored
from qualadmin.core.actor import Actor
from qualadmin.core.models import Change, QualificationType, Restoration, Verb
from tests.entries import new_entries
from tests.factories import ChangeFactory, WorkerFactory
from tests.web.html import assert_valid_page
from tests.web.lab import WORKER_ID, Lab, lab  # noqa: F401  (a fixture)
from tests.web.lists import Someone, text_of, went_on
from tests.web.queries import watched

pytestmark = pytest.mark.django_db
BANNER = "Nothing can be changed until a manager and a PI have looked"
PAGE = "/restored/"


@pytest.fixture
def restored(lab: Lab) -> Restoration:  # noqa: F811
    """The lab, as of a backup; Amazon says that one worker got more, and another one lost it."""
    row = mark_restored(
        actor=Actor.system("tests"),
        taken_at=timezone.now() - timedelta(days=2),
        sha256="0" * 64,
        entries=7,
        root="1" * 64,
        put_aside="",
    )
    seen = {
        "type": lab.type,
        "job": None,
        "state": Change.State.DONE,
        "status_before": "Granted",
        "value_before": 80,
        "created_at": timezone.now(),
    }
    ChangeFactory(**seen, worker=lab.worker, verb=Verb.GRANT, value=95)
    ChangeFactory(**seen, worker=WorkerFactory(worker_id="A2GONEMEANWHILE"), verb=Verb.REVOKE, value=None)
    return row


def compared() -> None:
    QualificationType.objects.update(holders_synced_at=timezone.now())


def visit(person: object, account: object) -> Someone:
    return Someone(Client(), person, account)


def test_every_page_says_that_nothing_can_be_changed(restored: Restoration, lab: Lab) -> None:  # noqa: F811
    for name in ("granter", "pi", "manager", "viewer"):
        someone = visit(lab.cast.user(name), lab.cast.account)
        for path in ("/", "/jobs/", f"/types/{lab.type.pk}/"):
            response = someone.get(path)
            assert_valid_page(response)
            assert BANNER in text_of(response)
            assert ("See what differs" in text_of(response)) == (name in {"pi", "manager"})


def test_a_change_is_refused_with_the_reason(restored: Restoration, lab: Lab) -> None:  # noqa: F811
    someone = visit(lab.cast.manager, lab.cast.account)
    with new_entries() as entries:
        response = someone.send("/studies/add/", title="Too early")
    assert response.status_code == 409
    assert "Nothing can be changed until" in text_of(response)
    assert entries == []


def test_the_page_lists_what_differs(restored: Restoration, lab: Lab) -> None:  # noqa: F811
    someone = visit(lab.cast.pi, lab.cast.account)
    response = someone.get(PAGE)
    assert_valid_page(response)
    text = text_of(response)
    assert WORKER_ID in text
    assert "A2GONEMEANWHILE" in text
    only_gone = text_of(someone.get(f"{PAGE}?status=revoke&type={lab.type.pk}"))
    assert WORKER_ID not in only_gone
    assert "A2GONEMEANWHILE" in only_gone


def test_what_differs_is_downloaded_as_filtered_and_that_is_noted(restored: Restoration, lab: Lab) -> None:  # noqa: F811
    someone = visit(lab.cast.pi, lab.cast.account)
    with new_entries() as entries:
        response = someone.get(f"{PAGE}differences.csv?status=grant")
        lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f'"{WORKER_ID}","Wave 7"')
    assert '"Granted","80","Granted","95"' in lines[1]
    assert (entries.only.action, entries.only.changes) == ("system.drift.exported", {"rows": [None, 1]})


def test_nobody_of_another_account_sees_the_differences(restored: Restoration, lab: Lab) -> None:  # noqa: F811
    from tests.factories import RoleFactory, UserFactory

    other = UserFactory()
    RoleFactory(user=other, role="pi", account=lab.cast.other_account)
    text = text_of(visit(other, lab.cast.other_account).get(PAGE))
    assert WORKER_ID not in text
    assert "No differences so far" in text


def test_it_opens_with_the_second_person_and_not_before_all_was_compared(restored: Restoration, lab: Lab) -> None:  # noqa: F811
    manager, pi = (visit(one, lab.cast.account) for one in (lab.cast.manager, lab.cast.pi))
    page = text_of(manager.get(PAGE))
    assert "Not compared with Amazon yet" in page
    assert "Open again" not in page
    assert manager.client.post(f"{PAGE}open/", manager.hidden(PAGE)).status_code == 409
    compared()
    with new_entries() as entries:
        went_on(manager.send(PAGE, to=f"{PAGE}open/"))
        assert BANNER in text_of(manager.get("/"))
        assert "Open again" not in text_of(manager.get(PAGE))
        went_on(pi.send(PAGE, to=f"{PAGE}open/"))
    assert entries.actions == ["system.opening.agreed", "system.opening.agreed", "system.opened"]
    assert BANNER not in text_of(manager.get("/"))
    assert lab.cast.manager.full_name in text_of(pi.get(PAGE))


def test_one_person_with_both_roles_does_not_open_alone(restored: Restoration, lab: Lab) -> None:  # noqa: F811
    from tests.factories import RoleFactory

    RoleFactory(user=lab.cast.manager, role="pi")
    compared()
    someone = visit(lab.cast.manager, lab.cast.account)
    went_on(someone.send(PAGE, to=f"{PAGE}open/"))
    assert someone.client.post(f"{PAGE}open/", someone.hidden(PAGE)).status_code == 403
    assert Restoration.objects.standing().exists()


def test_without_a_restore_the_page_says_so(lab: Lab) -> None:  # noqa: F811
    response = visit(lab.cast.manager, lab.cast.account).get(PAGE)
    assert_valid_page(response)
    assert "never restored" in text_of(response)


def test_a_long_list_costs_no_more_questions(restored: Restoration, lab: Lab) -> None:  # noqa: F811
    someone = visit(lab.cast.manager, lab.cast.account)
    compared()
    someone.get(PAGE)
    with watched() as few:
        someone.get(PAGE)
    for number in range(30):
        ChangeFactory(
            type=lab.type,
            worker=WorkerFactory(),
            job=None,
            state=Change.State.DONE,
            verb=Verb.GRANT,
            value=number,
            created_at=timezone.now(),
        )
    with watched() as many:
        someone.get(PAGE)
    assert many.number == few.number <= 14
    assert many.offsets == many.full_counts == []
