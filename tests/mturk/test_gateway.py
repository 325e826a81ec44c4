"""The verbs against the emulator, in process and through its server, and against answers no emulator gives."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from moto import mock_aws

from qualadmin.emulator.register import register
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk import errors
from qualadmin.mturk.calls import Answer
from qualadmin.mturk.client import ClientCache, make_client
from qualadmin.mturk.credentials import AccountCredentials
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.pages import read_pages
from qualadmin.mturk.types import (
    AssignmentStatus,
    Environment,
    NotHeld,
    QualificationStatus,
    RemoteQualification,
    RemoteType,
    Revoked,
    TypeStatus,
)
from tests.emulator.hit_forms import new_hit
from tests.mturk.conftest import open_gateway
from tests.mturk.scripted import REQUEST_ID, ScriptedServer, answer

WORKER, OTHER = "A1EXAMPLEWORKER", "A2EXAMPLEWORKER"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture(params=["in process", "through the server"])
def amazon(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[QualificationGateway]:
    if request.param == "in process":
        register()
        with mock_aws():
            yield ClientCache().gateway(AccountCredentials(Environment.SANDBOX), threads=2)
    else:
        emulator: Emulator = request.getfixturevalue("emulator")
        emulator.reset()
        yield open_gateway(emulator.url)


@pytest.fixture
def panel(amazon: QualificationGateway) -> RemoteType:
    return amazon.create_type(name="Panel", description="Took part in the panel")[0]


def test_the_balance_is_told_in_dollars(amazon: QualificationGateway) -> None:
    balance = amazon.balance()
    assert balance.available == Decimal("10000.00")
    assert balance.call is not None
    assert balance.call.aws_request_id


def test_a_type_is_created_read_changed_and_found(amazon: QualificationGateway) -> None:
    made, call = amazon.create_type(
        name="Panel", description="Took part", keywords="panel, wave 1", retry_delay_seconds=0
    )
    assert call.aws_request_id
    assert call.attempts == 1
    assert made.created_at is not None
    assert made.created_at.tzinfo is UTC
    assert (made.name, made.keywords, made.retry_delay_seconds) == ("Panel", "panel, wave 1", 0)
    assert amazon.get_type(made.type_id) == made
    changed, _ = amazon.update_type(made.type_id, description="Left", status=TypeStatus.INACTIVE)
    assert (changed.description, changed.status) == ("Left", TypeStatus.INACTIVE)
    assert list(amazon.types()) == [changed]
    assert amazon.type_named("Panel") == changed
    assert amazon.type_named("panel") is None


def test_a_name_can_be_taken_and_a_type_unknown(amazon: QualificationGateway, panel: RemoteType) -> None:
    with pytest.raises(errors.TypeAlreadyExists):
        amazon.create_type(name="Panel", description="Again")
    with pytest.raises(errors.TypeNotFound):
        amazon.get_type("3NOSUCHTYPE000000000000000000X")


def test_a_qualification_is_given_changed_and_taken_away(amazon: QualificationGateway, panel: RemoteType) -> None:
    assert isinstance(amazon.score(panel.type_id, WORKER), NotHeld)
    assert amazon.associate(panel.type_id, WORKER, 7, notify=False).aws_request_id
    amazon.associate(panel.type_id, WORKER, 0, notify=False)
    held = amazon.score(panel.type_id, WORKER)
    assert isinstance(held, RemoteQualification)
    assert (held.value, held.status, held.worker_id) == (0, QualificationStatus.GRANTED, WORKER)
    assert held.grant_time is not None
    assert abs((datetime.now(UTC) - held.grant_time).total_seconds()) < 60
    assert amazon.disassociate(panel.type_id, WORKER, None).aws_request_id
    assert isinstance(amazon.score(panel.type_id, WORKER), Revoked)
    with pytest.raises(errors.QualificationRevoked):
        amazon.disassociate(panel.type_id, WORKER, None)
    with pytest.raises(errors.QualificationNotHeld):
        amazon.disassociate(panel.type_id, OTHER, None)


@pytest.mark.parametrize("count", [0, 1, 100, 101, 200])
def test_holders_are_read_to_the_end(amazon: QualificationGateway, panel: RemoteType, count: int) -> None:
    workers = {f"A{number:012}" for number in range(count)}
    for worker in workers:
        amazon.associate(panel.type_id, worker, 1, notify=False)
    found = [holder.worker_id for holder in amazon.holders(panel.type_id)]
    assert len(found) == count
    assert set(found) == workers
    assert list(amazon.holders(panel.type_id, QualificationStatus.REVOKED)) == []


def test_revoked_holders_are_listed_apart(amazon: QualificationGateway, panel: RemoteType) -> None:
    amazon.associate(panel.type_id, WORKER, 5, notify=False)
    amazon.disassociate(panel.type_id, WORKER, None)
    assert list(amazon.holders(panel.type_id)) == []
    [revoked] = amazon.holders(panel.type_id, QualificationStatus.REVOKED)
    assert (revoked.worker_id, revoked.status) == (WORKER, QualificationStatus.REVOKED)


def test_an_unknown_request_is_gone(amazon: QualificationGateway) -> None:
    with pytest.raises(errors.Refused):
        amazon.accept_request("3NOSUCHREQUEST", 1)


def test_requests_are_listed_accepted_and_rejected(emulator: Emulator) -> None:
    emulator.reset()
    amazon = open_gateway(emulator.url)
    panel, _ = amazon.create_type(name="Panel", description="Ask to join")
    emulator.register_workers(WORKER, OTHER)
    first, second = emulator.ask(panel.type_id, WORKER), emulator.ask(panel.type_id, OTHER)
    waiting = {found.request_id: found.worker_id for found in amazon.requests(panel.type_id)}
    assert waiting == {first: WORKER, second: OTHER}
    assert {found.request_id for found in amazon.requests()} == {first, second}
    amazon.accept_request(first, 3)
    amazon.reject_request(second, None)
    assert list(amazon.requests()) == []
    assert emulator.grant_map(panel.type_id) == {WORKER: 3}
    with pytest.raises(errors.RequestGone):
        amazon.accept_request(first, 3)


def test_mail_goes_out_only_when_chosen(emulator: Emulator) -> None:
    emulator.reset()
    amazon = open_gateway(emulator.url)
    panel, _ = amazon.create_type(name="Panel", description="Quiet")
    amazon.associate(panel.type_id, WORKER, 1, notify=False)
    amazon.disassociate(panel.type_id, WORKER, "  ")
    assert emulator.outbox() == []
    amazon.associate(panel.type_id, WORKER, 1, notify=True)
    amazon.disassociate(panel.type_id, WORKER, "The study is over.")
    assert len(emulator.outbox()) == 2


def test_many_threads_share_one_gateway(emulator: Emulator) -> None:
    emulator.reset()
    amazon = open_gateway(emulator.url)
    panel, _ = amazon.create_type(name="Panel", description="Many")
    workers = [f"A{number:012}" for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        calls = list(pool.map(lambda worker: amazon.associate(panel.type_id, worker, 2, False), workers))
    assert len({call.aws_request_id for call in calls}) == 60
    assert all(call.attempts == 1 for call in calls)
    assert emulator.grant_map(panel.type_id) == dict.fromkeys(workers, 2)


def test_what_is_sent_is_said_in_full(server: ScriptedServer, gateway: QualificationGateway) -> None:
    server.script.append(answer({}))
    gateway.associate("3TYPE", WORKER, 0, notify=False)
    gateway.disassociate("3TYPE", WORKER, "")
    gateway.disassociate("3TYPE", WORKER, "Over.")
    gateway.accept_request("REQUEST", 0)
    assert [body for _, body in server.requests] == [
        {"QualificationTypeId": "3TYPE", "WorkerId": WORKER, "IntegerValue": 0, "SendNotification": False},
        {"QualificationTypeId": "3TYPE", "WorkerId": WORKER},
        {"QualificationTypeId": "3TYPE", "WorkerId": WORKER, "Reason": "Over."},
        {"QualificationRequestId": "REQUEST", "IntegerValue": 0},
    ]


def _page(number: int, token: str | None) -> bytes:
    holder = {"QualificationTypeId": "3TYPE", "WorkerId": f"A{number}", "Status": "Granted", "IntegerValue": 1}
    return answer({"NumResults": 1, "Qualifications": [holder], **({"NextToken": token} if token else {})})


def test_bi_55_a_token_that_comes_back_ends_the_list_with_an_error(
    server: ScriptedServer, gateway: QualificationGateway
) -> None:
    server.script.extend([_page(1, "a"), _page(2, "b"), _page(3, "a")])
    found: list[str] = []
    with pytest.raises(errors.ListingBroken) as caught:
        found.extend(holder.worker_id for holder in gateway.holders("3TYPE"))
    assert caught.value.code == "RepeatedToken"
    assert len(server.requests) == 3


def test_bi_55_a_list_without_end_is_left_at_the_cap(
    server: ScriptedServer, gateway: QualificationGateway
) -> None:
    server.script.extend([_page(1, "a"), _page(2, "b"), _page(3, "c"), _page(4, "d")])

    def fetch(token: str | None) -> Answer:
        list_workers = gateway._read.list_workers_with_qualification_type
        return gateway._ask(list_workers, QualificationTypeId="3TYPE", NextToken=token)

    with pytest.raises(errors.ListingBroken) as caught:
        list(read_pages(fetch, "Qualifications", lambda item, _call: item["WorkerId"], max_pages=3))
    assert caught.value.code == "TooManyPages"
    assert len(server.requests) == 3


def test_an_empty_page_with_a_token_is_not_the_end(server: ScriptedServer, gateway: QualificationGateway) -> None:
    server.script.extend([answer({"Qualifications": [], "NextToken": "a"}), _page(1, None)])
    assert [holder.worker_id for holder in gateway.holders("3TYPE")] == ["A1"]


@pytest.mark.parametrize("body", [{}, {"QualificationType": {"Name": "Panel"}}])
def test_a_created_type_that_is_not_described_is_unknown(
    server: ScriptedServer, gateway: QualificationGateway, body: dict[str, object]
) -> None:
    server.script.append(answer(body))
    with pytest.raises(errors.Unknown) as caught:
        gateway.create_type(name="Panel", description="A panel")
    assert type(caught.value) is errors.Unknown
    assert caught.value.request_id == REQUEST_ID
    assert len(server.requests) == 1


def test_a_score_that_is_not_described_is_no_answer(server: ScriptedServer, gateway: QualificationGateway) -> None:
    server.script.append(answer({"Qualification": {"WorkerId": WORKER, "Status": "Perhaps"}}))
    with pytest.raises(errors.NoAnswer):
        gateway.score("3TYPE", WORKER)


def test_a_client_that_retries_is_refused_for_changes() -> None:
    account = AccountCredentials(Environment.EMULATOR, access_key_id="A", emulator_url="http://127.0.0.1:9")
    reader = make_client(account, purpose="read", max_pool_connections=1)
    with pytest.raises(ValueError, match="once"):
        QualificationGateway(reader, reader)


def test_hits_and_who_did_them_are_read_to_the_end() -> None:
    with Emulator() as running:
        gateway = open_gateway(running.url)
        client = gateway._read
        made = [new_hit(client, MaxAssignments=101)["HITId"] for _ in range(101)]
        for number in range(101):
            running.submit(running.accept(made[0], f"A{number:04}"), {"colour": "red"})
        [first] = client.list_assignments_for_hit(HITId=made[0], MaxResults=1)["Assignments"]
        client.approve_assignment(AssignmentId=first["AssignmentId"])

        hits = list(gateway.hits())
        assert sorted(one.hit_id for one in hits) == sorted(made)
        [done] = [one for one in hits if one.hit_id == made[0]]
        assert (done.title, done.max_assignments, done.available, done.completed) == ("Name a colour", 101, 0, 1)
        assert done.created_at is not None
        page = gateway.hit_page()
        assert len(page.items) == 100
        assert len(gateway.hit_page(page.token).items) == 1

        work = list(gateway.assignments(made[0]))
        assert {one.worker_id for one in work} == {f"A{number:04}" for number in range(101)}
        assert all(one.submitted_at and one.submitted_at.tzinfo is UTC for one in work)
        approved = gateway.assignment_page(made[0], [AssignmentStatus.APPROVED])
        assert [one.assignment_id for one in approved.items] == [first["AssignmentId"]]
        with pytest.raises(errors.HitNotFound):
            list(gateway.assignments("3NOSUCHHIT"))


def test_a_page_whose_token_leads_to_itself_is_no_page(
    gateway: QualificationGateway, server: ScriptedServer
) -> None:
    server.script.append(answer({"NumResults": 0, "Qualifications": [], "NextToken": "same"}))
    with pytest.raises(errors.ListingBroken):
        gateway.holder_page("3TYPE", QualificationStatus.GRANTED, "same")
