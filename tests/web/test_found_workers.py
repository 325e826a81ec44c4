"""Workers found by the beginning of their id are selected and go the way of a list; no id stands in an address."""

from typing import Any

import pytest

from qualadmin.core.actions import found_workers
from qualadmin.core.actions import workers as actions
from qualadmin.core.actions.found_workers import select_found
from qualadmin.core.errors import ActionError, NotAllowed, NotVisible
from qualadmin.core.models import Preview, Verb, Worker
from tests.entries import new_entries, payload_of
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(lab: Lab) -> list[Worker]:
    """AZQUINCE1 to AZQUINCE5, met by the account, beside one whose id begins otherwise."""
    found = [WorkerFactory(worker_id=f"AZQUINCE{n}") for n in range(1, 6)]
    other = WorkerFactory(worker_id="AZQUINCF1")
    for one in (*found, other):
        QualificationFactory(type=lab.type, worker=one)
    return found


def picked() -> Preview:
    """The one list that was made of a selection."""
    return Preview.objects.get(source="list")


def ids(preview: Preview) -> list[str]:
    return bytes(preview.content or b"").decode().split()


def found_page(granter: Someone, **more: Any) -> Any:
    page = granter.send("/workers/", to="/workers/find/", worker_id="azquince", **more)
    assert_valid_page(page)
    return page


def test_ticked_ones_go_to_the_question_of_the_type(granter: Someone, five: list[Worker]) -> None:
    page = found_page(granter)
    assert 'aria-label="Select AZQUINCE3"' in page.content.decode()
    sent = hidden_of(page) | {"worker_id": "AZQUINCE", "verb": "grant", "row": [str(five[3].pk), str(five[0].pk)]}
    with new_entries() as entries:
        address = went_on(granter.client.post("/workers/select/", sent))
    preview = picked()
    assert address == f"/previews/{preview.pk}/columns/"
    assert (ids(preview), preview.verb, preview.type) == (["AZQUINCE1", "AZQUINCE4"], "grant", None)
    assert preview.origin == "Workers found by their ID: 2 ticked"
    [entry] = [one for one in entries if one.action == "list.found"]
    assert (entry.changes["rows"], entry.changes["matching"]) == ([None, 2], [None, False])
    assert "AZQUINCE" not in str([one.content for one in entries]) + str(payload_of(entry))
    assert went_on(granter.client.post("/workers/select/", sent)) == address  # the same form twice
    assert picked() == preview
    assert_valid_page(granter.get(address))


def test_all_whose_id_begins_so_come_along_from_every_page(
    granter: Someone, five: list[Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PAGE", 2)
    monkeypatch.setattr(found_workers, "PART", 2)
    page = found_page(granter)
    assert "Select all whose ID begins so" in text_of(page)
    sent = hidden_of(page) | {"worker_id": "AZQUINCE", "verb": "revoke", "matching": "on", "row": str(five[0].pk)}
    went_on(granter.client.post("/workers/select/", sent))
    preview = picked()
    assert (ids(preview), preview.verb) == ([f"AZQUINCE{n}" for n in range(1, 6)], "revoke")
    assert preview.origin == "Workers found by their ID: all 5 whose ID begins alike"


def test_nobody_ticked_leads_to_the_same_page_of_them(
    granter: Someone, five: list[Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PAGE", 2)
    page = found_page(granter, after=str(five[1].pk))
    fields = hidden_of(page) | {"worker_id": "AZQUINCE", "after": str(five[1].pk), "verb": "grant"}
    again = granter.client.post("/workers/select/", fields)
    assert again.status_code == 422
    assert_valid_page(again)
    assert "Nobody was selected, so nothing was done." in text_of(again)
    html = again.content.decode()
    assert "Select AZQUINCE3" in html
    assert f'<input type="hidden" name="after" value="{five[1].pk}">' in html
    for wrong in ({"row": "nonsense"}, {"verb": "accept"}, {"row": [str(five[0].pk)] * 3}):
        assert granter.client.post("/workers/select/", fields | wrong).status_code == 400
    assert not Preview.objects.filter(source="list").exists()


def test_only_workers_of_own_accounts_can_be_taken(
    five: list[Worker], cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_workers, "PART", 2)
    theirs = WorkerFactory(worker_id="AZQUINCE9")
    QualificationFactory(type=TypeFactory(account=cast.other_account), worker=theirs)
    outsider, granter = cast.actor("outsider"), cast.actor("granter")
    wishes: dict[str, Any] = {"account": cast.other_account, "text": "AZQ", "verb": Verb.GRANT}
    assert ids(select_found(actor=outsider, workers=None, **wishes)) == ["AZQUINCE9"]
    with pytest.raises(NotVisible):
        select_found(actor=outsider, workers=[theirs.pk, five[0].pk], **wishes)
    with pytest.raises(NotVisible):  # another beginning than the one that was searched for
        select_found(actor=granter, workers=[theirs.pk], **wishes | {"text": "AX"})
    with pytest.raises(NotAllowed):
        select_found(actor=cast.actor("pi"), workers=None, **wishes)
    with pytest.raises(ActionError, match="Nobody was selected"):
        select_found(actor=granter, workers=None, **wishes | {"text": "%"})
    settings.UPLOAD_MAX_ROWS = 3
    with pytest.raises(ActionError, match="More than 3 workers have an ID that begins so"):
        select_found(actor=granter, workers=None, **wishes)


def test_who_does_not_grant_sees_no_boxes(five: list[Worker], cast: Cast, client: Any) -> None:
    pi = Someone(client, cast.pi, cast.account)
    html = found_page(pi).content.decode()
    assert "AZQUINCE3" in html
    assert 'name="row"' not in html
    assert 'id="selection"' not in html
