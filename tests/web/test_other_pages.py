"""What holds for all pages besides those of the main job: HTML, queries, who may come."""

import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qualadmin.audit.models import AuditHead
from tests.factories import UserFactory
from tests.people import Cast
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import text_of

pytestmark = pytest.mark.django_db

Path = Callable[[Lab], str]
ALL, ID_READERS, READERS = {"viewer", "granter", "pi", "manager"}, {"granter", "pi", "manager"}, {"pi", "manager"}
MANAGER, SYNCERS = {"manager"}, {"granter", "manager"}
#: page, and who may open it
PAGES: dict[str, tuple[Path, set[str]]] = {
    "dashboard": (lambda lab: "/", ALL),
    "types": (lambda lab: "/types/", ALL),
    "types, all": (lambda lab: "/types/?show=all&q=w", ALL),
    "type": (lambda lab: f"/types/{lab.type.pk}/", ALL),
    "type, granted": (lambda lab: f"/types/{lab.type.pk}/?status=Granted", ALL),
    "type settings": (lambda lab: f"/types/{lab.type.pk}/settings/", MANAGER),
    "type create": (lambda lab: "/types/create/", MANAGER),
    "type import": (lambda lab: "/types/import/", SYNCERS),
    "workers": (lambda lab: "/workers/", ALL),
    "worker": (lambda lab: f"/workers/{lab.worker.pk}/", ID_READERS),
    "worker, failed": (lambda lab: f"/workers/{lab.worker.pk}/?kind=failed", ID_READERS),
    "studies": (lambda lab: "/studies/", ALL),
    "study": (lambda lab: f"/studies/{lab.cast.study.pk}/", ALL),
    "study add": (lambda lab: "/studies/add/", MANAGER),
    "study edit": (lambda lab: f"/studies/{lab.cast.study.pk}/edit/", MANAGER),
    "study pi": (lambda lab: f"/studies/{lab.cast.study.pk}/pis/{lab.cast.pi.pk}/remove/", MANAGER),
    "audit": (lambda lab: "/audit/", ALL),
    "accounts": (lambda lab: "/accounts/", ALL),
    "account": (lambda lab: f"/accounts/{lab.cast.account.pk}/", ALL),
    "account add": (lambda lab: "/accounts/add/", MANAGER),
    "account edit": (lambda lab: f"/accounts/{lab.cast.account.pk}/edit/", MANAGER),
    "account enable": (lambda lab: f"/accounts/{lab.cast.account.pk}/enable/", MANAGER),
    "account disable": (lambda lab: f"/accounts/{lab.cast.account.pk}/disable/", MANAGER),
    "account pause": (lambda lab: f"/accounts/{lab.cast.account.pk}/pause/", MANAGER),
    "account archive": (lambda lab: f"/accounts/{lab.cast.account.pk}/archive/", MANAGER),
    "people": (lambda lab: "/people/", MANAGER),
    "people invite": (lambda lab: "/people/invite/", MANAGER),
    "person": (lambda lab: f"/people/{lab.cast.granter.pk}/", MANAGER),
    "person edit": (lambda lab: f"/people/{lab.cast.granter.pk}/edit/", MANAGER),
    "person password": (lambda lab: f"/people/{lab.cast.granter.pk}/password/", MANAGER),
    "person deactivate": (lambda lab: f"/people/{lab.cast.granter.pk}/deactivate/", MANAGER),
    "audit export": (lambda lab: "/audit/export.csv", READERS),
    "audit export without names": (lambda lab: "/audit/export-roles.csv", READERS),
    "audit bundle": (lambda lab: "/audit/bundle.zip", READERS),
}
PAGED = ["types", "type", "worker", "studies", "audit", "accounts", "people"]
LISTS = ["types", "type", "worker", "studies", "audit", "accounts", "people", "workers"]
#: buttons: who may press them (the form itself may be refused for other reasons)
BUTTONS: dict[str, tuple[Path, set[str]]] = {
    "account test": (lambda lab: f"/accounts/{lab.cast.account.pk}/test/", MANAGER),
    "account resume": (lambda lab: f"/accounts/{lab.cast.account.pk}/resume/", MANAGER),
    "person activate": (lambda lab: f"/people/{lab.cast.viewer.pk}/activate/", MANAGER),
    "type sync": (lambda lab: f"/types/{lab.type.pk}/sync/", SYNCERS),
    "worker find": (lambda lab: "/workers/find/", ID_READERS),
    "worker look up": (lambda lab: "/workers/look-up/", SYNCERS),
    "worker check": (lambda lab: f"/workers/{lab.worker.pk}/check/", SYNCERS),
    "worker note": (lambda lab: f"/workers/{lab.worker.pk}/notes/", {"granter", "pi"}),
    "study pi add": (lambda lab: f"/studies/{lab.cast.study.pk}/pis/", MANAGER),
    "audit verify": (lambda lab: "/audit/verify/", READERS),
}
ROLES = ["viewer", "granter", "pi", "manager"]


def enter(client: Client, lab: Lab, name: str) -> Client:
    client.force_login(lab.cast.user(name))
    session = client.session
    session["account"] = str(lab.cast.account.pk)
    session.save()
    return client


