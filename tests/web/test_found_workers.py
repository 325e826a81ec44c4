"""Workers found by how their id begins or by a tag are selected and go on as a list; no id is in an address."""

from typing import Any

import pytest

from qualadmin.core.actions import found_workers, message_recipients
from qualadmin.core.actions import workers as actions
from qualadmin.core.actions.found_workers import FoundSelection, select_found
from qualadmin.core.actions.message_recipients import from_found
from qualadmin.core.actions.worker_tags import add_tag
from qualadmin.core.errors import ActionError, NotAllowed, NotVisible
from qualadmin.core.models import Message, Preview, Verb, Worker
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
    wishes: dict[str, Any] = {"account": cast.other_account, "verb": Verb.GRANT}
    every = FoundSelection("AZQ")
    assert ids(select_found(actor=outsider, selection=every, **wishes)) == ["AZQUINCE9"]
    assert from_found(actor=outsider, selection=every).workers == [theirs.pk]
    foreign = FoundSelection("AZQ", workers=[theirs.pk, five[0].pk])
    for take in (select_found, from_found):
        more = wishes if take is select_found else {}
        with pytest.raises(NotVisible):
            take(actor=outsider, selection=foreign, **more)
        with pytest.raises(NotVisible):  # another beginning than the one that was searched for
            take(actor=granter, selection=FoundSelection("AX", workers=[theirs.pk]), **more)
        with pytest.raises(NotVisible):  # and no such tag
            take(actor=granter, selection=FoundSelection(tag="none", workers=[theirs.pk]), **more)
        with pytest.raises(ActionError, match="nothing was done"):
            take(actor=granter, selection=FoundSelection("%"), **more)
    with pytest.raises(NotAllowed):
        select_found(actor=cast.actor("pi"), selection=every, **wishes)
    with pytest.raises(NotAllowed):
        from_found(actor=cast.actor("viewer"), selection=every)
    settings.UPLOAD_MAX_ROWS = 3
    with pytest.raises(ActionError, match="More than 3 workers have an ID that begins so"):
        select_found(actor=granter, selection=every, **wishes)
    monkeypatch.setattr(message_recipients, "MOST_RECIPIENTS", 3)
    with pytest.raises(ActionError, match="at most 3 workers"):
        from_found(actor=granter, selection=every)


def test_those_found_are_written_to(granter: Someone, five: list[Worker]) -> None:
    sent = hidden_of(found_page(granter)) | {"worker_id": "AZQUINCE", "verb": "write"}
    sent |= {"row": [str(five[3].pk), str(five[0].pk)]}
    with new_entries() as entries:
        address = went_on(granter.client.post("/workers/select/", sent))
    message = Message.objects.get()
    assert address == f"/messages/{message.pk}/write/"
    workers = list(message.recipients.order_by("n").values_list("worker__worker_id", flat=True))
    assert workers == ["AZQUINCE1", "AZQUINCE4"]
    assert message.origin == "Workers found by their ID: 2 ticked"
    assert entries.actions == ["message.drafted"]
    assert went_on(granter.client.post("/workers/select/", sent)) == address  # the same form twice
    assert not Preview.objects.filter(source="list").exists()


def test_a_tag_finds_its_workers(granter: Someone, five: list[Worker], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "PAGE", 2)
    monkeypatch.setattr(found_workers, "PART", 2)
    actor = granter.user.as_actor()
    for worker, text in ((five[4], "Äpfel"), (five[0], "äpfel"), (five[2], "äpfel"), (five[1], "pears")):
        add_tag(actor=actor, worker=worker, text=text)
    start = granter.get("/workers/")
    assert_valid_page(start)
    assert 'value="äpfel"' in start.content.decode()
    assert "By tag äpfel 3 workers pears 1 worker" in text_of(start)
    with new_entries() as entries:
        page = granter.client.post("/workers/find/", hidden_of(start) | {"tag": "äpfel"})
    assert_valid_page(page)
    assert "Workers tagged “äpfel”" in text_of(page)
    html = page.content.decode()
    assert "Select AZQUINCE1" in html
    assert "Select AZQUINCE3" in html
    assert "Select AZQUINCE5" not in html
    after = granter.client.post("/workers/find/", hidden_of(start) | {"tag": "äpfel", "after": str(five[2].pk)})
    assert "Select AZQUINCE5" in after.content.decode()
    assert "fel" not in str([one.content for one in entries])
    sent = hidden_of(page) | {"verb": "grant", "matching": "on"}
    preview_at = went_on(granter.client.post("/workers/select/", sent))
    assert preview_at == f"/previews/{picked().pk}/columns/"
    assert ids(picked()) == ["AZQUINCE1", "AZQUINCE3", "AZQUINCE5"]
    assert picked().origin == "Workers found by a tag: all 3 with it"
    # Who is the only one so tagged is shown at once; who typed an id meant that, whatever the form held before.
    assert (
        went_on(granter.client.post("/workers/find/", hidden_of(start) | {"tag": "pears"}))
        == f"/workers/{five[1].pk}/"
    )
    both = granter.client.post("/workers/find/", hidden_of(start) | {"tag": "pears", "worker_id": "AZQUINCE5"})
    assert went_on(both) == f"/workers/{five[4].pk}/"
    gone = granter.client.post("/workers/find/", hidden_of(start) | {"tag": "plums"})
    assert gone.status_code == 422
    assert "Nobody has this tag any more." in text_of(gone)


def test_tags_of_other_accounts_stay_there(five: list[Worker], cast: Cast, client: Any) -> None:
    add_tag(actor=cast.actor("granter"), worker=five[0], text="private")
    outsider = Someone(client, cast.outsider, cast.other_account)
    assert "private" not in text_of(outsider.get("/workers/"))
    assert "Tags of workers" not in text_of(outsider.client.post("/find/", {"q": "private"}))
    assert outsider.send("/workers/", to="/workers/find/", tag="private").status_code == 422


def test_the_search_box_finds_tags(granter: Someone, five: list[Worker]) -> None:
    add_tag(actor=granter.user.as_actor(), worker=five[0], text="No show")
    page = granter.client.post("/find/", {"q": "SHOW"})
    assert_valid_page(page)
    assert "Tags of workers No show 1 worker" in text_of(page)


def test_who_does_not_grant_sees_no_boxes(five: list[Worker], cast: Cast, client: Any) -> None:
    pi = Someone(client, cast.pi, cast.account)
    html = found_page(pi).content.decode()
    assert "AZQUINCE3" in html
    assert 'name="row"' not in html
    assert 'id="selection"' not in html
