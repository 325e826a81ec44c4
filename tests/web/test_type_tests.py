"""Writing, previewing and trying qualification tests in a browser."""

from typing import Any

import pytest
from django.test import Client

from qualadmin.core.actions.creation import record_type_created
from qualadmin.core.actions.drafted_tests import drafted, keep_drafted_test, start_drafted_test
from qualadmin.core.actions.seen import SeenType, WorkerTest
from qualadmin.core.actions.type_tests import worker_test
from qualadmin.core.actions.types import request_type
from qualadmin.core.models import DraftedTest, QualificationType, TypeChange
from qualadmin.questions.answer_key import read_answer_key
from qualadmin.questions.question_form import read_question_form
from tests.entries import new_entries
from tests.factories import RoleFactory, TypeFactory, UserFactory
from tests.questions.documents import form, key, question, scored, selections
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db
WHOLE = {
    "duration_amount": "30",
    "duration_unit": "minutes",
    "is_scored": "on",
    "mapping": "",
    "intro": "Read <b>.",
}
ONE = {
    "q0-kind": "one", "q0-text": "Colour?", "q0-is_required": "on", "q0-order": "0,1",
    "q0-c0-text": "Blue & red", "q0-c0-points": "10", "q0-c1-text": "Seven",
}  # fmt: skip
MANY = {
    "q1-kind": "many", "q1-text": "Even?", "q1-order": "0,1,2", "q1-points": "5", "q1-otherwise": "-1",
    "q1-c0-text": "1", "q1-c1-text": "2", "q1-c1-is_right": "on", "q1-c2-text": "4", "q1-c2-is_right": "on",
}  # fmt: skip
FULL = {"order": "0,1", **WHOLE, **ONE, **MANY}


@pytest.fixture
def manager(lab: Lab, client: Client) -> Someone:
    return Someone(client, lab.cast.manager, lab.cast.account)


@pytest.fixture
def draft(lab: Lab) -> DraftedTest:
    return start_drafted_test(actor=lab.cast.actor("manager"), account=lab.cast.account)


def edit(manager: Someone, draft: DraftedTest, **fields: str) -> Any:
    return manager.send(f"/types/tests/{draft.pk}/edit/", **fields)


def written(draft: DraftedTest) -> WorkerTest:
    draft.refresh_from_db()
    test = drafted(draft)
    assert test is not None
    return test


def test_a_new_draft_opens_with_one_question(manager: Someone, draft: DraftedTest) -> None:
    page = manager.get(f"/types/tests/{draft.pk}/edit/")
    assert_valid_page(page)
    assert text_of(page).count("Question 1") >= 1
    assert manager.get(f"/types/tests/{draft.pk}/").status_code == 302  # nothing to see yet


def test_what_is_kept_is_shown_tried_and_opened_again(manager: Someone, draft: DraftedTest) -> None:
    assert went_on(edit(manager, draft, do="keep", **FULL)) == f"/types/tests/{draft.pk}/"
    test = written(draft)
    assert test.seconds == 1_800
    assert [one.identifier for one in read_question_form(test.question_form).questions] == ["q1", "q2"]
    assert read_answer_key(test.answer_key).value({"q1": frozenset({"c1"}), "q2": frozenset({"c2", "c3"})}) == 15
    page = manager.get(f"/types/tests/{draft.pk}/")
    assert_valid_page(page)
    assert "Read <b>." in text_of(page)
    again = manager.get(f"/types/tests/{draft.pk}/edit/")
    assert_valid_page(again)
    assert went_on(manager.client.post(f"/types/tests/{draft.pk}/edit/", fields_of(again) | {"do": "keep"}))
    assert written(draft) == test


def fields_of(page: Any) -> dict[str, Any]:
    """What a browser would send of the editor's page."""
    editor = page.context["editor"]
    sent = hidden_of(page)
    for one in editor.forms:
        for field in one:
            value = field.value()
            if value is True:
                sent[field.html_name] = "on"
            elif value not in (None, False):
                sent[field.html_name] = str(value)
    return sent


