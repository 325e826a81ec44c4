"""The tables of the domain. Everybody imports from here."""

from .accounts import AccountPace, ConnectionTest, Environment, RequesterAccount
from .jobs import Change, Job
from .people import RoleAssignment, Study, StudyInvestigator, Theme, User
from .previews import Preview, PreviewRow, Verb
from .qualifications import (
    INTEGER_MAX,
    INTEGER_MIN,
    WORKER_ID,
    Qualification,
    QualificationRequest,
    QualificationType,
    Worker,
    WorkerNote,
)
from .system import Heartbeat

__all__ = [
    "INTEGER_MAX",
    "INTEGER_MIN",
    "WORKER_ID",
    "AccountPace",
    "Change",
    "ConnectionTest",
    "Environment",
    "Heartbeat",
    "Job",
    "Preview",
    "PreviewRow",
    "Qualification",
    "QualificationRequest",
    "QualificationType",
    "RequesterAccount",
    "RoleAssignment",
    "Study",
    "StudyInvestigator",
    "Theme",
    "User",
    "Verb",
    "Worker",
    "WorkerNote",
]
