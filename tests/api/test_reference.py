"""The readable page of the API: everything the document says, for whoever signed in."""

import pytest
from django.test import Client
from django.urls import reverse

from qualadmin.api.reference import SCOPES, entry_of, kind_of
from qualadmin.api.urls import OPERATIONS
from qualadmin.core.permissions import Scope
from tests.api.schema import DOCUMENT
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lists import text_of

pytestmark = pytest.mark.django_db


def test_it_says_all_that_the_document_says(client: Client, cast: Cast) -> None:
    client.force_login(cast.viewer)
    page = client.get(reverse("help-api"))
    assert_valid_page(page)
    html, text = page.content.decode(), text_of(page)
    for one in OPERATIONS:
        assert f'<h3 id="{one.name}"' in html
        assert f'href="#{one.name}"' in html
        assert " ".join(one.about.split()) in text
        for part in one.parameters:
            assert part.about in text, (one.name, part.name)
    for status, about in DOCUMENT["paths"]["/api/v1/GetJob"]["post"]["responses"].items():
        assert status == "200" or about["description"] in text
    assert reverse("api:openapi") in html


def test_it_is_found_from_the_tokens_and_from_help(client: Client, cast: Cast) -> None:
    client.force_login(cast.granter)
    for name in ("token-list", "help"):
        assert f'href="{reverse("help-api")}"' in client.get(reverse(name)).content.decode()


def test_parameters_and_fields_are_in_words() -> None:
    by_name = {one.name: entry_of(one) for one in OPERATIONS}
    taken = {part.name: part for part in by_name["CreatePreview"].takes}
    assert taken["Rows"].kind == "list of objects, at most 100,000"
    first = taken["Rows"].parts[0]
    assert (first.name, first.required) == ("WorkerId", True)
    assert taken["Verb"].kind == "grant or revoke, grant by default"
    assert taken["SendNotification"].kind == "true or false, false by default"
    assert taken["QualificationTypes"].kind == "object of names and texts"
    assert by_name["GetJob"].takes[0].kind == "id"
    assert kind_of({"type": ["integer", "null"]}) == "whole number, or null"
    assert (by_name["ConfirmPreview"].status, by_name["ConfirmPreview"].takes_key) == (202, True)
    assert (by_name["ListJobs"].is_list, by_name["ListJobs"].takes_key) == (True, False)


def test_every_scope_has_a_place_on_the_page() -> None:
    assert set(SCOPES) == set(Scope)