@pytest.mark.parametrize("role", ROLES)
def test_a_page_opens_for_those_who_may_and_says_who_can_help_the_others(
    client: Client, lab: Lab, role: str
) -> None:
    enter(client, lab, role)
    for name, (path, may) in PAGES.items():
        response = client.get(path(lab))
        assert response.status_code == (200 if role in may else 403), name
        if not response.streaming:
            assert_valid_page(response)
        if role not in may:
            assert "can change your roles" in text_of(response) or "can see your own" in text_of(response), name


@pytest.mark.parametrize("role", ROLES)
def test_a_button_is_refused_to_everybody_else(client: Client, lab: Lab, role: str) -> None:
    enter(client, lab, role)
    for name, (path, may) in BUTTONS.items():
        before = AuditHead.objects.get().size
        response = client.post(path(lab), {})
        # Without the hidden fields nothing happens; the right is looked at first.
        assert response.status_code == (400 if role in may else 403), name
        assert AuditHead.objects.get().size == before + (role not in may), name


def test_looking_at_a_button_does_nothing(client: Client, lab: Lab) -> None:
    enter(client, lab, "manager")
    for name, (path, _) in BUTTONS.items():
        assert client.get(path(lab)).status_code == 405, name


@pytest.mark.parametrize("name", ["type", "type, granted", "type settings", "account", "worker"])
def test_outside_the_own_accounts_there_is_no_such_page(client: Client, lab: Lab, name: str) -> None:
    client.force_login(lab.cast.outsider)
    response = client.get(PAGES[name][0](lab))
    assert response.status_code in {403, 404}
    if name != "type settings":
        assert response.status_code == 404
    assert "Wave 7" not in response.content.decode()


def test_an_outsider_never_sees_anything_of_the_other_lab(client: Client, lab: Lab) -> None:
    client.force_login(lab.cast.outsider)
    for name, (path, _) in PAGES.items():
        response = client.get(path(lab))
        assert response.status_code in {200, 403, 404}, name
        text = response.content.decode()
        for word in ("Wave 7", "Practice lab", lab.worker.worker_id):
            assert word not in text, name


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_the_database_at_most_twelve_times(client: Client, lab: Lab, name: str) -> None:
    enter(client, lab, "manager")
    path = PAGES[name][0](lab)
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    # Session, person, roles and studies, accounts: 5 before the view.
    assert len(queries) <= 12 + 5, [one["sql"][:120] for one in queries]
    assert not any("OFFSET" in one["sql"] for one in queries)


def test_a_list_gives_its_rows_alone_to_the_script(client: Client, lab: Lab) -> None:
    enter(client, lab, "manager")
    for name in PAGED:
        response = client.get(PAGES[name][0](lab), headers={"HX-Request": "true"})
        assert_valid_fragment(response)
        assert 'id="results"' in response.content.decode()


@pytest.mark.parametrize("query", ["after=abc", "before=-1", "after=1000000000000000000000000000000", "after=0"])
def test_bi_30_a_page_that_is_none_gives_the_first(client: Client, lab: Lab, query: str) -> None:
    enter(client, lab, "manager")
    for name in PAGED:
        assert client.get(f"{PAGES[name][0](lab)}?{query}").status_code == 200, name


@pytest.mark.parametrize("query", ["colour=red", "size=7", "status=a&status=b", "sort=secret"])
def test_bi_31_an_unknown_filter_is_named(client: Client, lab: Lab, query: str) -> None:
    enter(client, lab, "manager")
    for name in PAGED:
        response = client.get(f"{PAGES[name][0](lab)}?{query}")
        assert response.status_code == 400, name
        assert_valid_page(response)


@pytest.mark.parametrize(
    "hostile", ["' OR 1=1 --", "%", "_", "\\", '"><img onerror=x>', "${jndi:ldap://x}", "é\u202e"]
)
def test_bi_21_what_is_searched_for_is_meant_literally(client: Client, lab: Lab, hostile: str) -> None:
    enter(client, lab, "manager")
    for path in ("/types/", "/studies/", "/accounts/", "/people/"):
        response = client.get(path, {"q": hostile})
        assert response.status_code == 200
        assert_valid_page(response)
        assert not response.context["results"].rows, path
    found = client.post("/find/", {"q": hostile})
    assert_valid_page(found)
    assert "Nothing is called so" in text_of(found)


def test_bi_34_a_key_that_is_none_is_no_page(client: Client, lab: Lab) -> None:
    enter(client, lab, "manager")
    for path in ("types", "workers", "accounts", "studies", "people", "audit"):
        for key in ("nonsense", "9" * 32, "98765", str(uuid.UUID(int=5))):
            assert client.get(f"/{path}/{key}/").status_code == 404, (path, key)


def test_somebody_without_a_role_is_told_who_gives_one(client: Client, cast: Cast) -> None:
    client.force_login(UserFactory())
    response = client.get("/")
    assert_valid_page(response)
    assert "A manager of your lab gives roles." in text_of(response)
    assert client.get("/audit/").status_code == 403
    assert client.get("/types/").status_code == 403