@pytest.mark.parametrize(
    ("answers", "score", "words"),
    [
        ({"q0": ["c1"], "q1": ["c2", "c3"]}, "Score 15", "The sum of the points, 15"),
        ({"q0": ["c2"], "q1": ["c1", "c2"]}, "Score -1", "The sum of the points, -1"),
        ({"q1": ["c1"]}, "", "would not take these answers yet"),
        ({"q0": ["none"], "q1": ["c1"]}, "", "There is no such selection."),
    ],
)
def test_a_trial_says_how_the_score_came_about(
    manager: Someone, draft: DraftedTest, answers: dict[str, list[str]], score: str, words: str
) -> None:
    edit(manager, draft, do="keep", **FULL)
    with new_entries() as entries:
        page = manager.client.post(
            f"/types/tests/{draft.pk}/", {**manager.hidden(f"/types/tests/{draft.pk}/"), **answers}
        )
    assert page.status_code == 200
    assert_valid_page(page)
    assert score in text_of(page)
    assert words in text_of(page)
    assert entries == []
    if score == "Score 15":
        assert "Blue & red: 10" in text_of(page)
        assert 'value="c1" checked' in page.content.decode()


@pytest.mark.parametrize(
    ("wish", "questions", "choices"),
    [
        ("add-many", 3, 2), ("add-text", 3, 2), ("add-number", 3, 2), ("remove-1", 1, 2), ("remove-0", 1, 3),
        ("down-0", 2, 3), ("up-1", 2, 3), ("up-0", 2, 2), ("add-choice-0", 2, 3), ("remove-choice-0-1", 2, 1),
    ],
)  # fmt: skip
def test_buttons_change_the_page_and_lose_nothing(
    manager: Someone, draft: DraftedTest, wish: str, questions: int, choices: int
) -> None:
    page = edit(manager, draft, do=wish, **FULL | {"q0-c0-points": "ten", "duration_amount": ""})
    assert page.status_code == 200
    assert_valid_page(page)
    editor = page.context["editor"]
    assert (len(editor.rows), len(editor.rows[0].choice_forms)) == (questions, choices)
    assert "There is a problem" not in text_of(page)  # nothing is judged yet
    content = page.content.decode()
    assert ("Blue &amp; red" in content) is (wish != "remove-0")
    assert ('value="ten"' in content) is (wish != "remove-0")
    draft.refresh_from_db()
    assert draft.question_form == ""


@pytest.mark.parametrize("wish", ["add-file", "remove-7", "remove", "explode-1", "remove-choice-0-99999999999"])
def test_wishes_that_do_not_exist_are_refused(manager: Someone, draft: DraftedTest, wish: str) -> None:
    answer = edit(manager, draft, do=wish, **FULL)
    assert answer.status_code == (200 if wish.startswith("remove-choice") else 400)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"q0-text": ""}, "Write the question."),
        ({"q0-c0-text": ""}, "Write the choice, or take it away."),
        ({"q0-c0-points": "1.5"}, "whole number"),
        ({"duration_amount": "0"}, "greater than or equal to 1"),
        ({"q0-order": "0"}, "Question 1 needs at least two choices."),
        ({"order": ""}, "A test needs at least one question."),
        ({"q0-kind": "text", "q0-lines": "2"}, "answered in words or numbers, which Amazon cannot score"),
        ({"q1-points": ""}, "tick the right choices and say how many points"),
        ({"q0-c0-points": "", "order": "0"}, "no answer earns points"),
        ({"mapping": "percentage"}, "how many points can be reached"),
        ({"mapping": "scale", "multiplier": "1/3"}, "number to multiply with"),
        ({"mapping": "ranges", "ranges": "0 4"}, "Line 1 of the ranges"),
        ({"mapping": "ranges", "ranges": "0 4 1\n3 9 2"}, "overlaps"),
        ({"q0-text": "x" * 4_001}, "at most 4000 characters"),
        ({"q0-text": "a\x01b"}, "The XML is broken"),
        ({"q0-c1-text": "AKIA" + "IOSFODNN7EXAMPLE"}, "looks like a credential"),
        ({"q0-identifier": "same", "q1-identifier": "same"}, "stands for something else already"),
    ],
)
def test_faults_are_told_and_what_was_written_stays(
    manager: Someone, draft: DraftedTest, change: dict[str, str], words: str
) -> None:
    page = edit(manager, draft, do="keep", **FULL | change)
    assert page.status_code == 422
    assert_valid_page(page)
    assert words in text_of(page)
    assert "Even?" in page.content.decode() or "order" in change
    draft.refresh_from_db()
    assert draft.question_form == ""


