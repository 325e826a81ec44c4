"""The search of the log in words: what it finds, that it says what the filters say, and gives nothing away."""

import csv
import io
import uuid
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry, AuditHead
from qualadmin.audit.types import Context, Target, Who
from qualadmin.audit.words import WordsFault
from qualadmin.core.models import User
from qualadmin.web.audit_names import Names
from qualadmin.web.audit_scope import listing_for, streams_of
from qualadmin.web.audit_search import Search
from tests.entries import new_entries, payload_of
from tests.factories import JobFactory, RoleFactory, TypeFactory, UserFactory, WorkerFactory
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lab import WORKER_ID, Lab
from tests.web.lists import Someone, text_of, went_on
from tests.web.queries import watched

pytestmark = pytest.mark.django_db


@pytest.fixture
def pi(lab: Lab, client: Client) -> Someone:
    return Someone(client, lab.cast.pi, lab.cast.account)


@pytest.fixture
def entries(lab: Lab) -> int:
    """What two people did, about two types. The number of the first of these entries."""
    another = TypeFactory(account=lab.cast.account, name="Wave 8")
    first = AuditHead.objects.get().size
    for name, action, kind, outcome in (
        ("granter", "qtype.sync.requested", lab.type, "ok"),
        ("granter", "qtype.create.finished", lab.type, "failed"),
        ("manager", "qtype.imported", lab.type, "ok"),
        ("manager", "qtype.imported", another, "ok"),
    ):
        with audit.transaction(lab.cast.actor(name).context) as tx:
            tx.record(
                action,
                outcome=outcome,
                target=Target("qtype", str(kind.pk), kind.name),
                stream=lab.cast.account.stream,
                subject=lab.worker.pk if name == "granter" else None,
            )
    return first


def search_of(user: User, asked: dict[str, str] | None = None) -> Search:
    actor = user.as_actor()
    return Search(Names(actor, streams_of(actor), asked or {}))


def found_by(someone: Someone, words: str, first: int) -> list[str]:
    """Actions of the entries that the words lead to, from the entry `first` on."""
    address = went_on(someone.send("/audit/", words=words))
    page = someone.get(address)
    assert_valid_page(page)
    return [one.action for one in page.context["results"].rows if one.seq >= first]


def box_of(page: Any) -> str:
    return str(page.context["form"]["words"].value() or "")


def fault_of(someone: Someone, words: str) -> str:
    page = someone.send("/audit/", words=words)
    assert page.status_code == 422
    assert_valid_page(page)
    assert box_of(page) == words
    (text,) = page.context["form"].errors["words"]
    assert text in text_of(page)
    return str(text)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ('actor:granter type:"wave 7"', ["qtype.create.finished", "qtype.sync.requested"]),
        ("-actor:granter action:qtype -outcome:started", ["qtype.imported", "qtype.imported"]),
        ('type:"Wave 7" -action:qtype.sync.requested -outcome:failed', ["qtype.imported"]),
        ("action:qtype.* outcome:failed", ["qtype.create.finished"]),
        ('action:qtype.sync.requested action:imported -type:"Wave 8"', ["qtype.imported", "qtype.sync.requested"]),
        (f"worker:{WORKER_ID} action:qtype", ["qtype.create.finished", "qtype.sync.requested"]),
        ("study:sleep-and-attention action:qtype", []),
        ('account:"Practice lab" action:imported', ["qtype.imported", "qtype.imported"]),
        ("after:2020-01-01 before:2020-02-01", []),
        ("created:2020-01-01.. action:qtype.sync.requested", ["qtype.sync.requested"]),
        ("-before:2020-01-01 action:qtype.sync.requested", ["qtype.sync.requested"]),
        ("-after:2020-01-01 action:qtype.sync.requested", []),
    ],
)
def test_words_find(pi: Someone, entries: int, words: str, found: list[str]) -> None:
    assert found_by(pi, words, entries) == found


def test_leaving_out_a_person_keeps_what_nobody_did(pi: Someone, lab: Lab) -> None:
    first = AuditHead.objects.get().size
    with audit.transaction(Context(actor=Who("system", None, "the sweep"))) as tx:
        tx.record("account.enabled", target=Target("account", "x", "x"), stream=lab.cast.account.stream)
    assert found_by(pi, "-actor:granter action:account.enabled", first) == ["account.enabled"]
    assert found_by(pi, '-type:"Wave 7" -job:wave-7.csv action:account.enabled', first) == ["account.enabled"]


