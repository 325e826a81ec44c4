"""No other method is taken, and foreign or malformed keys lead nowhere. BI-42, BI-34, BI-33."""

import re
from difflib import unified_diff
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from qualadmin.audit.models import AuditEntry, AuditHead
from tests.security.stage import FOREIGN, PRACTICE, REAL, Stage, undone
from tests.security.table import NOBODY, OF_READING, TABLE
from tests.security.writes import written
from tests.web.html import assert_valid_page

pytestmark = pytest.mark.django_db
METHODS: Final = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X" * 30)


@pytest.mark.parametrize("url_name", sorted(TABLE))
def test_asking_for_the_head_of_a_page_changes_nothing(stage: Stage, url_name: str) -> None:
    """GET is asked by everybody in test_permissions; one view answers both."""
    address = stage.address(url_name, TABLE[url_name].thing, "manager", PRACTICE)
    with undone(), written() as tables:
        size = AuditHead.objects.get().size
        response = stage.client("manager", PRACTICE).head(address)
        entries = set(AuditEntry.objects.filter(seq__gte=size).values_list("action", flat=True))
    assert (tables, entries - OF_READING) == (set(), set())
    assert response.status_code < 500 or response.status_code == TABLE[url_name].get


@pytest.mark.parametrize("url_name", sorted(TABLE))
def test_bi_42_other_methods_are_not_taken(stage: Stage, url_name: str) -> None:
    """BI-42: 405 with the methods that are, for everybody who has signed in; others are sent to do so."""
    row = TABLE[url_name]
    accepted = [*(["GET", "HEAD"] if row.get else []), *(["POST"] if row.post else [])]
    wrong = [*METHODS, *(one for one in ("GET", "HEAD", "POST") if one not in accepted)]
    faults = []
    for name in ("manager", "newcomer", None):
        address = stage.address(url_name, row.thing, name, PRACTICE)
        # Whoever asks, the method is looked at in one place: all methods once, and two for the others.
        for method in wrong if name == "manager" else wrong[-2:]:
            with undone(), written() as tables:
                size = AuditHead.objects.get().size
                response = stage.client(name, PRACTICE).generic(method, address)
                written_entries = AuditHead.objects.get().size - size
            wanted = 405 if name or row.who == NOBODY else 302
            allow = {one.strip() for one in response.headers.get("Allow", "").split(",")}
            if response.status_code != wanted or tables or written_entries:
                faults.append((name, method, response.status_code, tables, written_entries))
            elif wanted == 405 and allow != set(accepted):
                faults.append((name, method, allow))
    assert faults == []


def test_a_refusal_is_a_whole_page_for_everybody(stage: Stage) -> None:
    """test_permissions looks at the status of each refusal; here one is drawn for each person."""
    for name in stage.personas:
        with undone():
            response = stage.client(name, PRACTICE).get("/no-such-page/")
        assert response.status_code == 404, name
        assert_valid_page(response)


_BAD_KEYS: Final = {
    "uuid": ("1", "abc", "9" * 40, "%00", "0" * 32, "../..", "A" * 36, "'%20OR%201=1--", "١" * 8),
    "key": ("abc", "-1", "1.0", "%00", "٣", "1e3", "9" * 5_000),
}


def test_bi_34_a_malformed_key_is_404_and_asks_the_database_for_nothing(stage: Stage) -> None:
    """BI-34: no query but those that find out who asks (as on any address that does not exist)."""
    client = stage.client("manager", PRACTICE)
    with CaptureQueriesContext(
        connection,
    ) as usual:
        assert client.get("/no-such-page/").status_code == 404
    for route in sorted(_routes()):
        kinds = re.findall(r"<(uuid|key):\w+>", route)
        for kind in set(kinds):
            for bad in _BAD_KEYS[kind]:
                address = "/" + re.sub(rf"<{kind}:\w+>", bad, route)
                address = re.sub(
                    r"<key:\w+>", "1", re.sub(r"<uuid:\w+>", "0" * 8 + "-0000-4000-8000-" + "0" * 12, address)
                )
                with undone(), CaptureQueriesContext(connection) as queries:
                    response = client.get(address)
                assert response.status_code == 404, address
                # an entry of a refusal would be more than this, and so would any look at a row
                assert len(queries) - 2 <= len(usual), (address, [one["sql"] for one in queries])


@pytest.mark.parametrize("number", [2**31, 2**63 - 1, 2**63, 10**30])
def test_bi_34_a_number_beyond_any_row_is_404(stage: Stage, number: int) -> None:
    """BI-34: numbers that no column can hold."""
    for name in ("manager", "pi"):
        for address in (f"/people/{number}/", f"/audit/{number}/", f"/people/{number}/edit/"):
            with undone():
                wanted = {404} if name == "manager" else {403, 404}
                response = stage.client(name, PRACTICE).get(address)
                assert response.status_code in wanted, address
    for address in (
        f"/people/{stage.cast.viewer.pk}/roles/{number}/end/",
        f"/studies/{stage.cast.study.pk}/pis/{number}/remove/",
    ):
        for method in ("get", "post"):
            with undone():
                fields = stage.fields("manager", PRACTICE)
                response = getattr(stage.client("manager", PRACTICE), method)(address, fields)
                assert response.status_code in {302, 404}, address