def test_a_form_of_another_make_is_refused(manager: Someone, draft: DraftedTest) -> None:
    for change in (
        {"order": "0,0"},
        {"order": "x"},
        {"q0-kind": "file"},
        {"order": ",".join(map(str, range(41)))},
    ):
        assert edit(manager, draft, do="keep", **FULL | change).status_code == 400


@pytest.mark.parametrize(
    ("mapping", "value"),
    [
        ({"mapping": "percentage", "maximum": "15"}, 100),
        ({"mapping": "scale", "multiplier": "0.5"}, 8),
        ({"mapping": "ranges", "ranges": "0 9 1\n\n10, 15, 2", "out_of_range": "-7"}, 2),
    ],
)
def test_ways_from_points_to_the_score(
    manager: Someone, draft: DraftedTest, mapping: dict[str, str], value: int
) -> None:
    went_on(edit(manager, draft, do="keep", **FULL | mapping))
    scoring = read_answer_key(written(draft).answer_key)
    assert scoring.value({"q1": frozenset({"c1"}), "q2": frozenset({"c2", "c3"})}) == value
    again = manager.get(f"/types/tests/{draft.pk}/edit/")
    assert again.context["editor"].whole["mapping"].value() == mapping["mapping"]


def test_xml_is_judged_with_line_and_column(manager: Someone, draft: DraftedTest) -> None:
    path = f"/types/tests/{draft.pk}/xml/"
    good = {
        "question_form": form(question("q", selections("a", "b"))),
        "duration_amount": "1",
        "duration_unit": "hours",
    }
    broken = manager.send(path, **good | {"question_form": "<QuestionForm>\n<Wrong"})
    assert broken.status_code == 422
    assert_valid_page(broken)
    assert "Line 2, column" in text_of(broken)
    assert "&lt;Wrong" in broken.content.decode()
    misfit = manager.send(path, **good | {"answer_key": key(scored("z", ("a", 1)))})
    assert "Line 2, column 1: The test has no question z." in text_of(misfit)
    went_on(manager.send(path, **good | {"answer_key": " \n"}))
    assert written(draft).answer_key == ""


WILD = form(
    question(
        "q",
        selections("a", "b"),
        content="<FormattedContent><![CDATA[<p>Bold <b>move</b></p>]]></FormattedContent>",
    ),
    "<Overview><Text>&lt;script&gt;alert(1)&lt;/script&gt;</Text></Overview>",
)


def test_a_test_that_the_form_cannot_say_is_edited_as_xml(manager: Someone, lab: Lab, draft: DraftedTest) -> None:
    keep_drafted_test(actor=lab.cast.actor("manager"), draft=draft, test=WorkerTest(WILD, "", 60))
    page = manager.get(f"/types/tests/{draft.pk}/edit/")
    assert_valid_page(page)
    assert "more than a plain text" in text_of(page)
    shown = manager.get(f"/types/tests/{draft.pk}/")
    assert_valid_page(shown)
    content = shown.content.decode()
    assert "<p>Bold <b>move</b></p>" in content
    assert "&lt;script&gt;alert(1)" in content
    assert "<script>alert" not in content


