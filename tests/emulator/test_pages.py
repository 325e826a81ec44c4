"""The emulator's pages by HTTP: what a worker does there, and the controls."""

from __future__ import annotations

import html
import re
import time
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from qualadmin.emulator.engine import Engine
from qualadmin.emulator.page import calls
from qualadmin.emulator.page.visit import Visit
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator
from tests.emulator.browsing import Surfer
from tests.emulator.calls import incoming
from tests.emulator.conftest import create_type, make_client
from tests.emulator.documents import ANSWER_KEY, FREE_TEXT_TEST, TEST

WORKER = "A1PAGEWORKER"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.fixture
def emulator(servers: dict[str, Emulator]) -> Emulator:
    server = servers["sandbox"]
    server.reset()
    server.configure(**Settings().as_dict())
    return server


@pytest.fixture
def client(emulator: Emulator) -> Any:
    return make_client(emulator.url, "AKIADEMOFIRST", read_timeout=2)


@pytest.fixture
def surfer(emulator: Emulator) -> Surfer:
    """Acts as WORKER."""
    someone = Surfer(emulator.host, emulator.port)
    seen = someone.post("", {"do": "choose", "worker_id": WORKER})
    assert seen.notice == f"You act as {WORKER} now."
    return someone


def grant(client: Any, type_id: str, worker_id: str = WORKER, **fields: Any) -> None:
    client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=worker_id, **fields)


def ask(surfer: Surfer, type_id: str, do: str = "ask") -> Any:
    return surfer.post("page/qualifications", {"do": do, "type": type_id})


# workers


def test_a_worker_is_registered_and_remembered(emulator: Emulator, surfer: Surfer) -> None:
    emulator.configure(unknown_workers="reject")
    assert emulator.control("POST", "worker", {"worker_id": WORKER})["known"] is True
    assert f"Acting as {WORKER}" in surfer.get().text
    assert "Acting as" not in Surfer(emulator.host, emulator.port).get().text


def test_a_worker_is_made_up(emulator: Emulator) -> None:
    surfer = Surfer(emulator.host, emulator.port)
    seen = surfer.post("", {"do": "invent"})
    (worker_id,) = surfer.cookies.values()
    assert seen.notice == f"{worker_id} is registered, and you act as them now."


@pytest.mark.parametrize("worker_id", ["", "nobody", "A1 2", "AUNKNOWN1", HOSTILE])
def test_what_is_no_worker_id_is_refused_and_stays_in_the_field(emulator: Emulator, worker_id: str) -> None:
    surfer = Surfer(emulator.host, emulator.port)
    seen = surfer.post("", {"do": "choose", "worker_id": worker_id})
    assert seen.status == 409
    assert seen.notice
    assert "<script" not in seen.html
    assert surfer.cookies == {}


def test_without_a_worker_pages_say_what_to_do(emulator: Emulator, client: Any) -> None:
    surfer = Surfer(emulator.host, emulator.port)
    for page in ("qualifications", "hits", "test", "work"):
        assert "No worker is chosen yet." in surfer.get(f"page/{page}").text
    seen = surfer.post("page/qualifications", {"do": "ask", "type": create_type(client), "token": ""})
    assert seen.status == 403


# qualifications


def test_asking_is_answered_by_the_requester(surfer: Surfer, client: Any) -> None:
    type_id = create_type(client, "Careful reader")
    assert ask(surfer, type_id).notice == "You have asked. The requester decides."
    (request,) = client.list_qualification_requests()["QualificationRequests"]
    assert request["WorkerId"] == WORKER
    assert "Waits for the requester" in surfer.get("page/qualifications").text
    client.reject_qualification_request(
        QualificationRequestId=request["QualificationRequestId"], Reason="Not yet."
    )
    assert "Turned down Not yet." in surfer.get("page/qualifications").text


def test_asking_twice_is_refused_in_words(surfer: Surfer, client: Any) -> None:
    type_id = create_type(client)
    ask(surfer, type_id)
    seen = ask(surfer, type_id)
    assert (seen.status, seen.notice) == (409, "This worker already has a request that waits for an answer.")


def test_what_is_granted_to_everybody_is_there_at_once(surfer: Surfer, client: Any, emulator: Emulator) -> None:
    type_id = create_type(client, "Newsletter", AutoGranted=True, AutoGrantedValue=3)
    assert ask(surfer, type_id).notice == "You have the qualification: it is granted to everybody who asks."
    assert emulator.grant_map(type_id) == {WORKER: 3}
    assert "Newsletter 3 Granted" in surfer.get("page/qualifications").text


