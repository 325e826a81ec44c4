"""Working on one assignment: the question, handing in, giving back."""

from __future__ import annotations

from urllib.parse import urlencode

from qualadmin.emulator import hit_side
from qualadmin.emulator.control import ControlError
from qualadmin.emulator.hits.records import Assignment
from qualadmin.emulator.page import questions
from qualadmin.emulator.page.frame import button, empty, form, moment, no_worker, span
from qualadmin.emulator.page.hits import title
from qualadmin.emulator.page.html import Html, fragment, tag
from qualadmin.emulator.page.visit import PREFIX, Done, Page, Visit
from qualadmin.questions.answers import complaints, write_answers
from qualadmin.questions.filled import collect
from qualadmin.questions.question_form import QuestionForm, read_question_form
from qualadmin.questions.reading import BadDocument

_BACK = f"{PREFIX}hits"


def show(visit: Visit) -> Html:
    if visit.worker_id is None:
        return no_worker()
    row = _assignment(visit)
    if row is None:
        return empty("This assignment is not in your hands. ", tag("a", "Back to the HITs", href=_BACK))
    document = _document(visit, row)
    fields = _own_words(visit, row) if document is None else _questions(visit, document)
    buttons = (button("Hand in", "submit"), button("Return it", "return", kind="quiet"))
    return fragment(
        tag("p", tag("b", title(visit, row))),
        tag(
            "p",
            "Hand in before ",
            moment(row.deadline),
            f", in {span(row.deadline - visit.world.now())}.",
            class_="note",
        ),
        form(
            visit,
            fields,
            tag("p", buttons, tag("a", "Later", href=_BACK), class_="buttons"),
            action=f"{visit.path}?{urlencode({'assignment': row.assignment_id})}",
            class_="test",
        ),
    )


def _assignment(visit: Visit) -> Assignment | None:
    held = hit_side.in_hand(visit.world, visit.worker())
    return next((row for row in held if row.assignment_id == visit.query.get("assignment")), None)


def _document(visit: Visit, row: Assignment) -> QuestionForm | None:
    """The QuestionForm; None for a web page of the requester's or of another site."""
    try:
        return read_question_form(visit.world.hits.hits[row.hit_id].question)
    except BadDocument:
        return None


def _questions(visit: Visit, document: QuestionForm) -> Html:
    sheet = {answer.identifier: answer for answer in collect(document, visit.form)}
    found = complaints(document, sheet) if visit.sent("do") == "submit" else {}
    return questions.render(document, visit.form, found)


def _own_words(visit: Visit, row: Assignment) -> Html:
    source = tag("pre", visit.world.hits.hits[row.hit_id].question, tabindex="0", aria_label="Question document")
    hint = "One field in each line: name = value."
    # The first line break inside a textarea is dropped by browsers, so one more is put in front.
    box = tag(
        "textarea", "\n", visit.sent("lines"), id="f-lines", name="lines", rows=5, aria_describedby="h-lines"
    )
    return fragment(
        tag(
            "p",
            "This HIT is a web page of its requester’s. It is not run here: say what its fields would have held.",
        ),
        tag(
            "div",
            tag("label", "Fields", for_="f-lines"),
            box,
            tag("span", hint, class_="hint", id="h-lines"),
            class_="field wide",
        ),
        tag("details", tag("summary", "Its question document"), source),
    )


def submit(visit: Visit) -> Done:
    row = _assignment(visit)
    if row is None:
        raise ControlError(404, "This assignment is not in your hands.")
    content = {"assignment_id": row.assignment_id, "worker_id": visit.worker(), **_answers(visit, row)}
    visit.control("POST", "submit", content)
    return Done("Handed in. The requester decides.", _BACK)


def _answers(visit: Visit, row: Assignment) -> dict[str, object]:
    document = _document(visit, row)
    if document is None:
        return {"answers": _fields(visit.sent("lines"))}
    sheet = {answer.identifier: answer for answer in collect(document, visit.form)}
    if complaints(document, sheet):
        raise ControlError(400, "Nothing was handed in yet: some answers need another look.")
    try:
        return {"answers": write_answers(sheet.values())}
    except ValueError as error:
        raise ControlError(400, f"These answers cannot be handed in: {error}") from error


def _fields(text: str) -> dict[str, str]:
    fields = {}
    for line in filter(str.strip, text.splitlines()):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not name:
            raise ControlError(400, f"“{line[:80]}” is no field: write name = value.")
        fields[name] = value
    return fields


def give_back(visit: Visit) -> Done:
    content = {"assignment_id": visit.query.get("assignment", ""), "worker_id": visit.worker()}
    visit.control("POST", "return", content)
    return Done("Given back. Somebody else can accept it now, or you again.", _BACK)


PAGE = Page("Work on a HIT", show, {"submit": submit, "return": give_back})
