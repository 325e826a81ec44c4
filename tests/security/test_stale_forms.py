"""BI-18, BI-36, BI-37: what comes too late, twice, in the wrong order, or says nothing."""

from typing import Any

import pytest
from django.core.cache import cache

from qualadmin.core.actions.accounts import update_account
from qualadmin.core.actions.lists import update_list
from qualadmin.core.actions.messages import write_message
from qualadmin.core.actions.people import update_user
from qualadmin.core.actions.previews import discard_preview
from qualadmin.core.actions.studies import update_study
from qualadmin.core.actions.types import update_type_settings
from qualadmin.core.models import Message, Preview, QualificationType, RequesterAccount, Study, User, WorkerList
from qualadmin.web.acting import refuse_stale
from tests.security.stage import PRACTICE, Stage, undone
from tests.security.table import ANYBODY, NOBODY, TABLE
from tests.security.writes import written
from tests.web.html import assert_valid_page
from tests.web.lists import Someone, hidden_of, text_of

pytestmark = pytest.mark.django_db


def change_study(stage: Stage) -> None:
    study = Study.objects.get(pk=stage.cast.study.pk)
    actor = stage.cast.manager.as_actor()
    update_study(actor=actor, study=study, title="Renamed meanwhile", protocol_number="", is_open=True)


def change_type(stage: Stage) -> None:
    kind = QualificationType.objects.get(pk=stage.things[PRACTICE]["type"])
    actor = stage.cast.manager.as_actor()
    update_type_settings(actor=actor, type=kind, default_score=41, min_score=0, max_score=42)


def change_list(stage: Stage) -> None:
    one = WorkerList.objects.get(pk=stage.things[PRACTICE]["list"])
    update_list(actor=stage.cast.granter.as_actor(), one=one, name="Renamed meanwhile", study=None, note="")


def change_message(stage: Stage) -> None:
    one = Message.objects.get(pk=stage.things[PRACTICE]["written"]["granter"])
    write_message(actor=stage.cast.granter.as_actor(), message=one, subject="Renamed meanwhile", text="x")


@pytest.mark.parametrize(
    ("name", "address", "fields", "change", "words"),
    [
        ("manager", "/studies/{study}/edit/", {"title": "Mine", "protocol_number": "", "is_open": "on"},
         change_study, "Title is now “Renamed meanwhile”."),
        ("manager", "/types/{type}/settings/", {"default_score": "5", "min_score": "0", "max_score": "9"},
         change_type, "Usual score is now “41”."),
        ("granter", "/lists/{list}/edit/", {"name": "Mine"}, change_list, "Name is now “Renamed meanwhile”."),
        ("granter", "/messages/{written[granter]}/write/", {"subject": "Mine", "text": "Mine"}, change_message,
         "Subject is now “Renamed meanwhile”."),
    ],
)  # fmt: skip
def test_bi_37_a_form_of_a_row_that_changed_since(
    stage: Stage, name: str, address: str, fields: dict[str, str], change: Any, words: str
) -> None:
    """BI-37: 409, what it is now, and nothing of the older form is saved; opened again it can be."""
    path = address.format(**stage.things[PRACTICE])
    client = stage.client(name, PRACTICE)
    with undone():
        cache.clear()
        stale = hidden_of(client.get(path))
        change(stage)
        with written() as tables:
            response = client.post(path, {**stale, **fields})
        assert (response.status_code, tables) == (409, set())
        assert_valid_page(response)
        assert words in text_of(response)
        assert client.post(path, {**hidden_of(client.get(path)), **fields}).status_code == 302


def test_bi_37_a_second_click_is_not_somebody_else(stage: Stage) -> None:
    """BI-37: the first click changed the row; the second leads where the first one did."""
    path = "/studies/{study}/edit/".format(**stage.things[PRACTICE])
    client = stage.client("manager", PRACTICE)
    with undone():
        cache.clear()
        form = hidden_of(client.get(path)) | {"title": "Mine", "protocol_number": "", "is_open": "on"}
        answers = [client.post(path, form) for _ in range(2)]
        assert [one.status_code for one in answers] == [302, 302]
        assert {one.headers["Location"] for one in answers} == {path.removesuffix("edit/")}


def change_account(stage: Stage) -> None:
    account = RequesterAccount.objects.get(pk=stage.things[PRACTICE]["account"])
    update_account(actor=stage.cast.manager.as_actor(), account=account, name="Renamed", profile_name="x")


def change_person(stage: Stage) -> None:
    person = User.objects.get(pk=stage.things[PRACTICE]["person"])
    update_user(actor=stage.cast.manager.as_actor(), user=person, full_name="Renamed", email="")


