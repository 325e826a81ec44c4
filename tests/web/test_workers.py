"""Workers in a browser: found by id, shown without it in any address, noted, asked about."""

import pytest
from django.test import Client
from django.utils import timezone

from qualadmin.core.models import Change, Qualification, Worker, WorkerNote, WorkerTag
from tests.entries import new_entries, payload_of
from tests.factories import (
    ChangeFactory,
    JobFactory,
    ListFactory,
    MembershipFactory,
    MessageFactory,
    QualificationFactory,
    RecipientFactory,
    RequestFactory,
    RoleFactory,
    SourceFactory,
    TypeFactory,
    UserFactory,
)
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lab import WORKER_ID, Lab
from tests.web.lists import Someone, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("typed", [WORKER_ID, f"  {WORKER_ID.lower()} "])
def test_an_id_leads_to_the_page_without_standing_in_the_address(granter: Someone, lab: Lab, typed: str) -> None:
    with new_entries() as entries:
        address = went_on(granter.send("/workers/", to="/workers/find/", worker_id=typed))
    assert address == f"/workers/{lab.worker.pk}/"
    assert entries.only.action == "worker.searched"
    assert WORKER_ID not in bytes(entries.only.core).decode()


def test_an_unknown_id_is_offered_to_amazon_before_it_is_called_wrong(granter: Someone, lab: Lab) -> None:
    page = granter.send("/workers/", to="/workers/find/", worker_id="A1NOBODYKNOWS")
    assert_valid_page(page)
    text = text_of(page)
    assert "That does not mean the ID is wrong" in text
    assert "Look up at Amazon" in text
    answers = hidden_of(page) | {"worker_id": "A1NOBODYKNOWS", "type": str(lab.type.pk)}
    with new_entries() as entries:
        address = went_on(granter.client.post("/workers/look-up/", answers))
    worker = Worker.objects.get(worker_id="A1NOBODYKNOWS")
    assert address == f"/workers/{worker.pk}/"
    assert entries.actions == ["worker.check.requested"]
    assert "Amazon is being asked" in text_of(granter.get(address))


@pytest.mark.parametrize("text", ["B123", "someone@example.org", "А1CYRILLIC", "x" * 201, "1.2E+15", ""])
def test_what_is_no_id_is_explained(granter: Someone, text: str) -> None:
    page = granter.send("/workers/", to="/workers/find/", worker_id=text)
    assert page.status_code == 422
    assert_valid_page(page)
    assert "There is a problem" in text_of(page)


def test_a_look_up_without_type_or_with_a_foreign_one_is_refused(granter: Someone, lab: Lab) -> None:
    foreign = TypeFactory(account=lab.cast.other_account)
    for chosen in ("", str(foreign.pk)):
        fields = granter.hidden("/workers/") | {"worker_id": "A1NOBODYKNOWS", "type": chosen}
        assert granter.client.post("/workers/look-up/", fields).status_code == 422
    assert not Worker.objects.filter(worker_id="A1NOBODYKNOWS").exists()


def test_the_page_tells_everything_that_happened(granter: Someone, lab: Lab) -> None:
    RequestFactory(type=lab.type, worker=lab.worker)
    page = granter.get(f"/workers/{lab.worker.pk}/")
    assert_valid_page(page)
    text = text_of(page)
    for words in (
        WORKER_ID,
        "Granted with score 80",
        "By Granter Person in wave-7.csv",
        "Reason: Took part in wave 6",
        "Seen at Amazon: Taken away",
        "A grant does not answer a request.",
    ):
        assert words in text
    html = page.content.decode()
    assert f"/grant/?worker={lab.worker.pk}&amp;type={lab.type.pk}" in html
    assert f"/revoke/?worker={lab.worker.pk}&amp;type={lab.type.pk}" in html


@pytest.mark.parametrize("state", ["planned", "sending", "failed", "cancelled", "person"])
def test_what_was_not_done_is_not_told_as_done(granter: Someone, lab: Lab, state: str) -> None:
    ChangeFactory(type=lab.type, worker=lab.worker, job=lab.job, n=7, state=state, value=61)
    other = TypeFactory(account=lab.cast.account)
    ChangeFactory(type=other, worker=lab.worker, job=lab.job, n=8, state=state, verb="revoke", value=None)
    text = text_of(granter.get(f"/workers/{lab.worker.pk}/?kind="))
    assert "Grant with score 61" in text
    assert "Granted with score 61" not in text
    assert "Take away ·" in text


