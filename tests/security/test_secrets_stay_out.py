"""What a refused request carried stays out of the log, of the database and of the lines for administrators."""

import logging

import pytest
from django.test import Client

from tests.core.actions.test_erased_everywhere import where_it_stands
from tests.entries import new_entries
from tests.people import Cast

SECRET = "correct7horse8battery9staple"
FIELDS = {"username": "mallory", "full_name": "Mallory Smith", "email": "m@lab.example.org", "password": SECRET}


@pytest.mark.django_db
@pytest.mark.parametrize("refused", ["no right", "not signed in", "wrong password", "no token of the form"])
def test_t_a23_no_parameter_of_a_refused_request_is_kept(
    cast: Cast, caplog: pytest.LogCaptureFixture, refused: str
) -> None:
    caplog.set_level(logging.DEBUG)
    client = Client(enforce_csrf_checks=refused == "no token of the form")
    if refused in ("no right", "no token of the form"):
        client.force_login(cast.granter)
    path = "/sign-in/" if refused == "wrong password" else "/people/invite/"
    fields = FIELDS | {"username": cast.granter.username} if refused == "wrong password" else FIELDS
    with new_entries() as entries:
        response = client.post(path, fields)
    answers = {"not signed in": 302, "wrong password": 422}
    assert response.status_code == answers.get(refused, 403)
    written = {"no right": ["access.denied"], "not signed in": [], "wrong password": ["auth.login.failed"]}
    assert entries.actions == written.get(refused, ["access.csrf_failed"])
    assert where_it_stands(SECRET) == where_it_stands("Mallory Smith") == set()
    assert SECRET not in caplog.text
