"""The qualification types Amazon itself offers. Nobody can assign, score or delete them."""

from __future__ import annotations

from qualadmin.emulator.errors import Environment
from qualadmin.emulator.records import AMAZON, QualificationType

_MASTERS = {
    "production": "2F1QJWKUDD8XADTFD2Q0G6UTO95ALH",
    "sandbox": "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6",
}
_EVERYWHERE = {
    "00000000000000000040": ("Worker_NumberHITsApproved", "Number of HITs a worker has had approved."),
    "00000000000000000071": ("Worker_Locale", "The place a worker gave in the worker's profile."),
    "00000000000000000060": ("Worker_Adult", "Whether a worker accepts HITs with adult content."),
    "000000000000000000L0": (
        "Worker_PercentAssignmentsApproved",
        "Share of submitted assignments that were approved, in percent.",
    ),
}
_SINCE = 1_120_000_000


def system_types(environment: Environment) -> list[QualificationType]:
    named = {_MASTERS[environment]: ("Masters", "Workers whom Amazon counts among its best."), **_EVERYWHERE}
    return [
        QualificationType(type_id, AMAZON, name, description, "Active", _SINCE)
        for type_id, (name, description) in named.items()
    ]