def test_words_lead_to_the_filters_and_the_filters_show_as_words(pi: Someone, lab: Lab) -> None:
    text = (
        f'ACTOR:granter  type:"wave 7" worker:{WORKER_ID.lower()} created:2026-11-01..2026-11-07 job:wave-7.csv '
        "study:sleep-and-attention outcome:failed outcome:unknown -action:view -worker:" + WORKER_ID
    )
    address = went_on(pi.send("/audit/?size=25", words=text))
    query = dict(parse_qsl(address.partition("?")[2]))
    worker = str(lab.worker.pk)
    assert query == {
        "person": str(lab.cast.granter.pk), "type": str(lab.type.pk), "worker": worker, "from": "2026-11-01",
        "to": "2026-11-07", "job": str(lab.job.pk), "stream": lab.cast.study.stream, "outcome": "failed,unknown",
        "not-action": "audit.viewed", "not-worker": worker, "size": "25",
    }  # fmt: skip
    page = pi.get(address)
    words = box_of(page)
    assert words == (
        f'actor:"Granter Person" outcome:failed outcome:unknown type:"Wave 7" worker:{WORKER_ID} '
        f"study:sleep-and-attention job:wave-7.csv created:2026-11-01..2026-11-07 "
        f"-action:audit.viewed -worker:{WORKER_ID}"
    )
    shown = text_of(page)
    for chip in (
        "Outcome: Failed or Not known yet",
        "But not: Audit log: viewed",
        f"Not about worker: {WORKER_ID}",
    ):
        assert chip in shown
    assert went_on(pi.send(address, words=words)) == address


def test_an_empty_search_is_the_whole_log(pi: Someone, lab: Lab) -> None:
    assert went_on(pi.send("/audit/?outcome=ok", words="  ")) == "/audit/"
    assert went_on(pi.send("/audit/?outcome=ok&size=50", words="")) == "/audit/?size=50"


def test_a_part_of_the_page_brings_words_and_exports_along(pi: Someone, lab: Lab) -> None:
    page = pi.fragment(f"/audit/?type={lab.type.pk}&outcome=ok")
    assert_valid_fragment(page)
    html = page.content.decode()
    assert html.count('data-hx-swap-oob="true"') == 3
    assert "outcome:ok type:&quot;Wave 7&quot;" in html
    assert f"/audit/export.csv?type={lab.type.pk}&amp;outcome=ok" in html
    assert "swap-oob" not in pi.get("/audit/").content.decode()


def test_the_export_leaves_out_what_the_page_leaves_out(pi: Someone, lab: Lab, entries: int) -> None:
    address = went_on(pi.send("/audit/", words='action:qtype -type:"Wave 8" -actor:granter'))
    text = b"".join(pi.get(address.replace("/audit/", "/audit/export.csv")).streaming_content).decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["Entry"]]
    assert {(row["Action"], row["About"]) for row in rows} >= {("qtype.imported", "Wave 7")}
    assert not {"Wave 8"} & {row["About"] for row in rows}
    assert "Granter Person" not in {row["Who"] for row in rows}


FAULTS = [
    (
        "actor:Grantr",
        'At character 1: There is no person “Grantr” that you can see. Near it: actor:"Granter Person"',
    ),
    ("actor:person", "“person” may mean several people: actor:"),
    ("outcome:ok type:Wav", 'At character 12: There is no type “Wav” that you can see. Near it: type:"Wave 7"'),
    ("action:jop.created", "There is no action “jop.created” that you can see. Near it: action:job.created"),
    ("action:login", "“login” may mean several actions: action:auth.login.failed, action:auth.login.locked"),
    (
        "action:grant",
        "“grant” may mean several things: effect:granted, action:job.created, action:role.granted. Write one",
    ),
    (
        "action:Revoke",
        "“Revoke” may mean several things: effect:revoked, action:job.created, action:role.revoked. Write one",
    ),
    ("outcome:fine", "Near it: outcome:started, outcome:ok, outcome:failed, outcome:denied, outcome:unknown"),
    ("study:slep-and-attention", "Near it: study:sleep-and-attention"),
    ("study:practice-lab", "There is no study “practice-lab”"),
    ("stream:system2", "There is no stream “system2” that you can see. Near it: stream:system"),
    ("job:wave-7.cs", "There is no job “wave-7.cs” that you can see. Near it: job:wave-7.csv"),
    ("worker:A1NOBODYKNOWS", "No worker “A1NOBODYKNOWS” is known here"),
    ("worker:W-AAAAAAAAAA", "is a pseudonym. It belongs to one study or account and is not searched for here"),
    ("worker:W-!", "No worker “W-!” is known here"),
    ("after:yesterday", "“yesterday” is no day. Write a day like after:2026-11-23."),
    ("before:1970-01-01", "This is before the first day that can be searched."),
    ("-created:2026-11-01", "A span of days can’t be left out. Write before: or after: instead."),
    ("after:2026-11-01 created:2026-11-01", "At character 18: The search names such an end of the time already."),
    ("mira", "“mira” has no key, and the log is not searched for plain text. Keys are actor, action, outcome"),
    (
        "colour:red",
        "There is no key “colour:”. Keys are actor, action, outcome, type, worker, study, account",
    ),
    ('type:"Wave', "At character 6: This quote is never closed."),
    ("request:a,b", "“a,b” is no number of a request."),
]


