"""What answering requests would do: lines for the check page, or one for a single answer. Reading only."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from qualadmin.core.errors import ActionError
from qualadmin.core.models import (
    Change,
    Job,
    PreviewRow,
    Qualification,
    QualificationRequest,
    QualificationType,
    RequestAnswers,
    Verb,
)
from qualadmin.core.scoring import keys_of, sheet_of

from .diff import Row
from .previews import check_type

AT_ONCE: Final = 400  # requests asked about in one round of questions to the database
ENDED: Final = "The request does not wait any more."
ERASED: Final = "This worker was erased. Answer the request on Amazon’s own site."
NO_SCORE: Final = "The key gives no score for it: {why} Answer this one by hand."
Group = PreviewRow.Group


@dataclass(frozen=True, slots=True)
class Rule:
    """Which score accepted workers get: the same for all, or what the key makes of each one's answers."""

    score: int | None = None
    by_key: bool = False


def open_answers(requests: Iterable[uuid.UUID]) -> dict[uuid.UUID, Change]:
    """The answers to these requests that have not ended, with their jobs and who gave them (one query)."""
    rows = Change.objects.filter(request__in=list(requests), state__in=Change.OPEN)
    return {one.request_id: one for one in rows.select_related("job__created_by") if one.request_id}


def being_answered(change: Change) -> str:
    """Who is answering a request already, in words."""
    assert change.job is not None  # noqa: S101 - answers are given by people, in jobs
    who = change.job.created_by.full_name
    deed = f"accepted it with score {change.value}" if change.verb == Verb.ACCEPT else "rejected it"
    if change.job.state == Job.State.WAITING:
        return f"{who} {deed}; that waits for approval."
    return f"{who} {deed}; Amazon is being told."


def held_by(requests: Sequence[QualificationRequest]) -> dict[tuple[uuid.UUID, uuid.UUID], Qualification]:
    """What the workers hold of the types they asked for, by type and worker (one query)."""
    rows = Qualification.objects.filter(
        type__in={one.type_id for one in requests}, worker__in={one.worker_id for one in requests}
    )
    return {(one.type_id, one.worker_id): one for one in rows}


def rows_for(requests: Iterable[QualificationRequest], verb: Verb, rule: Rule) -> Iterator[Row]:
    """The lines, in the order of the requests, which come with type and worker."""
    remaining, number = iter(requests), 0
    refusals: dict[uuid.UUID, str] = {}
    while part := list(islice(remaining, AT_ONCE)):
        held, answers = held_by(part), open_answers(one.pk for one in part)
        scores = _scores(part) if rule.by_key else {}
        for one in part:
            number += 1
            row = _row(one, verb, held.get((one.type_id, one.worker_id)))
            row.n = row.line = number
            if one.type_id not in refusals:
                refusals[one.type_id] = _refusal(one.type, verb)
            if fault := _fault(one, answers.get(one.pk), refusals[one.type_id]):
                row.group, (row.code, row.why) = Group.PROBLEM, fault
            elif verb == Verb.ACCEPT:
                score, why = scores[one.pk] if rule.by_key else (rule.score, "")
                _score(row, one.type, score, why)
            yield row


def _row(one: QualificationRequest, verb: Verb, held: Qualification | None) -> Row:
    row = Row(
        line=0,
        given=one.worker.worker_id or one.worker.pseudonym_in(one.type.account.stream),
        worker_id=one.worker.worker_id or "",
        type_id=one.type_id,
        known_id=one.worker_id,
        request_id=one.pk,
        verb=verb,
        group=Group.REJECT,
    )
    if held is not None:
        row.status_before, row.value_before = held.status, held.value
    if row.status_before == Qualification.Status.GRANTED:
        row.why = "Holds it. Rejecting the request leaves the score."
    return row


def _fault(one: QualificationRequest, answer: Change | None, refusal: str) -> tuple[str, str] | None:
    """Why the request can't be answered, as code and sentence."""
    if one.state != QualificationRequest.State.WAITING:
        return "request_ended", ENDED
    if answer is not None:
        return "being_answered", being_answered(answer)
    if one.worker.worker_id is None:
        return "erased", ERASED
    return ("type", refusal) if refusal else None


def _score(row: Row, type: QualificationType, score: int | None, why: str) -> None:
    row.value = score
    granted = row.status_before == Qualification.Status.GRANTED
    if score is None:
        row.group, row.code, row.why = Group.PROBLEM, "no_score", NO_SCORE.format(why=why)
    elif not type.min_score <= score <= type.max_score:
        row.group, row.code = Group.PROBLEM, "score_range"
        row.why = f"The score {score} is not from {type.min_score} to {type.max_score}, as this type’s must be."
    elif granted and row.value_before == score:
        row.group, row.why = Group.SCORE, "Holds it with this score already: only the request ends."
    elif granted:
        row.group, row.why = Group.SCORE, "Holds it: accepting overwrites the score."
    else:
        row.group, row.why = Group.NEW, "Was taken away before." if row.status_before else ""


def _scores(requests: Sequence[QualificationRequest]) -> Mapping[uuid.UUID, tuple[int | None, str]]:
    """What the key makes of each request's answers, or why it makes nothing of them."""
    keys = keys_of({one.type_id for one in requests})
    rows = RequestAnswers.objects.filter(request__in=[one.pk for one in requests]).select_related("test")
    answers = {row.pk: row for row in rows}
    found = {}
    for one in requests:
        row = answers.get(one.pk)
        test = row.test.text if row and row.test else ""
        sheet = sheet_of(test, row.text if row else "", keys.get(one.type_id, ""))
        found[one.pk] = (sheet.score, sheet.why)
    return found


def _refusal(type: QualificationType, verb: Verb) -> str:
    try:
        check_type(type, verb)
    except ActionError as error:
        return error.message
    return ""
