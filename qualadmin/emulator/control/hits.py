"""HITs from the workers' side, and what a requester makes or sees outside of the API: layouts, notifications.

A worker id never comes in an address: every look of a worker is a POST.
"""

from __future__ import annotations

import dataclasses

from qualadmin.emulator import hit_side, requester_site
from qualadmin.emulator.control.content import Content, answers, number, optional_text, text
from qualadmin.emulator.control.route import Route
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.hits.people import Profile
from qualadmin.emulator.hits.records import Assignment, Hit

MOST_SHOWN = 100


def discover(engine: Engine, content: Content) -> Content:
    """HITs to be had, newest first; for one worker those the worker may see."""
    limit = min(number(content, "limit", 20), MOST_SHOWN)
    found = hit_side.discover(engine.world, optional_text(content, "worker_id"), limit=limit)
    return {"hits": [_hit(engine, hit) for hit in found]}


def preview(engine: Engine, content: Content) -> Content:
    hit_id, worker_id = text(content, "hit_id"), optional_text(content, "worker_id")
    hit = hit_side.preview(engine.world, hit_id, worker_id)
    missing = hit_side.missing_for(engine.world, hit_id, worker_id) if worker_id else []
    return {"hit": {**_hit(engine, hit), "question": hit.question}, "missing_requirements": missing}


def accept(engine: Engine, content: Content) -> Content:
    row = hit_side.accept(engine.world, text(content, "hit_id"), text(content, "worker_id"))
    return {"assignment": _assignment(row)}


def submit(engine: Engine, content: Content) -> Content:
    """`answers`: a QuestionFormAnswers document, or an object: name to text or list of texts."""
    assignment_id, worker_id = text(content, "assignment_id"), optional_text(content, "worker_id")
    return {"assignment": _assignment(hit_side.submit(engine.world, assignment_id, answers(content), worker_id))}


def give_back(engine: Engine, content: Content) -> Content:
    row = hit_side.return_(engine.world, text(content, "assignment_id"), optional_text(content, "worker_id"))
    return {"assignment": _assignment(row)}


def in_hand(engine: Engine, content: Content) -> Content:
    rows = hit_side.in_hand(engine.world, text(content, "worker_id"))
    return {"assignments": [_assignment(row) for row in rows]}


def profile(engine: Engine, content: Content) -> Content:
    """Change the fields that are named; tell all."""
    changes = {name: value for name, value in content.items() if name != "worker_id"}
    return dataclasses.asdict(hit_side.set_profile(engine.world, text(content, "worker_id"), **changes))


def make_layout(engine: Engine, content: Content) -> Content:
    account, html = text(content, "account"), text(content, "html")
    return {"layout_id": requester_site.make_layout(engine.world, account, html)}


def notices(engine: Engine, _: Content) -> Content:
    return {"notices": engine.world.notices.as_dicts()}


def _hit(engine: Engine, hit: Hit) -> Content:
    row = engine.world.hits.wire(hit)
    shown = ("HITId", "HITTypeId", "HITGroupId", "Title", "Description", "Keywords", "Reward", "HITStatus")
    more = (
        "AssignmentDurationInSeconds",
        "QualificationRequirements",
        "NumberOfAssignmentsAvailable",
        "Expiration",
    )
    return {name: row[name] for name in (*shown, *more) if name in row}


def _assignment(row: Assignment) -> Content:
    """With Deadline, which only the worker sees."""
    return {**row.wire(), "Deadline": int(row.deadline)}


ROUTES = {
    ("POST", "hits"): Route(discover, ("worker_id", "limit")),
    ("POST", "preview"): Route(preview, ("hit_id", "worker_id")),
    ("POST", "accept"): Route(accept, ("hit_id", "worker_id")),
    ("POST", "submit"): Route(submit, ("assignment_id", "answers", "worker_id")),
    ("POST", "return"): Route(give_back, ("assignment_id", "worker_id")),
    ("POST", "assignments"): Route(in_hand, ("worker_id",)),
    ("POST", "profile"): Route(profile, ("worker_id", *Profile.__slots__)),
    ("POST", "layouts"): Route(make_layout, ("account", "html")),
    ("GET", "notices"): Route(notices),
}