@pytest.mark.parametrize(("words", "says"), FAULTS)
def test_a_fault_is_shown_with_its_place_and_the_cure(pi: Someone, lab: Lab, words: str, says: str) -> None:
    assert says in fault_of(pi, words)


def test_the_list_stays_as_it_was_when_the_words_are_at_fault(pi: Someone, lab: Lab, entries: int) -> None:
    page = pi.send("/audit/?action=qtype.imported", words="colour:red")
    assert {one.action for one in page.context["results"].rows} == {"qtype.imported"}
    assert "<mark>colour:red</mark>" in page.content.decode()


def test_what_is_out_of_scope_is_said_not_to_be_there(client: Client, lab: Lab) -> None:
    """The same words for what does not exist and for what is somebody else's."""
    user: User = UserFactory()
    RoleFactory(user=user, role="pi", account=lab.cast.other_account)
    someone = Someone(client, user, lab.cast.other_account)
    for hidden, made_up in (
        ('type:"Wave 7"', 'type:"Wave 9"'),
        (f"type:{lab.type.pk}", "type:00000000-0000-0000-0000-000000000009"),
        ("job:wave-7.csv", "job:wave-9.csv"),
        (f"worker:{WORKER_ID}", "worker:A1NOBODYKNOWS"),
        (f"worker:{lab.worker.pk}", "worker:00000000-0000-0000-0000-000000000009"),
        ("study:sleep-and-attention", "study:nothing"),
        ("account:practice-lab", "account:nothing"),
    ):
        real, fake = (fault_of(someone, words) for words in (hidden, made_up))
        value, other = (words.partition(":")[2].strip('"') for words in (hidden, made_up))
        assert real.replace(value, "…") == fake.replace(other, "…")
    assert "Wave 7" not in fault_of(someone, "type:Wave")


def test_a_pi_of_one_study_finds_no_job_of_another(pi: Someone, lab: Lab) -> None:
    assert "There is no job “Not for the PI” that you can see" in fault_of(pi, 'job:"Not for the PI"')


@pytest.mark.parametrize("name", ["viewer", "granter"])
def test_who_reads_the_own_acts_only_has_fewer_keys(client: Client, lab: Lab, name: str) -> None:
    someone = Someone(client, lab.cast.user(name), lab.cast.account)
    assert "actor:mira" not in someone.get("/audit/").content.decode()  # neither as an example
    text = fault_of(someone, "actor:pi")
    assert "There is no key “actor:”. Keys are action, outcome, type, worker, job" in text
    assert "action:auth" in went_on(someone.send("/audit/", words="action:auth")).replace("=", ":")


def test_a_viewer_follows_no_worker_through_the_log_and_learns_no_id(client: Client, lab: Lab) -> None:
    someone = Someone(client, lab.cast.viewer, lab.cast.account)
    # Known or not: the answer is one, and it is noted nowhere that somebody was looked up.
    with new_entries() as entries:
        known, unknown = fault_of(someone, f"worker:{WORKER_ID}"), fault_of(someone, "worker:A1NOBODYKNOWS")
    assert known.replace(WORKER_ID, "…") == unknown.replace("A1NOBODYKNOWS", "…")
    assert "worker.searched" not in entries.actions
    real, made_up = (someone.get(f"/audit/?worker={key}") for key in (lab.worker.pk, uuid.UUID(int=9)))
    assert real.status_code == made_up.status_code == 400
    assert WORKER_ID not in real.content.decode()


