"""The qualification types Amazon itself offers. Nobody can assign, score or delete them."""

from __future__ import annotations

from qualadmin.emulator.errors import Environment
from qualadmin.emulator.records import AMAZON, QualificationType

MASTERS: dict[Environment, str] = {
    "production": "2F1QJWKUDD8XADTFD2Q0G6UTO95ALH",
    "sandbox": "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6",
}
NUMBER_APPROVED, LOCALE = "00000000000000000040", "00000000000000000071"
ADULT, PERCENT_APPROVED = "00000000000000000060", "000000000000000000L0"
_EVERYWHERE = {
    NUMBER_APPROVED: ("Worker_NumberHITsApproved", "Number of HITs a worker has had approved."),
    LOCALE: ("Worker_Locale", "The place a worker gave in the worker's profile."),
    ADULT: ("Worker_Adult", "Whether a worker accepts HITs with adult content."),
    PERCENT_APPROVED: (
        "Worker_PercentAssignmentsApproved",
        "Share of submitted assignments that were approved, in percent.",
    ),
}
_SINCE = 1_120_000_000


def system_types(environment: Environment) -> list[QualificationType]:
    named = {MASTERS[environment]: ("Masters", "Workers whom Amazon counts among its best."), **_EVERYWHERE}
    return [
        QualificationType(type_id, AMAZON, name, description, "Active", _SINCE)
        for type_id, (name, description) in named.items()
    ]
