"""Every address, asked for by everybody, in practice and in production, within and outside their accounts.

The statuses are those of `table.py`. Whoever is refused changes nothing and, once signed in, leaves exactly one
entry `access.denied`. Looking changes nothing either; it may leave an entry that says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver, reverse

from qualadmin.audit.models import AuditEntry, AuditHead
from qualadmin.core.models import RequesterAccount
from qualadmin.web.views import errors
from tests.security.stage import FOREIGN, PRACTICE, REAL, Persona, Stage, undone
from tests.security.table import ANYBODY, NOBODY, OF_READING, TABLE, Row
from tests.security.writes import written

pytestmark = pytest.mark.django_db
ALL_ACCOUNTS = ("granter", "practice_granter", "pi", "manager", "practice_manager", "viewer")
OF_ONE_ACCOUNT = ("outsider", "local_manager")


@dataclass(frozen=True)
class Case:
    """One request."""

    method: str
    name: str | None
    place: str


def cases(row: Row) -> Iterator[Case]:
    for method, taken in (("GET", row.get), ("POST", row.post)):
        yield Case(method, None, PRACTICE)
        yield Case(method, "newcomer", PRACTICE)
        if not taken:  # 405 comes before accounts, rights and objects
            yield Case(method, "granter", REAL)
            yield Case(method, "outsider", FOREIGN)
            continue
        for name in ALL_ACCOUNTS:
            yield Case(method, name, PRACTICE)
            yield Case(method, name, REAL)
        for name in OF_ONE_ACCOUNT:
            yield Case(method, name, FOREIGN)


def expected(url_name: str, row: Row, case: Case, persona: Persona | None) -> int:
    """What the table says. The order is that of the doors: sign-in, method, account, right, object."""
    status = row.get if case.method == "GET" else row.post
    if persona is None:
        return (status or 405) if row.who == NOBODY else 302
    if not status:
        return 405
    if row.who == NOBODY:  # who has signed in need not do so again
        return 302 if url_name == "sign-in" and case.method == "GET" else status
    if row.who != ANYBODY and (not _holds(row, case, persona)):
        return 403
    if row.scoped and (case.place == FOREIGN or not persona.role):
        return 404
    return status


def _holds(row: Row, case: Case, persona: Persona) -> bool:
    if not persona.role or (row.everywhere and persona.home is not None):
        return False
    if persona.role not in row.who:
        # Whose role never suffices for the thing learns nothing about things outside the own accounts either.
        return False
    return case.place != REAL or persona.real or persona.role not in row.real


@pytest.fixture(autouse=True)
def _bare_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two thousand refusals are one page, drawn and looked at elsewhere; here its status is enough."""

    def problem(request: HttpRequest, status: int, text: str = "", **more: Any) -> HttpResponse:
        return HttpResponse(text, status=status)

    monkeypatch.setattr(errors, "problem", problem)


@pytest.mark.parametrize("url_name", sorted(TABLE))
def test_everybody_gets_what_the_table_says(stage: Stage, url_name: str) -> None:
    row = TABLE[url_name]
    faults = []
    for case in cases(row):
        persona = stage.personas[case.name] if case.name else None
        wanted = expected(url_name, row, case, persona)
        with undone(), written() as tables:
            size = AuditHead.objects.get().size
            response = ask(stage, url_name, row, case)
            if response.streaming:
                b"".join(response.streaming_content)
            entries = list(AuditEntry.objects.filter(seq__gte=size).values_list("action", "actor_id", "outcome"))
        got = response.status_code
        if got != wanted:
            faults.append(f"{case}: {got}, not {wanted} {response.headers.get('Location', '')}")
        if persona is None and got == 302 and not response.headers["Location"].startswith(reverse("sign-in")):
            faults.append(f"{case}: sent to {response.headers['Location']}")
        if persona is not None and got in {403, 404} and url_name != "styleguide-problem":
            if entries != [("access.denied", str(persona.user.pk), "denied")]:
                faults.append(f"{case}: {got} with the entries {entries}")
        elif got == 405 and entries:
            faults.append(f"{case}: {got} with the entries {entries}")
        if case.method == "GET" and (unexpected := {action for action, _, _ in entries} - OF_READING):
            faults.append(f"{case}: {got}, but left the entries {unexpected}")
        if (got >= 400 or persona is None or case.method == "GET") and tables:
            faults.append(f"{case}: {got}, but wrote to {tables}")
    assert faults == []


def ask(stage: Stage, url_name: str, row: Row, case: Case) -> Any:
    client = stage.client(case.name, case.place)
    address = stage.address(url_name, row.thing, case.name, case.place)
    if case.method == "GET":
        return client.get(address)
    fields = {**stage.fields(case.name, case.place), **row.send}
    if row.thing == "choice":
        wanted: RequesterAccount = stage.account(case.place)
        fields["account"] = str(wanted.pk)
    return client.post(address, fields)


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    names = {key for key in get_resolver().reverse_dict if isinstance(key, str)}
    assert names == set(TABLE)


def test_every_address_has_a_name() -> None:
    """An address without a name would escape the table."""

    def patterns(resolver: Any) -> Iterator[Any]:
        for one in resolver.url_patterns:
            yield from patterns(one) if hasattr(one, "url_patterns") else [one]

    unnamed = [str(one.pattern) for one in patterns(get_resolver()) if not one.name]
    assert unnamed == []