def test_a_worker_id_by_itself_needs_no_key_and_leaves_no_trace(pi: Someone, lab: Lab) -> None:
    with new_entries() as entries:
        address = went_on(pi.send("/audit/", words=f" {WORKER_ID} "))
        pi.get(address)
        fault_of(pi, f"worker:{WORKER_ID} colour:red")
    assert address == f"/audit/?worker={lab.worker.pk}"
    assert "worker.searched" in entries.actions
    for entry in entries:
        assert WORKER_ID not in bytes(entry.core).decode() + str(payload_of(entry))


def test_names_that_two_share_are_told_apart(pi: Someone, lab: Lab) -> None:
    first, second = UserFactory(full_name="Ann Lee"), UserFactory(full_name="Ann Lee")
    assert f'actor:"Ann Lee #{first.pk}", actor:"Ann Lee #{second.pk}"' in fault_of(pi, 'actor:"ann lee"')
    address = went_on(pi.send("/audit/", words=f'actor:"Ann Lee #{second.pk}"'))
    assert address == f"/audit/?person={second.pk}"
    twin = TypeFactory(account=lab.cast.other_account, name="Wave 7", mturk_id="3MADEUPTYPE")
    assert "may mean several types" in fault_of(pi, 'type:"Wave 7"')
    assert box_of(pi.get(f"/audit/?type={twin.pk}")) == "type:3MADEUPTYPE"
    assert went_on(pi.send("/audit/", words="type:3MADEUPTYPE")) == f"/audit/?type={twin.pk}"
    other = JobFactory(
        account=lab.cast.account, created_by=lab.cast.granter, study=lab.cast.study, title="wave-7.csv"
    )
    assert box_of(pi.get(f"/audit/?job={other.pk}")) == f"job:{other.pk}"
    assert went_on(pi.send("/audit/", words=f"job:{other.pk}")) == f"/audit/?job={other.pk}"


@pytest.mark.parametrize(
    "query", ["not-action=x", "not-worker=1", "action=,", "outcome=ok,fine", "not-to=2026-01-01"]
)
def test_a_bad_address_is_refused_by_name(pi: Someone, query: str) -> None:
    assert pi.get(f"/audit/?{query}").status_code == 400


def test_a_search_with_every_word_asks_no_more_than_a_page_may(pi: Someone, lab: Lab) -> None:
    cache.clear()
    text = (
        f'actor:granter action:job type:"Wave 7" worker:{WORKER_ID} study:sleep-and-attention job:wave-7.csv '
        f'outcome:ok after:2026-01-01 before:2027-01-01 -type:"Old wave" -action:view -worker:{WORKER_ID}'
    )
    address = went_on(pi.send("/audit/", words=text))
    pi.get(address)
    with watched() as queries:
        assert pi.get(address).status_code == 200
    assert queries.number <= 12, queries
    assert queries.offsets == queries.full_counts == []


ANYTHING = st.text(max_size=40)
PIECES = st.sampled_from(
    [
        "actor:granter", "-actor:pi", "action:view", "-action:job", "outcome:done", 'type:"Wave 7"', "-worker:W-",
        f"worker:{WORKER_ID}", "study:sleep-and-attention", "account:practice-lab", "stream:system", "request:0f",
        "job:wave-7.csv", "after:2026-01-01", "before:2026-03-01", "created:2026-01-05", "created:..2200-12-31",
        "-request:0f",
    ]
)  # fmt: skip


def read(user: User, text: str) -> dict[str, str] | WordsFault:
    try:
        return search_of(user).parameters(text)
    except WordsFault as fault:
        return fault


class TestAnyText:
    """One lab for many texts."""

    @pytest.fixture(autouse=True)
    def everything(self, lab: Lab) -> None:
        type(self).user = lab.cast.pi
        WorkerFactory()

    user: User

    @settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
    @given(st.lists(PIECES | ANYTHING, max_size=8).map(" ".join))
    def test_it_is_an_address_whose_words_lead_back_to_it_or_a_fault(self, text: str) -> None:
        found = read(self.user, text)
        if isinstance(found, WordsFault):
            assert 0 <= found.start < found.end <= len(text)
            return
        listing = listing_for(Names(self.user.as_actor(), streams_of(self.user.as_actor()), found))
        for one in listing.filters:
            if one.key in found:
                AuditEntry.objects.filter(one.condition(found[one.key])).exists()
        words = search_of(self.user, found).words(found)
        again = search_of(self.user).parameters(words)
        assert again == found
        assert search_of(self.user, again).words(again) == words
