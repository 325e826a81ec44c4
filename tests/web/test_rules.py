"""Rules in a browser: written down, looked at, started, and looked after."""

import pytest
from django.test import Client

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.actions.list_sources import add_workers
from qualadmin.core.actions.lists import add_list
from qualadmin.core.models import Job, ListRule, WorkerList
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def granter(cast: Cast, client: Client) -> Someone:
    return Someone(client, cast.granter, cast.account)


@pytest.fixture
def members(cast: Cast) -> WorkerList:
    actor = cast.actor("granter")
    one = add_list(actor=actor, account=cast.account, name="Prior participants")
    add_workers(actor=actor, list_id=one.pk, content=b"A1LISTEDWORKER\nA2LISTEDWORKER")
    return one


def write(granter: Someone, lab: Lab, members: WorkerList, **more: str) -> str:
    answers = {"type": str(lab.type.pk), "lists": str(members.pk), "leavers": "revoke", "reason": "Wave 8", **more}
    return went_on(granter.send("/rules/add/", **answers))


def test_a_rule_is_seen_line_by_line_before_it_starts(granter: Someone, lab: Lab, members: WorkerList) -> None:
    path = write(granter, lab, members)
    page = granter.get(path)
    assert_valid_page(page)
    text = text_of(page)
    assert "Check before granting 2" in text
    assert "This starts the rule" in text
    assert "In the lists: 2 workers." in text
    rule = ListRule.objects.get()
    detail = f"/rules/{rule.pk}/"
    assert "Does nothing before its first run was confirmed" in text_of(granter.get(detail))
    went_on(granter.confirm(path))
    job = Job.objects.get(rule=rule)
    page = granter.get(detail)
    assert_valid_page(page)
    assert f"Everybody in Prior participants holds {lab.type.name} with score 100." in text_of(page)
    assert f"/jobs/{job.pk}/" in page.content.decode()
    assert_valid_page(granter.get(f"/jobs/{job.pk}/"))
    assert_valid_page(granter.get("/rules/"))
    response = granter.client.post(f"{detail}run/", granter.hidden(detail), follow=True)
    assert "has not ended yet" in response.content.decode()


def test_a_run_is_discarded_and_the_rule_stays_a_draft(granter: Someone, lab: Lab, members: WorkerList) -> None:
    path = write(granter, lab, members, days="30")
    rule = ListRule.objects.get()
    assert path == f"/rules/{rule.pk}/"  # nobody took part on a known day: nothing to look at
    assert "who took part in the last 30 days" in text_of(granter.get(path))
    went_on(granter.client.post(f"{path}start/", granter.hidden(path)))
    rule.refresh_from_db()
    assert rule.state == ListRule.State.ACTIVE
    went_on(granter.client.post(f"{path}pause/", granter.hidden(path)))
    went_on(granter.send(f"{path}resume/"))
    went_on(granter.send(f"{path}end/"))
    assert "Never runs again" in text_of(granter.get(path))
    preview = write(granter, lab, members)
    went_on(granter.client.post(f"{preview}discard/", granter.hidden(preview)))
    assert not Job.objects.filter(rule__isnull=False).exists()
    assert ListRule.objects.filter(state="draft").count() == 1


def test_what_needs_a_person_is_said_on_the_page_and_the_dashboard(
    granter: Someone, cast: Cast, lab: Lab, members: WorkerList
) -> None:
    write(granter, lab, members)
    rule = ListRule.objects.get()
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("rule.run.held")
        ListRule.objects.update(held="It would take away from 60 of 100.", audit_id=entry)
    for path in (f"/rules/{rule.pk}/", "/"):
        assert "It would take away from 60 of 100." in text_of(granter.get(path))
    assert "Needs a person" in text_of(granter.get("/rules/"))
    viewer = Someone(Client(), cast.viewer, cast.account)
    assert "Run now" not in text_of(viewer.get(f"/rules/{rule.pk}/"))


def test_bad_input_is_said_at_its_field(granter: Someone, lab: Lab, members: WorkerList) -> None:
    right = {"type": str(lab.type.pk), "lists": str(members.pk), "leavers": "revoke"}
    for wrong, words in (
        ({"lists": None}, "Choose at least one list"),
        ({"lists": "nonsense"}, "This list cannot be used"),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"days": "1.5"}, "whole number of days"),
        ({"score": "101"}, "0 to 100"),
        ({"leavers": "tell them"}, "leavers"),
        ({"type": ""}, "Choose a qualification type"),
    ):
        response = granter.send("/rules/add/", **{**right, **wrong})
        assert response.status_code == 422
        assert words in response.content.decode()
        assert_valid_page(response)
    assert not ListRule.objects.exists()
