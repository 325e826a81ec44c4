"""Results of review policies, and the address of uploaded files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from qualadmin.emulator import hit_errors
from qualadmin.emulator.errors import invalid_value
from qualadmin.emulator.hits.answers import uploads
from qualadmin.emulator.hits.records import VISIBLE
from qualadmin.emulator.operations import assignments, hits
from qualadmin.emulator.paging import cursor, page
from qualadmin.emulator.world import World

PAGE_SIZE = 100
"""Amazon's is not known for this operation; its predecessor's least was 100."""
_REPORTS = {"Assignment": "AssignmentReviewReport", "HIT": "HITReviewReport"}
_SECONDS = 60


def list_results(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    hit = hits.owned(world, owner, params["HITId"], disposed=True)
    levels = sorted(set(params.get("PolicyLevels") or _REPORTS))
    parts = [part for part in ("Actions", "Results") if params.get(f"Retrieve{part}", True)]
    question = ("reviews", owner, hit.hit_id, *levels, *parts)
    start, _, after = cursor(params, question).partition(" ")

    def rows() -> Iterator[tuple[str, dict[str, Any]]]:
        for level in (level for level in levels if level >= start):
            behind = int(after) if level == start else -1
            for place, part, row in world.reviews.rows(hit.hit_id, level, parts, behind):
                yield f"{level} {place}", {"report": _REPORTS[level], "part": f"Review{part}", "row": row}

    taken = page("rows", rows(), {"MaxResults": PAGE_SIZE, **params}, question)
    answer: dict[str, Any] = {"HITId": hit.hit_id}
    answer |= {name: {"PolicyName": policy["PolicyName"]} for name, policy in hit.policies.items()}
    for item in taken["rows"]:
        answer.setdefault(item["report"], {}).setdefault(item["part"], []).append(item["row"])
    if "NextToken" in taken:
        answer["NextToken"] = taken["NextToken"]
    return answer


def get_file_upload_url(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """An address in Amazon's form for a file a worker has uploaded. Nothing can be fetched from it here."""
    row, hit = assignments.owned(world, owner, params["AssignmentId"])
    if hit.disposed:
        raise hit_errors.hit_missing(hit.hit_id)
    if row.status not in VISIBLE:
        raise hit_errors.assignment_state("Reviewable,Approved,Rejected")
    question = params["QuestionIdentifier"]
    if row.answer is None or question not in uploads(row.answer):
        raise invalid_value(question, "QuestionIdentifier")
    ends = int(world.now()) + _SECONDS
    key = hashlib.sha256(f"{row.assignment_id}/{question}/{ends}".encode()).hexdigest()
    path = f"{row.assignment_id}/{key[:24]}"
    return {"FileUploadURL": f"https://uploads.emulator.invalid/{path}?Expires={ends}&Signature={key[24:]}"}
