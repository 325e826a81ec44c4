"""Taking the test of a qualification type."""

from __future__ import annotations

from urllib.parse import urlencode

from qualadmin.emulator import worker_view
from qualadmin.emulator.control import ControlError
from qualadmin.emulator.page import questions
from qualadmin.emulator.page.frame import button, empty, form, moment, no_worker, span
from qualadmin.emulator.page.html import Html, fragment, tag
from qualadmin.emulator.page.visit import PREFIX, Done, Page, Visit
from qualadmin.emulator.records import Request
from qualadmin.questions.answers import Sheet, complaints, write_answers
from qualadmin.questions.filled import collect
from qualadmin.questions.question_form import QuestionForm, read_question_form
from qualadmin.questions.reading import BadDocument

_BACK = f"{PREFIX}qualifications"


def show(visit: Visit) -> Html:
    if visit.worker_id is None:
        return no_worker()
    begun = _begun(visit)
    if begun is None:
        return empty("No test is begun here. ", tag("a", "Back to the qualifications", href=_BACK))
    row = visit.world.types[begun.type_id]
    try:
        document = read_question_form(begun.test or "")
    except BadDocument as error:
        return fragment(empty("This test cannot be shown: its document has faults."), tag("pre", str(error)))
    found = complaints(document, _sheet(document, visit)) if "do" in visit.form else {}
    here = f"{visit.path}?{urlencode({'type': row.type_id})}"
    return fragment(
        tag("p", tag("b", row.name), f". {row.description}"),
        _time(visit, begun),
        form(
            visit,
            questions.render(document, visit.form, found),
            tag("p", button("Hand in", "answer"), tag("a", "Not now", href=_BACK), class_="buttons"),
            action=here,
            class_="test",
        ),
    )


def _time(visit: Visit, begun: Request) -> Html | None:
    if begun.deadline is None:
        return None
    left = begun.deadline - visit.world.now()
    if left <= 0:
        return tag("p", "The time for this test is over.", class_="note")
    return tag("p", "Hand in before ", moment(begun.deadline), f", in {span(left)}.", class_="note")


def _begun(visit: Visit) -> Request | None:
    """The worker's open test of the type in the address."""
    rows = worker_view.asked(visit.world, visit.worker())
    wanted = visit.query.get("type")
    return next((row for row in reversed(rows) if row.type_id == wanted and row.state == "testing"), None)


def _sheet(document: QuestionForm, visit: Visit) -> Sheet:
    return {answer.identifier: answer for answer in collect(document, visit.form)}


def answer(visit: Visit) -> Done:
    begun = _begun(visit)
    if begun is None:
        raise ControlError(404, "No test is begun here any more.")
    try:
        document = read_question_form(begun.test or "")
        sheet = _sheet(document, visit)
        if complaints(document, sheet):
            raise ControlError(400, "Nothing was handed in yet: some answers need another look.")
        xml = write_answers(sheet.values())
    except ValueError as error:
        raise ControlError(400, f"These answers cannot be handed in: {error}") from error
    content = {"qualification_request_id": begun.request_id, "worker_id": visit.worker(), "answers": xml}
    state = visit.control("POST", "answers", content)["state"]
    if state == "pending":
        return Done("Your answers are handed in. The requester reads them.", _BACK)
    grant = visit.world.grant(begun.type_id, visit.worker())
    return Done(f"Your test is scored: {grant.value if grant else 'no score'}.", _BACK)


PAGE = Page("Take a test", show, {"answer": answer})