@pytest.mark.parametrize(
    ("view", "address", "fields", "change", "theirs"),
    [
        (
            "studies",
            "/studies/{study}/edit/",
            {"title": "Mine", "is_open": "on"},
            change_study,
            "Renamed meanwhile",
        ),
        (
            "types",
            "/types/{type}/settings/",
            {"default_score": "5", "min_score": "0", "max_score": "9"},
            change_type,
            "41",
        ),
        (
            "accounts",
            "/accounts/{account}/edit/",
            {"name": "Mine", "profile_name": "demo"},
            change_account,
            "Renamed",
        ),
        ("people", "/people/{person}/edit/", {"full_name": "Mine"}, change_person, "Renamed"),
    ],
)
def test_bi_37_a_row_that_changes_between_the_look_and_the_write(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    view: str,
    address: str,
    fields: dict[str, str],
    change: Any,
    theirs: str,
) -> None:
    """BI-37: whoever comes in between wins, and the person is told; never are both written."""
    path = address.format(**stage.things[PRACTICE])
    client = stage.client("manager", PRACTICE)

    def look_then_be_overtaken(request: Any, *given: Any) -> None:
        refuse_stale(request, *given)
        if request.method == "POST":
            change(stage)

    monkeypatch.setattr(f"qualadmin.web.views.{view}.refuse_stale", look_then_be_overtaken)
    with undone():
        cache.clear()
        form = hidden_of(client.get(path))
        response = client.post(path, {**form, **fields})
        assert response.status_code == 409
        assert "Nothing was done" in text_of(response)
        kept = client.get(path).content.decode()
    assert f'value="{theirs}"' in kept
    assert 'value="Mine"' not in kept


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("manager", "/accounts/{account}/edit/"),
        ("manager", "/people/{person}/edit/"),
        ("manager", "/studies/{study}/edit/"),
        ("manager", "/types/{type}/settings/"),
        ("manager", "/types/{type}/change/"),
        ("manager", "/types/{type}/delete/name/"),
        ("granter", "/lists/{list}/edit/"),
        ("granter", "/messages/{written[granter]}/write/"),
    ],
)
def test_bi_37_every_form_of_a_row_says_what_it_has_seen(stage: Stage, name: str, path: str) -> None:
    """BI-37: an older number of the row is 409 there as well."""
    client = stage.client(name, PRACTICE)
    address = path.format(**stage.things[PRACTICE])
    with undone(), written() as tables:
        fields = hidden_of(client.get(address))
        assert "seen" in fields
        fields["seen"] = "00000000-0000-4000-8000-000000000000"
        assert client.post(address, {**fields, "name": "x", "full_name": "x"}).status_code == 409
    assert tables == set()


#: What is not of an account: signing in and out, the account and look one works with, and searching.
UNGUARDED = {"sign-in", "sign-out", "account-use", "theme", "kept-form", "find"}


def doors() -> list[str]:
    return sorted(name for name, row in TABLE.items() if row.post and row.who != NOBODY and name not in UNGUARDED)


@pytest.mark.parametrize("field", ["guard_account", "guard_environment", "guard_person"])
def test_bi_37_every_form_is_refused_where_another_account_or_person_is_in_use_by_now(
    stage: Stage, field: str
) -> None:
    """BI-37: 409 for each form of the site, whatever it is about, and nothing is written but that."""
    other = {"guard_account": str(stage.real.pk), "guard_environment": "sandbox", "guard_person": "0"}[field]
    faults = []
    for url_name in doors():
        row = TABLE[url_name]
        name = "granter" if row.who == ANYBODY else {"g": "granter", "p": "pi", "m": "manager"}[row.who[0]]
        address = stage.address(url_name, row.thing, name, PRACTICE)
        fields = {**stage.fields(name, PRACTICE), **row.send, field: other}
        with undone(), written() as tables:
            response = stage.client(name, PRACTICE).post(address, fields)
        if response.status_code != 409 or tables:
            faults.append((url_name, response.status_code, tables))
    assert faults == []


def test_bi_36_steps_out_of_order(stage: Stage) -> None:
    """BI-36: confirm what was never checked, twice, or after it was discarded; go on with what is at an end."""
    someone = Someone(stage.client("granter", PRACTICE), stage.cast.granter, stage.cast.account)
    things = stage.things[PRACTICE]
    upload, ready = things["upload"]["granter"], things["preview"]["granter"]
    fields = stage.fields("granter", PRACTICE)
    with undone():
        cache.clear()
        digest = Preview.objects.get(pk=ready).rows_sha256
        with written() as tables:
            early = someone.client.post(f"/previews/{upload}/", {**fields, "rows_sha256": digest})
        assert (early.status_code, tables) == (302, set())  # back to its columns
        assert early.headers["Location"].endswith("/columns/")
        discard_preview(actor=User.objects.get(pk=stage.cast.granter.pk).as_actor(), preview_id=ready)
        with written() as tables:
            for path in (f"/previews/{ready}/", f"/previews/{ready}/corrections/"):
                response = someone.client.post(path, {**fields, "rows_sha256": digest, "use": "all"})
                assert response.status_code == 409, path
            assert someone.get(f"/previews/{ready}/problems.csv").status_code == 409
        assert tables == set()


@pytest.mark.parametrize("reason", [" ", "\t\n ", "\u3000", "\xa0 "])
def test_bi_18_only_blanks_are_no_reason_where_one_is_asked_for(stage: Stage, reason: str) -> None:
    """BI-18: the reason workers read, a pause, a note. There is no least length: see tests/bad_inputs.py."""
    things = stage.things[PRACTICE]
    revoke = {"type": str(things["type"]), "list": "A1GOODWORKER01", "how": "reason", "revoke_reason": reason}
    for name, path, fields in (
        ("granter", "/revoke/", revoke),
        ("manager", f"/accounts/{things['account']}/pause/", {"cause": reason}),
        ("granter", f"/workers/{things['worker']}/notes/", {"text": reason}),
    ):
        with undone(), written() as tables:
            response = stage.client(name, PRACTICE).post(path, {**stage.fields(name, PRACTICE), **fields})
        assert (response.status_code, tables) == (422, set()), path


@pytest.mark.parametrize(("length", "status"), [(2_000, 302), (2_001, 422), (5_001, 422)])
def test_bi_18_a_reason_has_2000_characters_at_most(stage: Stage, length: int, status: int) -> None:
    """BI-18: emoji count as one each."""
    things = stage.things[PRACTICE]
    fields = {"type": str(things["type"]), "list": "A1GOODWORKER01", "reason": "🙂" * length}
    with undone():
        response = stage.client("granter", PRACTICE).post(
            "/grant/", {**stage.fields("granter", PRACTICE), **fields}
        )
    assert response.status_code == status
