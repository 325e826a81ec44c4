"""HITs on the emulator's pages: found, accepted, worked on, given back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator
from tests.emulator.browsing import Seen, Surfer
from tests.emulator.conftest import create_type, make_client
from tests.emulator.hit_forms import HTML, new_hit
from tests.questions.documents import form, question, selections

WORKER = "A1PAGEWORKER"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
QUESTIONS = form(question("colour", selections("red", "green"), "<Text>Which colour is the word?</Text>"))


@pytest.fixture
def emulator(servers: dict[str, Emulator]) -> Emulator:
    server = servers["sandbox"]
    server.reset()
    server.configure(**Settings().as_dict())
    return server


@pytest.fixture
def client(emulator: Emulator) -> Any:
    return make_client(emulator.url, "AKIADEMOFIRST")


@pytest.fixture
def surfer(emulator: Emulator) -> Surfer:
    someone = Surfer(emulator.host, emulator.port)
    someone.post("", {"do": "choose", "worker_id": WORKER})
    return someone


def accept(surfer: Surfer, hit: dict[str, Any]) -> Seen:
    return surfer.post("page/hits", {"do": "accept", "hit": hit["HITId"]})


def work_path(surfer: Surfer) -> str:
    found = re.search(r'href="/_emulator/(page/work\?assignment=[A-Z0-9]+)"', surfer.get("page/hits").html)
    assert found is not None
    return found[1]


def answers(client: Any, hit: dict[str, Any]) -> list[tuple[str, str]]:
    rows = client.list_assignments_for_hit(HITId=hit["HITId"])["Assignments"]
    return [(row["WorkerId"], row["Answer"]) for row in rows]


def test_a_hit_of_questions_is_answered(surfer: Surfer, client: Any) -> None:
    hit = new_hit(client, Question=QUESTIONS)
    assert "Name a colour One word, one colour. $0.50 10 minutes 1 Accept" in surfer.get("page/hits").text
    seen = accept(surfer, hit)
    assert seen.notice == "The HIT is yours."
    assert "Which colour is the word?" in seen.text
    done = surfer.post(work_path(surfer), {"do": "submit", "q0": "green"})
    assert done.notice == "Handed in. The requester decides."
    assert "No HIT is in your hands." in done.text
    ((worker_id, answer),) = answers(client, hit)
    assert worker_id == WORKER
    assert "<SelectionIdentifier>green</SelectionIdentifier>" in answer


def test_a_hit_that_is_a_web_page_is_answered_by_its_fields(surfer: Surfer, client: Any) -> None:
    hit = new_hit(client, Question=HTML)
    seen = accept(surfer, hit)
    assert "It is not run here" in seen.text
    refused = surfer.post(work_path(surfer), {"do": "submit", "lines": "no field"})
    assert (refused.status, refused.notice) == (400, "“no field” is no field: write name = value.")
    assert "no field</textarea>" in refused.html
    surfer.post(work_path(surfer), {"do": "submit", "lines": "colour = red = not\r\n\r\nword=<b>"})
    ((_, answer),) = answers(client, hit)
    assert "<QuestionIdentifier>colour</QuestionIdentifier>\n<FreeText>red = not</FreeText>" in answer
    assert "<FreeText>&lt;b&gt;</FreeText>" in answer


def test_a_hit_given_back_is_open_again(surfer: Surfer, client: Any) -> None:
    hit = new_hit(client)
    accept(surfer, hit)
    assert "There is no HIT this worker may see" in surfer.get("page/hits").text
    done = surfer.post(work_path(surfer), {"do": "return"})
    assert done.notice == "Given back. Somebody else can accept it now, or you again."
    assert "Name a colour" in done.text
    assert answers(client, hit) == []


def test_a_hit_one_is_not_qualified_for_is_refused_in_words(surfer: Surfer, client: Any) -> None:
    type_id = create_type(client, "Careful reader")
    requirement = {"QualificationTypeId": type_id, "Comparator": "Exists", "ActionsGuarded": "Accept"}
    hit = new_hit(client, QualificationRequirements=[requirement])
    seen = accept(surfer, hit)
    assert seen.status == 409
    assert seen.notice.endswith("requirements of this HIT: Careful reader.")
    client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=WORKER)
    assert accept(surfer, hit).status == 200


def test_somebody_elses_assignment_is_not_shown(surfer: Surfer, client: Any, emulator: Emulator) -> None:
    hit = new_hit(client)
    theirs = emulator.control("POST", "accept", {"hit_id": hit["HITId"], "worker_id": "A1SOMEBODY"})
    path = f"page/work?assignment={theirs['assignment']['AssignmentId']}"
    assert "This assignment is not in your hands." in surfer.get(path).text
    assert surfer.post(path, {"do": "submit", "lines": "a = b"}).status == 404
    assert surfer.post(path, {"do": "return"}).status == 409


def test_time_runs_out(surfer: Surfer, client: Any, emulator: Emulator) -> None:
    accept(surfer, new_hit(client))
    path = work_path(surfer)
    emulator.advance(601)
    assert surfer.post(path, {"do": "submit", "lines": "a = b"}).status == 404
    assert "Name a colour" in surfer.get("page/hits").text


def test_hostile_hits_stay_text(surfer: Surfer, client: Any) -> None:
    page = HTML.replace("Which colour is the word?", f"{HOSTILE}</textarea></pre>")
    hit = new_hit(client, Title=HOSTILE, Description=HOSTILE, Question=page)
    listed, opened = surfer.get("page/hits"), accept(surfer, hit)
    for seen in (listed, opened, surfer.get("page/hits")):
        assert seen.status == 200
        assert "<script" not in seen.html
        assert "<img" not in seen.html
        assert HOSTILE in seen.text