@pytest.fixture
def live(lab: Lab, rung: list[Any]) -> QualificationType:
    row = request_type(
        actor=lab.cast.actor("manager"), account=lab.cast.account, name="Quiz", description="Quiz.",
        test=WorkerTest(form(question("q", selections("a", "b"))), key(scored("q", ("a", 7))), 600),
    )  # fmt: skip
    seen = SeenType("3QUIZ", "Quiz", "Quiz.", "", "Active", False, None, None, worker_test(row), True, None)
    return record_type_created(actor=lab.cast.actor("manager"), type_id=row.pk, seen=seen)


def test_the_test_of_a_type_is_changed_by_way_of_a_draft(manager: Someone, live: QualificationType) -> None:
    page = manager.get(f"/types/{live.pk}/test/")
    assert_valid_page(page)
    assert "a: 7" in text_of(page)
    address = went_on(manager.send(f"/types/{live.pk}/test/", to=f"/types/{live.pk}/test/change/"))
    draft = DraftedTest.objects.get(type=live)
    assert address == f"/types/tests/{draft.pk}/edit/"
    fields = fields_of(manager.get(address)) | {"do": "keep", "duration_amount": "20", "is_scored": ""}
    fields.pop("is_scored")
    went_on(manager.client.post(address, fields))
    check = manager.get(f"/types/tests/{draft.pk}/use/")
    assert_valid_page(check)
    assert "The answer key goes." in text_of(check)
    sent = hidden_of(check)
    for _ in range(2):
        assert went_on(manager.client.post(f"/types/tests/{draft.pk}/use/", sent)) == f"/types/{live.pk}/"
    change = TypeChange.objects.get()
    assert (change.after["test_duration_seconds"], change.after["answer_key"]) == (1_200, "")


def test_a_draft_is_nobody_elses(client: Client, lab: Lab, draft: DraftedTest) -> None:
    other = UserFactory()
    RoleFactory(user=other, role="manager")
    someone = Someone(client, other, lab.cast.account)
    for step in ("", "edit/", "xml/", "use/"):
        assert someone.get(f"/types/tests/{draft.pk}/{step}").status_code == 404


def test_a_viewer_sees_the_test_and_cannot_change_it(client: Client, lab: Lab, live: QualificationType) -> None:
    viewer = Someone(client, lab.cast.viewer, lab.cast.account)
    page = viewer.get(f"/types/{live.pk}/test/")
    assert page.status_code == 200
    assert "Change the test" not in text_of(page)


def test_a_type_is_created_with_the_test_and_keeps_what_was_filled_in(manager: Someone, lab: Lab) -> None:
    answers = {
        "name": "Quiz 2", "lab_name": "Screening", "description": "A quiz.", "status": "Active",
        "default_score": "100", "min_score": "0", "max_score": "100",
    }  # fmt: skip
    address = went_on(manager.send("/types/create/", with_test="yes", **answers))
    draft = DraftedTest.objects.get()
    went_on(manager.send(address, do="keep", **FULL))
    back = manager.get(f"/types/create/?test={draft.pk}")
    assert_valid_page(back)
    assert back.context["form"]["name"].value() == "Quiz 2"
    assert "30 minutes" in text_of(back)
    refused = manager.send("/types/create/", test=str(draft.pk), auto_granted="on", **answers)
    assert "cannot have a test" in text_of(refused)
    check = manager.send("/types/create/", test=str(draft.pk), **answers)
    assert_valid_page(check)
    assert "Can never be taken away" in text_of(check)
    went_on(manager.client.post("/types/create/", hidden_of(check) | {"confirm": "yes"}))
    row = QualificationType.objects.get(name="Quiz 2")
    assert (row.lab_name, row.has_test) == ("Screening", True)
    assert worker_test(row) == written(draft)


def test_a_type_without_a_test_offers_one(manager: Someone, lab: Lab) -> None:
    row = TypeFactory(account=lab.cast.account, name="Plain", mturk_id="3P")
    page = manager.get(f"/types/{row.pk}/test/")
    assert_valid_page(page)
    assert "This type has no test" in text_of(page)