@pytest.mark.parametrize(("kind", "count"), [("grant", 1), ("revoke", 1), ("failed", 0), ("seen", 1), ("", 2)])
def test_the_timeline_is_narrowed_by_kind(granter: Someone, lab: Lab, kind: str, count: int) -> None:
    response = granter.fragment(f"/workers/{lab.worker.pk}/?kind={kind}")
    assert_valid_fragment(response)
    assert len(response.context["results"].rows) == count


def test_a_pi_sees_no_change_of_somebody_elses_study(client: Client, lab: Lab) -> None:
    ChangeFactory(type=lab.type, worker=lab.worker, job=lab.other_job, state=Change.State.DONE)
    pi = Someone(client, lab.cast.pi, lab.cast.account)
    text = text_of(pi.get(f"/workers/{lab.worker.pk}/"))
    assert "wave-7.csv" in text
    assert "Not for the PI" not in text


def test_another_account_shows_no_history_of_this_one(granter: Someone, lab: Lab) -> None:
    granter.use(lab.cast.other_account)
    text = text_of(granter.get(f"/workers/{lab.worker.pk}/"))
    assert "Holds nothing here" in text
    assert "No changes yet" in text
    assert text.index("In your other accounts") < text.index("Wave 7")
    assert "wave-7.csv" not in text


def test_a_viewer_sees_a_pseudonym_and_no_notes(granter: Someone, lab: Lab) -> None:
    path = f"/workers/{lab.worker.pk}/"
    went_on(granter.send(path, to=f"{path}notes/", text="Wrote to us on Monday"))
    viewer = Someone(Client(), lab.cast.viewer, lab.cast.account)
    for address in ("/workers/", f"/types/{lab.type.pk}/", f"/jobs/{lab.job.pk}/", "/"):
        html = viewer.get(address).content.decode()
        assert WORKER_ID not in html
        assert str(lab.worker.pk) not in html
    # Its address names the worker by a number that is the same in all studies.
    refused = viewer.get(path)
    assert refused.status_code == 403
    assert "Wrote to us" not in refused.content.decode()
    assert "cannot be looked up by ID" in text_of(viewer.get("/workers/"))


def test_a_note_is_kept_with_its_author(granter: Someone, lab: Lab) -> None:
    path = f"/workers/{lab.worker.pk}/"
    assert "Notes are personal data" in text_of(granter.get(path))
    with new_entries() as entries:
        went_on(granter.send(path, to=f"{path}notes/", text="<b>Wrote</b> to us"))
    assert payload_of(entries.only)["note"] == "<b>Wrote</b> to us"
    page = granter.get(path)
    assert_valid_page(page)
    assert "<b>Wrote</b> to us Granter Person" in text_of(page)


@pytest.mark.parametrize("text", ["", "   ", "x" * 2_001, "AKIA" + "IOSFODNN7EXAMPLE", "a\u200bb"])
def test_a_note_with_a_fault_is_not_kept(granter: Someone, lab: Lab, text: str) -> None:
    path = f"/workers/{lab.worker.pk}/"
    response = granter.send(path, to=f"{path}notes/", text=text)
    assert response.status_code == 422
    assert_valid_page(response)
    assert not WorkerNote.objects.exists()


def test_check_again_asks_amazon_and_the_page_follows(granter: Someone, lab: Lab) -> None:
    path = f"/workers/{lab.worker.pk}/"
    with new_entries() as entries:
        went_on(granter.send(path, to=f"{path}check/"))
    assert entries.actions == ["worker.check.requested"]
    polling = {"HX-Request": "true", "HX-Polling": "true"}
    part = granter.get(path, headers=polling)
    assert_valid_fragment(part)
    assert "data-poll" in part.content.decode()
    Qualification.objects.filter(pk=lab.held.pk).update(checked_at=timezone.now())
    part = granter.get(path, headers=polling)
    assert "data-poll" not in part.content.decode()
    assert "just now" in text_of(part)


