"""Lists of workers in a browser."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from qualadmin.core.models import ListSource, Membership, WorkerList
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, filled_in, text_of, went_on

pytestmark = pytest.mark.django_db
BATCH = (
    b'"HITId","WorkerId","AssignmentStatus","SubmitTime"\n'
    b'"3HIT","A1BATCHWORKER","Approved","Tue Oct 06 10:00:00 PDT 2026"\n'
)


@pytest.fixture
def granter(cast: Cast, client: Client) -> Someone:
    return Someone(client, cast.granter, cast.account)


def test_a_list_is_made_fed_and_emptied_again(granter: Someone, lab: Lab) -> None:
    assert_valid_page(granter.get("/lists/"))
    path = went_on(granter.send("/lists/add/", name="Prior participants", study=str(lab.cast.study.pk)))
    assert_valid_page(granter.get(path))
    file = SimpleUploadedFile("batch.csv", BATCH, "text/csv")
    went_on(granter.send(f"{path}workers/", file=file, counted="rejected"))
    went_on(granter.send(f"{path}workers/", list="A1BATCHWORKER\nA2PASTEDWORKER", counted="rejected"))
    went_on(granter.send(f"{path}follow/", source=f"type:{lab.type.pk}"))
    page = granter.get(path)
    assert_valid_page(page)
    text = text_of(page)
    assert "3 workers, made by Granter Person, for Sleep and attention" in text
    assert "batch.csv took part 2026-10-06 2 pasted IDs" in text
    batch = ListSource.objects.get(label="batch.csv")
    only = granter.fragment(f"{path}?source={batch.pk}")
    assert "A1BATCHWORKER" in only.content.decode()
    assert "A2PASTEDWORKER" not in only.content.decode()
    went_on(granter.send(f"{path}sources/{batch.pk}/drop/"))
    went_on(granter.client.post(f"{path}read/", granter.hidden(path)))
    assert Membership.objects.filter(list__name="Prior participants").count() == 3
    assert "took part 2026-10-06" not in text_of(granter.get(path))


def test_bad_input_is_said_at_its_field_and_adds_nothing(granter: Someone) -> None:
    path = went_on(granter.send("/lists/add/", name="One"))
    for answers, words in (
        ({"list": "A1MADEUPWORKER\nnobody@example.org"}, "1 line could not be read"),
        ({"list": ""}, "Choose a file, or paste worker IDs"),
        ({"list": "A1MADEUPWORKER", "taken_on": "yesterday"}, "This is no day"),
        ({"list": "A1MADEUPWORKER", "taken_on": "2999-01-01"}, "has not come yet"),
        ({"list": "A1MADEUPWORKER", "counted": "none"}, "Which assignments count"),
    ):
        response = granter.send(f"{path}workers/", **{"counted": "rejected", **answers})
        assert response.status_code == 422
        assert words in text_of(response)
        assert_valid_page(response)
    assert granter.send(f"{path}follow/", source="type:nonsense").status_code == 422
    assert granter.send("/lists/add/", name="One").status_code == 422
    assert granter.send("/lists/add/", name="x" * 130).status_code == 422
    assert not Membership.objects.exists()


def test_viewers_see_pseudonyms(granter: Someone, cast: Cast) -> None:
    path = went_on(granter.send("/lists/add/", name="One"))
    went_on(granter.send(f"{path}workers/", list="A1MADEUPWORKER", counted="all"))
    viewer = Someone(Client(), cast.viewer, cast.account)
    page = viewer.get(path)
    assert_valid_page(page)
    assert "A1MADEUPWORKER" not in page.content.decode()
    assert "1 worker" in text_of(page)


def test_a_list_is_edited_and_put_away(granter: Someone, cast: Cast) -> None:
    path = went_on(granter.send("/lists/add/", name="One", note="For <b>wave</b> 2"))
    assert "For <b>wave</b> 2" in text_of(granter.get(path))
    answers = filled_in(granter.get(f"{path}edit/")) | {"name": "Two"}
    went_on(granter.client.post(f"{path}edit/", answers))
    assert granter.client.post(f"{path}edit/", answers | {"form_key": "0" * 32, "name": "3"}).status_code == 409
    went_on(granter.send(f"{path}archive/"))
    assert WorkerList.objects.get().name == "Two"
    assert "No lists yet" in text_of(granter.get("/lists/"))
    assert "Two" in text_of(granter.get("/lists/?state=archived"))
    other = Someone(Client(), cast.outsider, cast.other_account)
    assert other.get(path).status_code == 404