def test_scores_and_revoked_ones_are_seen(surfer: Surfer, client: Any) -> None:
    type_id = create_type(client, "Shown to me")
    grant(client, type_id, IntegerValue=88)
    assert "Shown to me 88 Granted" in surfer.get("page/qualifications").text
    client.disassociate_qualification_from_worker(QualificationTypeId=type_id, WorkerId=WORKER)
    assert "Shown to me 88 Revoked" in surfer.get("page/qualifications").text


def test_inactive_types_are_not_open(surfer: Surfer, client: Any) -> None:
    type_id = create_type(client, "Closed one", QualificationTypeStatus="Inactive")
    assert "Closed one" not in surfer.get("page/qualifications").text
    assert ask(surfer, type_id).notice == "This qualification type is inactive."


def test_open_types_are_found_by_name_and_come_page_by_page(surfer: Surfer, client: Any) -> None:
    for number in range(52):
        create_type(client, f"Type {number:02}")
    first, second = surfer.get("page/qualifications"), surfer.get("page/qualifications?page=2")
    assert "1 to 50 of 52" in first.text
    assert "51 to 52 of 52" in second.text
    shown = [page.text.count("Took part.") for page in (first, second)]
    assert shown == [50, 2]
    assert surfer.get("page/qualifications?q=type+07").text.count("Took part.") == 1
    assert "No open qualification type has “xyz” in its name." in surfer.get("page/qualifications?q=xyz").text


def test_a_test_is_taken_and_scored(surfer: Surfer, client: Any, emulator: Emulator) -> None:
    type_id = create_type(client, "Colours", Test=TEST, AnswerKey=ANSWER_KEY, TestDurationInSeconds=600)
    seen = ask(surfer, type_id, "begin")
    assert "Which colour is the word?" in seen.text
    assert "Hand in before" in seen.text
    done = surfer.post(f"page/test?type={type_id}", {"do": "answer", "q0": "red"})
    assert done.notice == "Your test is scored: 70."
    assert emulator.grant_map(type_id) == {WORKER: 70}


def test_a_test_with_a_question_left_open_is_not_handed_in(
    surfer: Surfer, client: Any, emulator: Emulator
) -> None:
    needed = TEST.replace("<QuestionContent>", "<IsRequired>true</IsRequired><QuestionContent>")
    type_id = create_type(client, "Colours", Test=needed, AnswerKey=ANSWER_KEY, TestDurationInSeconds=600)
    ask(surfer, type_id, "begin")
    seen = surfer.post(f"page/test?type={type_id}", {"do": "answer"})
    assert seen.status == 400
    assert seen.notice == "Nothing was handed in yet: some answers need another look."
    assert 'class="fault"' in seen.html
    assert emulator.grant_map(type_id) == {}


def test_answers_reach_the_requester_as_written(surfer: Surfer, client: Any) -> None:
    type_id = create_type(client, "In words", Test=FREE_TEXT_TEST, TestDurationInSeconds=600)
    ask(surfer, type_id, "begin")
    done = surfer.post(f"page/test?type={type_id}", {"do": "answer", "q0": HOSTILE})
    assert done.notice == "Your answers are handed in. The requester reads them."
    (request,) = client.list_qualification_requests()["QualificationRequests"]
    assert "&lt;script&gt;alert(1)" in request["Answer"]
    assert "Waits for the requester" in surfer.get("page/qualifications").text


def test_a_test_too_late(surfer: Surfer, client: Any, emulator: Emulator) -> None:
    type_id = create_type(client, "Colours", Test=TEST, TestDurationInSeconds=60)
    ask(surfer, type_id, "begin")
    emulator.advance(61)
    assert "The time for this test is over." in surfer.get(f"page/test?type={type_id}").text
    seen = surfer.post(f"page/test?type={type_id}", {"do": "answer", "q0": "red"})
    assert (seen.status, seen.notice) == (409, "The time for this test is over.")


# mail, calls, clock


def test_mails_newest_first_and_those_of_one_worker(surfer: Surfer, client: Any) -> None:
    type_id = create_type(client, "Mailed")
    assert "No mail yet." in surfer.get("page/mail").text
    grant(client, type_id, "A1SOMEBODY")
    grant(client, type_id)
    every, mine = surfer.get("page/mail").text, surfer.get("page/mail?mine=1").text
    assert every.rindex(WORKER) < every.index("A1SOMEBODY")
    assert "A1SOMEBODY" not in mine
    assert "You have been granted Mailed." in mine


