"""Review policies as CreateHIT takes them."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator.errors import invalid_value
from qualadmin.emulator.hits.review import KNOWN_ANSWERS, PLURALITY, Parameters

_LEVELS = {"AssignmentReviewPolicy": KNOWN_ANSWERS, "HITReviewPolicy": PLURALITY}
_HOUR, _YEAR = 3600, 31_536_000
_SPANS = {
    "ApproveIfKnownAnswerScoreIsAtLeast": (0, 101),
    "RejectIfKnownAnswerScoreIsLessThan": (0, 101),
    "ExtendIfKnownAnswerScoreIsLessThan": (0, 101),
    "ExtendIfHITAgreementScoreIsLessThan": (1, 100),
    "ExtendMaximumAssignments": (2, 25),
    "ExtendMinimumTimeInSeconds": (_HOUR, _YEAR),
    "QuestionAgreementThreshold": (0, 101),
    "DisregardAssignmentIfKnownAnswerScoreIsLessThan": (0, 101),
    "ApproveIfWorkerAgreementScoreIsAtLeast": (0, 101),
    "RejectIfWorkerAgreementScoreIsLessThan": (0, 101),
}


def check_policies(params: dict[str, Any]) -> None:
    for name, policy_name in _LEVELS.items():
        policy = params.get(name)
        if policy is None:
            continue
        if policy["PolicyName"] != policy_name:
            raise invalid_value(policy["PolicyName"], f"{name}.PolicyName")
        asked = Parameters(policy)
        _check_numbers(asked)
        if policy_name == KNOWN_ANSWERS and not asked.entries("AnswerKey"):
            raise invalid_value("", "AnswerKey")
        if policy_name == PLURALITY and not asked.question_ids:
            raise invalid_value("", "QuestionIds")


def _check_numbers(asked: Parameters) -> None:
    for name, (low, high) in _SPANS.items():
        text = asked.text(name)
        if text is None:
            continue
        number = asked.number(name)
        if number is None or not low <= number <= high:
            raise invalid_value(text, name)