def test_many_changes_come_in_pages(granter: Someone, lab: Lab) -> None:
    job = JobFactory(account=lab.cast.account)
    for n in range(28):
        ChangeFactory(type=lab.type, worker=lab.worker, job=job, n=n, state=Change.State.DONE)
    first = granter.get(f"/workers/{lab.worker.pk}/?size=25")
    assert_valid_page(first)
    second = granter.get(f"/workers/{lab.worker.pk}/{first.context['results'].older_url}")
    assert len(second.context["results"].rows) == 5


def test_the_page_shows_lists_messages_and_the_way_to_each_request(granter: Someone, lab: Lab) -> None:
    account, worker = lab.cast.account, lab.worker
    shown, hidden, theirs = (
        ListFactory(account=account, name="Took part"),
        ListFactory(account=account, name="Put away", archived_at=timezone.now()),
        ListFactory(account=lab.cast.other_account, name="Elsewhere"),
    )
    for one in (shown, shown, hidden, theirs):
        MembershipFactory(source=SourceFactory(list=one), worker=worker)
    for state, outcome, subject in (
        ("finished", "failed", "Your bonus"), ("running", "done", "Wave 2"), ("draft", "planned", "Not yet"),
    ):  # fmt: skip
        message = MessageFactory(account=account, created_by=lab.cast.granter, state=state, subject=subject)
        RecipientFactory(message=message, worker=worker, state=outcome, failure="Amazon knows no such worker.")
    request = RequestFactory(type=lab.type, worker=worker)
    blind = RequestFactory(type=TypeFactory(account=account, name="Group A", lab_name="Placebo"), worker=worker)
    page = granter.get(f"/workers/{worker.pk}/")
    assert_valid_page(page)
    assert f'href="/requests/{blind.pk}/">Placebo (Group A)</a>' in page.content.decode()
    html, text = page.content.decode(), text_of(page)
    assert html.count(f'href="/lists/{shown.pk}/"') == 1
    assert "Your bonus Not mailed" in text
    assert "Amazon knows no such worker." in text
    assert "Wave 2 Mailed" in text
    assert f'href="/requests/{request.pk}/"' in html
    assert not any(words in text for words in ("Put away", "Elsewhere", "Not yet"))
    pi = Someone(Client(), lab.cast.pi, account)
    assert f'href="/requests/{request.pk}/"' not in pi.get(f"/workers/{worker.pk}/").content.decode()


def test_a_tag_is_put_on_and_taken_off(granter: Someone, lab: Lab) -> None:
    path = f"/workers/{lab.worker.pk}/"
    assert went_on(granter.send(path, to=f"{path}tags/", tag="left-handed <b>")) == path
    page = granter.get(path)
    assert_valid_page(page)
    assert "left-handed <b> Granter Person" in text_of(page)
    again = granter.send(path, to=f"{path}tags/", tag="left-handed <b>")
    assert again.status_code == 422
    assert_valid_page(again)
    assert "This worker has this tag already." in text_of(again)
    tag = WorkerTag.objects.get()
    assert went_on(granter.client.post(f"{path}tags/{tag.pk}/remove/", granter.hidden(path))) == path
    assert "left-handed" not in text_of(granter.get(path))
    elsewhere = Someone(Client(), lab.cast.outsider, lab.cast.other_account)
    fields = elsewhere.hidden("/workers/")
    assert elsewhere.client.post(f"{path}tags/", fields | {"tag": "one"}).status_code == 404


def test_what_other_accounts_hold_is_told_where_one_may_know(granter: Someone, client: Client, lab: Lab) -> None:
    cast = lab.cast
    theirs = TypeFactory(account=cast.other_account, name="Elsewhere wave")
    QualificationFactory(type=theirs, worker=lab.worker, value=77)
    page = granter.get(f"/workers/{lab.worker.pk}/")
    assert_valid_page(page)
    assert "Elsewhere wave Other lab Emulator 77" in text_of(page)
    here = UserFactory(full_name="Here Only")
    RoleFactory(user=here, role="granter", account=cast.account, can_production=True)
    RoleFactory(user=here, role="viewer", account=cast.other_account)  # who sees pseudonyms there
    assert "Elsewhere wave" not in text_of(Someone(client, here, cast.account).get(f"/workers/{lab.worker.pk}/"))