def test_the_call_log_tells_what_was_true(surfer: Surfer, client: Any, emulator: Emulator) -> None:
    type_id = create_type(client)
    emulator.fault("no_request_id", operation="AssociateQualificationWithWorker")
    grant(client, type_id, IntegerValue=5)
    text = surfer.get("page/calls").text
    assert f"AssociateQualificationWithWorker = 5 {WORKER} fault: no_request_id after the change yes" in text
    faulty = surfer.get("page/calls?outcome=fault").html
    assert faulty.count("<tr>") == 2
    assert surfer.get("page/calls?operation=CreateQualificationType").html.count("<tr>") == 2
    assert "No call fits." in surfer.get("page/calls?operation=DeleteQualificationType").text


def turn(surfer: Surfer, seen: Any, link: str) -> Any:
    """Follow Newer or Older."""
    found = re.search(rf'href="/_emulator/(page/[^"]+)">{link}</a>', seen.html)
    assert found is not None, seen.text
    return surfer.get(html.unescape(found[1]))


def test_pages_of_a_long_log(surfer: Surfer, client: Any) -> None:
    for _ in range(105):
        client.get_account_balance()
    newest = surfer.get("page/calls")
    assert "1 to 50 of 105" in newest.text
    assert "Newer" not in newest.text
    second = turn(surfer, newest, "Older")
    assert "51 to 100 of 105" in second.text
    client.get_account_balance()
    last = turn(surfer, second, "Older")
    assert "102 to 106 of 106" in last.text
    assert "Older" not in last.text
    assert "52 to 101 of 106" in turn(surfer, last, "Newer").text
    assert "2 to 51 of 106" in turn(surfer, turn(surfer, last, "Newer"), "Newer").text
    assert turn(surfer, second, "Newer").text.count("GetAccountBalance") == newest.text.count("GetAccountBalance")
    for odd in ("0", "-1", "x", "9" * 30, "%C2%B2"):
        for name in ("before", "after"):
            assert surfer.get(f"page/calls?{name}={odd}").status == 200
    assert "nothing here; there are 106" in surfer.get("page/calls?before=0").text


def test_pages_of_mail(surfer: Surfer, client: Any) -> None:
    type_id = create_type(client, "Mailed")
    for number in range(60):
        grant(client, type_id, f"A1MAIL{number}")
    newest = surfer.get("page/mail")
    assert "A1MAIL59 " in newest.text
    assert "1 to 50 of 60" in newest.text
    older = turn(surfer, newest, "Older")
    assert "51 to 60 of 60" in older.text
    assert "A1MAIL9 " in older.text
    assert turn(surfer, older, "Newer").text.count("A1MAIL") == 50


def test_a_filter_looks_through_a_part_of_the_log_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qualadmin.emulator.packed.LOOKED_AT", 30)
    engine = Engine("sandbox", Settings(signatures="ignored"))
    for _ in range(100):
        engine.execute(engine.receive(incoming("GetAccountBalance", {})))
    engine.execute(engine.receive(incoming("ListHITs", {})))
    for _ in range(40):
        engine.execute(engine.receive(incoming("GetAccountBalance", {})))
    query, seen = {"operation": "ListHITs"}, []
    for _ in range(3):
        page = calls.show(Visit(engine, "/_emulator/page/calls", "token", dict(query)))
        seen.append(("<td" in page, re.findall(r"looked through [\d ]+to \d+ of \d+", page)))
        place = re.search(r"before=(\d+)", page)
        assert place is not None
        query["before"] = place[1]
    assert seen == [
        (False, ["looked through 1 to 30 of 141"]),
        (True, ["looked through 31 to 60 of 141"]),
        (False, ["looked through 61 to 90 of 141"]),
    ]


def test_the_clock_moves_ahead_and_never_back(surfer: Surfer, emulator: Emulator) -> None:
    seen = surfer.post("page/clock", {"do": "advance", "amount": "1.5", "unit": "3600"})
    assert seen.notice == "The clock moved ahead by 1 hour 30 minutes."
    assert emulator.control("GET", "clock")["now"] == pytest.approx(time.time() + 5400, abs=60)
    for amount in ("-1", "0", "", "soon", "nan", "inf", "1e300"):
        assert surfer.post("page/clock", {"do": "advance", "amount": amount, "unit": "3600"}).status == 400
    assert emulator.control("GET", "clock")["ahead_seconds"] == 5400


# misbehaviour and reset


def test_a_ready_made_rule_strikes(surfer: Surfer, emulator: Emulator) -> None:
    client = make_client(emulator.url, "AKIADEMOFIRST", read_timeout=0.4)
    type_id = create_type(client)
    seen = surfer.post("page/misbehave", {"do": "ready", "ready": "lost"})
    assert seen.notice.endswith("is in force: lose the answer to the next grant.")
    with pytest.raises(ReadTimeoutError):
        grant(client, type_id)
    assert emulator.grant_map(type_id) == {WORKER: 1}
    assert "1 of 1 (used up)" in surfer.get("page/misbehave").text


