"""Studies and their PIs in a browser."""

import pytest
from django.test import Client

from qualadmin.core.models import Study, StudyInvestigator
from tests.entries import new_entries
from tests.factories import RoleFactory, UserFactory
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(cast: Cast, client: Client) -> Someone:
    return Someone(client, cast.manager, cast.account)


def test_a_study_is_added_and_gets_a_pi(manager: Someone) -> None:
    vera = UserFactory(full_name="Vera Novak")
    RoleFactory(user=vera, role="pi")
    with new_entries() as entries:
        path = went_on(manager.send("/studies/add/", title="Colour words", protocol_number="IRB-7"))
        went_on(manager.send(path, to=f"{path}pis/", user=str(vera.pk)))
    assert entries.actions == ["study.created", "study.investigator.added"]
    assert "Vera Novak" in text_of(manager.get(path))
    assert "Vera Novak" in text_of(manager.get("/studies/"))
    went_on(manager.send(f"{path}pis/{vera.pk}/remove/"))
    study = Study.objects.get(title="Colour words")
    assert not StudyInvestigator.objects.filter(study=study, ended_at=None).exists()


def test_only_people_with_the_role_can_be_named(manager: Someone, cast: Cast) -> None:
    path = f"/studies/{cast.study.pk}/"
    fields = manager.hidden("/studies/add/") | {"user": str(cast.granter.pk)}
    response = manager.client.post(f"{path}pis/", fields)
    assert response.status_code == 422
    assert_valid_page(response)


def test_a_study_is_changed_and_closed(manager: Someone, cast: Cast) -> None:
    path = f"/studies/{cast.study.pk}/edit/"
    assert manager.send(path, title="", protocol_number="").status_code == 422
    went_on(manager.send(path, title="Sleep, part 2", protocol_number=""))
    cast.study.refresh_from_db()
    assert (cast.study.title, cast.study.is_open, cast.study.slug) == (
        "Sleep, part 2",
        False,
        "sleep-and-attention",
    )


def test_bi_20_a_title_stays_text(manager: Someone) -> None:
    hostile = "<script>alert(1)</script>{7*7}%0d%0aSet-Cookie: x"
    path = went_on(manager.send("/studies/add/", title=hostile))
    for page in (manager.get(path), manager.get("/studies/")):
        assert_valid_page(page)
        assert b"<script>alert" not in page.content
        assert hostile in text_of(page)


def test_a_pi_sees_jobs_of_the_own_study_only(client: Client, lab: Lab) -> None:
    pi = Someone(client, lab.cast.pi, lab.cast.account)
    assert "wave-7.csv" in text_of(pi.get(f"/studies/{lab.cast.study.pk}/"))
    assert "Not for the PI" not in text_of(pi.get(f"/studies/{lab.other_study.pk}/"))
