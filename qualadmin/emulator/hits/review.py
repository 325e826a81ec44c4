"""The two review policies of Amazon: known answers for each assignment, agreement for the whole HIT.

They only compute: what is to be done is carried out in `life`.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from qualadmin.emulator.hits import answers
from qualadmin.emulator.hits.book import HitBook
from qualadmin.emulator.hits.money import MANY_ASSIGNMENTS
from qualadmin.emulator.hits.records import REJECTED, VISIBLE, Assignment, Hit
from qualadmin.emulator.hits.shelf import Shelf

KNOWN_ANSWERS = "ScoreMyKnownAnswers/2011-09-01"
PLURALITY = "SimplePlurality/2011-09-01"
_LONGEST_COMPARED = 256
Given = dict[str, frozenset[str]]


@dataclass(slots=True)
class Action:
    """approve or reject an assignment, or extend a HIT by one assignment and `seconds`."""

    name: str
    target_id: str
    reason: str | None = None
    seconds: int = 0


@dataclass(slots=True)
class Review:
    level: str
    """Assignment or HIT."""
    results: list[dict[str, Any]] = field(default_factory=list)
    """ReviewResultDetails without their ActionId."""
    actions: list[Action] = field(default_factory=list)

    def note(self, subject_id: str, subject: str, key: str, value: object, question: str | None = None) -> None:
        row = {"SubjectId": subject_id, "SubjectType": subject, "Key": key, "Value": str(value)}
        self.results.append(row if question is None else {**row, "QuestionId": question})


class Reviews:
    """A part of the world: the results and actions of every review, in the form of the API, oldest first."""

    def __init__(self) -> None:
        self._rows: defaultdict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        self._places: defaultdict[tuple[str, str, str], Shelf] = defaultdict(Shelf)

    def takers(self) -> dict[str, Callable[..., None]]:
        return {"review": self._take_review}

    def _take_review(
        self, hit_id: str, level: str, results: list[dict[str, Any]], actions: list[dict[str, Any]]
    ) -> None:
        rows = self._rows[hit_id, level]
        for part, added in (("Results", results), ("Actions", actions)):
            for row in added:
                self._places[hit_id, level, part].put(len(rows))
                rows.append((part, row))

    def rows(
        self, hit_id: str, level: str, parts: Iterable[str], after: int = -1
    ) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """(place, part, row) behind a place. Parts: Results, Actions."""
        shelves = (self._places.get((hit_id, level, part)) for part in parts)
        for place in heapq.merge(*(shelf.above(after) for shelf in shelves if shelf is not None)):
            yield place, *self._rows[hit_id, level][place]


class Parameters:
    """The parameters of one policy as sent."""

    def __init__(self, policy: dict[str, Any]) -> None:
        self._rows = {row.get("Key", ""): row for row in policy.get("Parameters", ())}

    def values(self, name: str) -> list[str]:
        """All values, whether they came as a list or separated by commas."""
        given = self._rows.get(name, {}).get("Values") or []
        return [part.strip() for value in given for part in value.split(",") if part.strip()]

    @property
    def question_ids(self) -> list[str]:
        """The documentation spells the name in two ways."""
        return self.values("QuestionIds") or self.values("QuestionIDs")

    def text(self, name: str) -> str | None:
        given = self._rows.get(name, {}).get("Values") or []
        return given[0] if given else None

    def number(self, name: str) -> int | None:
        text = self.text(name)
        return int(text) if text is not None and text.strip().isdecimal() else None

    def entries(self, name: str) -> Given:
        rows = self._rows.get(name, {}).get("MapEntries") or []
        return {row.get("Key", ""): frozenset(value.strip() for value in row.get("Values", ())) for row in rows}


def of_assignment(book: HitBook, hit: Hit, row: Assignment) -> Review | None:
    """ScoreMyKnownAnswers, applied when an assignment is handed in."""
    policy = hit.policies.get("AssignmentReviewPolicy")
    if policy is None:
        return None
    asked, found = Parameters(policy), Review("Assignment")
    given, right = _given(row), 0
    known = asked.entries("AnswerKey")
    for question, expected in known.items():
        fits = bool(expected) and given.get(question) == expected
        right += fits
        found.note(row.assignment_id, "Assignment", "KnownAnswerCorrect", int(fits), question)
    score = right * 100 // len(known) if known else 0
    found.note(row.assignment_id, "Assignment", "KnownAnswerScore", score)
    approve, reject = asked.number("ApproveIfKnownAnswerScoreIsAtLeast"), asked.number(_REJECT)
    if approve is not None and score >= approve:
        found.actions.append(Action("approve", row.assignment_id, asked.text("ApproveReason")))
    elif reject is not None and score < reject:
        found.actions.append(Action("reject", row.assignment_id, asked.text("RejectReason")))
    _extend(found, asked, hit, score, "ExtendIfKnownAnswerScoreIsLessThan")
    return found


_REJECT = "RejectIfKnownAnswerScoreIsLessThan"


def of_hit(book: HitBook, hit: Hit) -> Review | None:
    """SimplePlurality, applied when a HIT becomes reviewable."""
    policy = hit.policies.get("HITReviewPolicy")
    if policy is None:
        return None
    asked, found = Parameters(policy), Review("HIT")
    counted = {row.assignment_id: _given(row) for row in _counted(book, hit, asked)}
    agreed = _agreed(found, hit, asked, list(counted.values()))
    questions = asked.question_ids
    score = len(agreed) * 100 // len(questions) if questions else 0
    found.note(hit.hit_id, "HIT", "HitAgreementScore", score)
    for assignment_id, given in counted.items():
        same = sum(given.get(question) == answer for question, answer in agreed.items())
        worker_score = same * 100 // len(agreed) if agreed else 0
        found.note(assignment_id, "Assignment", "WorkerAgreementScore", worker_score)
        found.note(assignment_id, "Assignment", "PluralityAnswersCorrect", same)
        found.note(assignment_id, "Assignment", "PluralityAnswersIncorrect", len(agreed) - same)
        _judge(found, asked, assignment_id, worker_score)
    _extend(found, asked, hit, score, "ExtendIfHITAgreementScoreIsLessThan")
    return found


def _judge(found: Review, asked: Parameters, assignment_id: str, score: int) -> None:
    approve = asked.number("ApproveIfWorkerAgreementScoreIsAtLeast")
    reject = asked.number("RejectIfWorkerAgreementScoreIsLessThan")
    if approve is not None and score >= approve:
        found.actions.append(Action("approve", assignment_id, asked.text("ApproveReason")))
    elif reject is not None and score < reject:
        found.actions.append(Action("reject", assignment_id, asked.text("RejectReason")))


def _counted(book: HitBook, hit: Hit, asked: Parameters) -> list[Assignment]:
    """The assignments whose answers count."""
    rows = list(book.submissions_of(hit.hit_id, VISIBLE))
    if (asked.text("DisregardAssignmentIfRejected") or "").upper() in ("T", "TRUE"):
        rows = [row for row in rows if row.status != REJECTED]
    least = asked.number("DisregardAssignmentIfKnownAnswerScoreIsLessThan")
    if least is None:
        return rows
    known = Parameters(hit.policies.get("AssignmentReviewPolicy") or {}).entries("AnswerKey")
    return [row for row in rows if not known or _known_score(row, known) >= least]


def _known_score(row: Assignment, known: Given) -> int:
    given = _given(row)
    return sum(given.get(question) == expected for question, expected in known.items()) * 100 // len(known)


def _agreed(found: Review, hit: Hit, asked: Parameters, given: list[Given]) -> Given:
    """Question id to the answer that enough workers gave."""
    agreed: Given = {}
    threshold = asked.number("QuestionAgreementThreshold") or 0
    for question in asked.question_ids:
        counts = Counter(answer for row in given if (answer := row.get(question)) and _comparable(answer))
        answer, count = max(counts.items(), key=lambda item: item[1], default=(frozenset[str](), 0))
        score = count * 100 // len(given) if given else 0
        # A score of 100 can be reached but not exceeded.
        has = bool(answer) and (score > threshold or score == 100)
        found.note(hit.hit_id, "HIT", "AgreedAnswerFound", str(has).lower(), question)
        if has:
            agreed[question] = answer
            found.note(hit.hit_id, "HIT", "AgreedAnswer", "|".join(sorted(answer)), question)
            found.note(hit.hit_id, "HIT", "AnswerAgreementScore", score, question)
    return agreed


def _comparable(answer: frozenset[str]) -> bool:
    return all(len(value) <= _LONGEST_COMPARED for value in answer)


def _extend(found: Review, asked: Parameters, hit: Hit, score: int, condition: str) -> None:
    below, most = asked.number(condition), asked.number("ExtendMaximumAssignments") or 5
    more = hit.max_assignments + 1
    crosses = hit.max_assignments < MANY_ASSIGNMENTS <= more
    if below is not None and score < below and more <= most and not crosses:
        seconds = asked.number("ExtendMinimumTimeInSeconds") or 0
        found.actions.append(Action("extend", hit.hit_id, seconds=seconds))


def _given(row: Assignment) -> Given:
    return answers.values(row.answer) if row.answer else {}
