"""The inbox: what waits, one request with its answers, answering one or many, taking back."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qualadmin.core.actions.answers import change_scoring_key
from qualadmin.core.actions.waiting import apply_requests
from qualadmin.core.actor import Actor
from qualadmin.core.models import Change, Job, Preview, RequesterAccount
from tests.core.actions.test_requests import KEY, TEST, waiting
from tests.factories import QualificationFactory, RequestFactory, TypeFactory
from tests.people import Cast
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lists import Someone, text_of

pytestmark = pytest.mark.django_db


def test_it_shows_what_waits_in_the_account_the_oldest_first(granter: Someone, cast: Cast) -> None:
    wave, other = TypeFactory(account=cast.account), TypeFactory(account=cast.account)
    now = timezone.now()
    young = RequestFactory(type=wave, submitted_at=now - timedelta(hours=1))
    old = RequestFactory(type=other, submitted_at=now - timedelta(days=3))
    RequestFactory(type=wave, state="closed")
    RequestFactory(type=TypeFactory(account=cast.other_account))
    page = granter.get("/requests/")
    assert_valid_page(page)
    assert list(page.context["results"].rows) == [old, young]
    assert "3 days ago" in text_of(page)
    filtered = granter.get(f"/requests/?type={wave.pk}")
    assert_valid_page(filtered)
    assert list(filtered.context["results"].rows) == [young]
    assert_valid_fragment(granter.fragment(f"/requests/?type={wave.pk}"))


def test_an_empty_list_says_why(granter: Someone, cast: Cast) -> None:
    page = granter.get("/requests/")
    assert_valid_page(page)
    assert "No requests wait" in text_of(page)
    assert "Granting the qualification does not answer it" in text_of(page)


def test_a_type_of_another_account_is_no_filter(granter: Someone, cast: Cast) -> None:
    assert granter.get(f"/requests/?type={TypeFactory(account=cast.other_account).pk}").status_code == 400


def test_viewers_see_pseudonyms(cast: Cast) -> None:
    request = RequestFactory(type=TypeFactory(account=cast.account))
    viewer = Someone(Client(), cast.viewer, cast.account)
    html = viewer.get("/requests/").content.decode()
    assert request.worker.worker_id not in html
    assert request.worker.pseudonym_in(cast.account.stream) in html
    assert str(request.worker.pk) not in html


def fields(someone: Someone, address: str, form: str) -> dict[str, str]:
    """The hidden fields of one form of a page, by its id."""
    found = re.search(rf'<form[^>]*id="{form}".*?</form>', someone.get(address).content.decode(), re.DOTALL)
    assert found
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0]))


def test_a_request_shows_answers_beside_the_key_and_what_each_answer_would_do(
    granter: Someone, cast: Cast
) -> None:
    wave = TypeFactory(account=cast.account, has_test=True)
    one, _other = waiting(wave, "green", "blue")
    QualificationFactory(type=wave, worker=one.worker, value=40)
    change_scoring_key(actor=cast.actor("granter"), type=wave, text=KEY, test=TEST)
    page = granter.get(reverse("request-detail", args=[one.pk]))
    assert_valid_page(page)
    text = text_of(page)
    assert "The key gives 10" in text
    assert "I looked." in text
    assert "10 of 90" in text
    assert "10, or the score you give. It overwrites 40" in text
    assert "40 stays" in text
    assert "Accepting overwrites the score; rejecting leaves it" in text


def test_answering_leads_to_the_next_and_can_be_taken_back(granter: Someone, cast: Cast) -> None:
    wave = TypeFactory(account=cast.account)
    first, second = RequestFactory(type=wave), RequestFactory(type=wave)
    address = reverse("request-detail", args=[first.pk])
    sent = fields(granter, address, "accept-form") | {"score": "80"}
    answer = granter.client.post(address, sent)
    assert answer.headers["Location"] == reverse("request-detail", args=[second.pk])
    assert granter.client.post(address, sent).headers["Location"] == answer.headers["Location"]
    change = Change.objects.get()
    assert (change.state, change.value, change.request_id) == ("planned", 80, first.pk)
    page = granter.get(answer.headers["Location"])
    assert_valid_page(page)
    assert re.search(r"accepted with score 80 for .* Is sent in (9|10) seconds", text_of(page))
    part = granter.fragment(reverse("request-answered"))
    assert_valid_fragment(part)
    assert "data-poll" in part.content.decode()
    take_back = reverse("request-take-back", args=[change.pk])
    granter.client.post(take_back, granter.hidden(address))
    assert Change.objects.get().code == "taken_back"
    assert "data-poll" not in granter.fragment(reverse("request-answered")).content.decode()
    assert set(granter.get("/requests/").context["results"].rows) == {first, second}


def test_what_the_page_was_not_made_for_is_not_done(granter: Someone, cast: Cast) -> None:
    one = RequestFactory(type=TypeFactory(account=cast.account))
    address = reverse("request-detail", args=[one.pk])
    sent = fields(granter, address, "reject-form")
    assert granter.client.post(address, {**sent, "verb": "grant"}).status_code == 404
    accepting = fields(granter, address, "accept-form")
    assert granter.client.post(address, {**accepting, "score": "x"}).status_code == 422
    QualificationFactory(type=one.type, worker=one.worker, value=7)
    moved = granter.client.post(address, {**sent, "words": "No."})
    assert moved.status_code == 409
    assert "has changed since you opened this page" in text_of(moved)
    assert not Job.objects.exists()
    tomorrow = timezone.now() + timedelta(days=1)
    apply_requests(actor=Actor.system("tests"), account=cast.account, requests=[], as_of=tomorrow)
    ended = granter.client.post(address, {**sent, "before": "7"})
    assert ended.status_code == 409
    assert "does not wait any more" in text_of(ended)
    assert_valid_page(granter.get(address))


def test_many_go_through_the_check_page(granter: Someone, cast: Cast) -> None:
    wave = TypeFactory(account=cast.account)
    requests = [RequestFactory(type=wave) for _ in range(3)]
    ticked = {"verb": "reject", "row": [str(one.pk) for one in requests[:2]], "filter": ""}
    went = granter.client.post(reverse("request-select"), {**granter.hidden("/requests/"), **ticked})
    address = went.headers["Location"]
    page = granter.get(address)
    assert_valid_page(page)
    assert "Reject 2 requests" in text_of(page)
    went = granter.client.post(address, {**granter.hidden(address), "words": "The study is over."})
    check = granter.get(went.headers["Location"])
    assert_valid_page(check)
    assert "Check before rejecting 2 requests" in text_of(check)
    assert "The study is over." in text_of(check)
    assert granter.get(reverse("bulk-columns", args=[Preview.objects.get().pk])).status_code == 302
    granter.confirm(went.headers["Location"])
    job = Job.objects.get()
    assert (job.kind, job.planned, job.title) == ("reject", 2, f"Reject 2 requests for {wave.name}")
    shown = granter.get(reverse("job-detail", args=[job.pk]))
    assert_valid_page(shown)
    assert "The study is over." in text_of(shown)


def test_a_selection_of_another_account_is_not_there(granter: Someone, cast: Cast) -> None:
    foreign = RequestFactory(type=TypeFactory(account=cast.other_account))
    sent = {**granter.hidden("/requests/"), "verb": "accept", "row": [str(foreign.pk)], "filter": ""}
    assert granter.client.post(reverse("request-select"), sent).status_code == 404
    assert granter.client.post(reverse("request-select"), {**sent, "row": ["12"]}).status_code == 400
    assert granter.client.post(reverse("request-select"), {**sent, "verb": "grant"}).status_code == 400
    assert not Preview.objects.exists()


def test_a_bad_key_is_shown_with_its_place(granter: Someone, cast: Cast) -> None:
    wave = TypeFactory(account=cast.account, has_test=True)
    waiting(wave, "blue")
    address = reverse("request-key", args=[wave.pk])
    assert_valid_page(granter.get(address))
    refused = granter.client.post(address, {**granter.hidden(address), "text": "<AnswerKey>"})
    assert refused.status_code == 422
    assert "Line 1" in text_of(refused)
    kept = granter.client.post(address, {**granter.hidden(address), "text": KEY})
    assert kept.headers["Location"] == f"/requests/?type={wave.pk}"


def test_production_asks_first_what_the_answers_are_for(
    production_account: RequesterAccount, client: Client, cast: Cast
) -> None:
    real_granter = Someone(client, cast.granter, production_account)
    one = RequestFactory(type=TypeFactory(account=production_account))
    address = reverse("request-detail", args=[one.pk])
    page = real_granter.get(address)
    assert_valid_page(page)
    assert "Say first what the answers are for" in text_of(page)
    hidden = real_granter.hidden(address)
    assert real_granter.client.post(address, {**hidden, "verb": "accept", "score": "5"}).status_code == 422
    purpose = {**hidden, "verb": "purpose", "study": str(cast.study.pk), "reason": "Wave 3"}
    assert real_granter.client.post(address, purpose).status_code == 302
    sent = fields(real_granter, address, "accept-form") | {"score": "80"}
    assert real_granter.client.post(address, sent).status_code == 302
    assert (Job.objects.get().study, Job.objects.get().reason) == (cast.study, "Wave 3")