def test_a_rule_of_ones_own_and_its_end(surfer: Surfer, emulator: Emulator) -> None:
    fields = {"do": "add", "kind": "delay", "delay_ms": "12.5", "distribution": "normal", "spread_ms": "3"}
    fields |= {"operation": "GetAccountBalance", "worker_id": "", "probability": "25", "seed": "9", "times": "4"}
    fields |= {"every": "1", "skip": "0", "code": "ServiceFault", "when": "after"}
    assert surfer.post("page/misbehave", dict(fields)).status == 200
    (rule,) = emulator.control("GET", "faults")["faults"]
    wanted = {"kind": "delay", "when": "after", "delay_ms": 12.5, "spread_ms": 3, "distribution": "normal"}
    wanted |= {"operation": "GetAccountBalance", "worker_id": None, "probability": 0.25, "seed": 9, "times": 4}
    assert wanted.items() <= rule.items()
    seen = surfer.post("page/misbehave", {"do": "remove", "number": rule["number"]})
    assert seen.notice == f"Rule {rule['number']} is gone."
    assert "No rule: every call gets the right answer." in seen.text


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"kind": "explode"}, "kind must be one of"),
        ({"kind": "reset", "probability": "often"}, "Chance in percent must be a number."),
        ({"kind": "reset", "probability": "0"}, "probability must be"),
        ({"kind": "reset", "times": "1.5"}, "At most must be a whole number."),
        ({"kind": "reset", "every": "inf"}, "Every n-th must be a whole number."),
        ({"kind": "delay"}, "A delay needs delay_ms."),
        ({"kind": "error", "operation": HOSTILE}, "There is no operation called"),
    ],
)
def test_impossible_rules_keep_what_was_filled_in(
    surfer: Surfer, emulator: Emulator, fields: dict[str, Any], complaint: str
) -> None:
    seen = surfer.post("page/misbehave", {"do": "add", "message": "Kept words", **fields})
    assert seen.status == 400
    assert complaint in seen.notice
    assert 'value="Kept words"' in seen.html
    assert "<script" not in seen.html
    assert emulator.control("GET", "faults")["faults"] == []


def test_speed_and_throttling(surfer: Surfer, emulator: Emulator) -> None:
    surfer.post("page/misbehave", {"do": "speed", "latency_ms": "5", "rate": "2", "burst": "3"})
    settings = emulator.control("GET", "settings")
    assert (settings["latency_ms"], settings["rate"], settings["burst"]) == (5, 2, 3)
    assert surfer.post("page/misbehave", {"do": "speed", "rate": "-1"}).status == 400


def test_reset_asks_first(surfer: Surfer, client: Any, emulator: Emulator) -> None:
    create_type(client)
    seen = surfer.post("page/reset", {"do": "reset"})
    assert (seen.status, seen.notice) == (400, "Nothing was forgotten: tick the box first.")
    assert emulator.control("GET", "health")["qualification_types"] == 1
    surfer.post("page/reset", {"do": "reset", "sure": "yes"})
    assert emulator.control("GET", "health")["qualification_types"] == 0


# hostile text


def test_hostile_text_stays_text_on_every_page(surfer: Surfer, client: Any, emulator: Emulator) -> None:
    type_id = create_type(client, HOSTILE, Description=HOSTILE)
    grant(client, type_id)
    client.disassociate_qualification_from_worker(QualificationTypeId=type_id, WorkerId=WORKER, Reason=HOSTILE)
    emulator.ask(create_type(client, f"{HOSTILE} again"), WORKER)
    (request,) = client.list_qualification_requests()["QualificationRequests"]
    client.reject_qualification_request(QualificationRequestId=request["QualificationRequestId"], Reason=HOSTILE)
    surfer.post("page/misbehave", {"do": "add", "kind": "error", "worker_id": HOSTILE, "message": HOSTILE})
    surfer.cookies["emulator_said_" + str(emulator.port)] = "%3Cscript%3Ealert(1)%3C/script%3E"
    seen = {
        page: surfer.get(page) for page in ("", "page/qualifications", "page/mail", "page/calls", "page/misbehave")
    }
    seen["query"] = surfer.get("page/qualifications?q=%22%3E%3Cscript%3E&page=2&x=%22%3E%3Cscript%3E")
    for page in seen.values():
        assert page.status == 200
        assert "<script" not in page.html
        assert "<img" not in page.html
    assert HOSTILE in seen["page/qualifications"].text
    assert HOSTILE in seen["page/mail"].text