def _routes() -> list[str]:
    found: list[Any] = get_resolver().url_patterns[0].url_patterns
    return [str(one.pattern) for one in found if "<" in str(one.pattern)]


_KEYS_OF_THINGS: Final = {"account", "type", "worker", "job", "preview", "upload", "entry"}


def test_bi_33_what_is_foreign_is_not_there(stage: Stage) -> None:
    """BI-33: the same answer for another lab's thing and for one that does not exist, by link, form and htmx."""
    rows = {name: row for name, row in TABLE.items() if row.thing in _KEYS_OF_THINGS}
    assert len(rows) > 25
    missing = {"entry": 10**9}
    seen = 0
    for url_name, row in rows.items():
        if "g" not in row.who or row.everywhere:
            continue  # outsiders are granters: for them these are 403 whatever they name
        none = missing.get(row.thing, "00000000-0000-4000-8000-000000000000")
        foreign = stage.address(url_name, row.thing, "outsider", FOREIGN)
        own = stage.things[FOREIGN][row.thing]
        key = str(own["granter"] if isinstance(own, dict) else own)
        for method in ("get", "post"):
            if not getattr(row, method):
                continue
            for headers in ({}, {"HX-Request": "true"}, {"HX-Request": "true", "HX-Polling": "true"}):
                answers = []
                for address in (foreign, foreign.replace(key, str(none))):
                    with undone():
                        fields = stage.fields("outsider", FOREIGN) if method == "post" else {}
                        client = stage.client("outsider", FOREIGN)
                        answers.append(getattr(client, method)(address, fields, headers=headers))
                statuses = {one.status_code for one in answers}
                assert statuses == {404}, (url_name, method, headers, statuses)
                texts = {_without_numbers(one.content.decode()) for one in answers}
                told = unified_diff(*(one.splitlines() for one in sorted(texts))) if len(texts) > 1 else ()
                assert not (lines := list(told)), f"{url_name} {method}\n" + "\n".join(lines)
                seen += 1
    assert seen > 50


def _without_numbers(text: str) -> str:
    """Reference, tokens and keys differ from answer to answer."""
    text = re.sub(r'"csrfmiddlewaretoken" value="\w+"|"csrf-token" content="\w+"|<code[^>]*>\w+</code>', "", text)
    text = re.sub(r"\b\d\d:\d\d\b", "", text)  # when it was printed
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{12,64}\b|\b10{9}\b|/audit/\d+/", "", text)


def test_bi_33_a_foreign_id_in_a_form_or_address_is_not_taken(stage: Stage) -> None:
    """BI-33: another lab's type, worker, preview or study behind the field of an own form."""
    things = stage.things[FOREIGN]
    client = stage.client("outsider", FOREIGN)
    for query in (
        {"type": things["type"]},
        {"worker": things["worker"]},
        {"preview": things["preview"]["granter"]},
    ):
        with undone():
            response = client.get("/grant/", {key: str(value) for key, value in query.items()})
        assert response.status_code == 404, query
    for address, fields in (
        ("/grant/", {"type": things["type"], "list": "A1GOODWORKER01"}),
        ("/revoke/", {"type": things["type"], "list": "A1GOODWORKER01", "how": "silent"}),
        ("/workers/look-up/", {"type": things["type"], "worker_id": "A1GOODWORKER01"}),
    ):
        with undone(), written() as tables:
            response = client.post(address, {**stage.fields("outsider", FOREIGN), **fields})
        assert (response.status_code, tables) == (422, set()), address
    for query in ({"worker": things["worker"]}, {"job": things["job"]["granter"]}, {"type": things["type"]}):
        with undone():
            response = client.get("/audit/", {key: str(value) for key, value in query.items()})
        assert response.status_code in {400, 404}, query


def test_bi_33_jobs_and_lists_of_others_are_theirs(stage: Stage) -> None:
    """BI-33: another person's list is not there, and another person's job is not one's own."""
    things = stage.things[PRACTICE]
    other = stage.client("practice_granter", PRACTICE)
    fields = stage.fields("practice_granter", PRACTICE)
    key = things["preview"]["granter"]
    for address in (f"/previews/{key}/", f"/previews/{key}/columns/", f"/previews/{key}/problems.csv"):
        with undone():
            assert other.get(address).status_code == 404, address
    for address in (f"/previews/{key}/", f"/previews/{key}/discard/", f"/previews/{key}/corrections/"):
        with undone(), written() as tables:
            assert other.post(address, fields).status_code == 404, address
        assert tables == set()
    job = things["job"]["granter"]
    for verb in ("stop", "resume", "retry"):
        with undone(), written() as tables:
            assert other.post(f"/jobs/{job}/{verb}/", fields).status_code == 403, verb
        assert tables == set()


def test_a_thing_of_another_account_than_the_one_in_use_is_not_touched(stage: Stage) -> None:
    """The bar says practice, the address says production: nothing is done there."""
    client, fields = stage.client("granter", PRACTICE), stage.fields("granter", PRACTICE)
    things = stage.things[REAL]
    for address in (
        f"/jobs/{things['job']['granter']}/stop/",
        f"/jobs/{things['job']['granter']}/retry/",
        f"/previews/{things['preview']['granter']}/",
        f"/types/{things['type']}/sync/",
    ):
        with undone(), written() as tables:
            assert client.post(address, fields).status_code in {404, 409}, address
        assert tables == set()
