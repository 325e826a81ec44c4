"""The tables of the domain. Everybody imports from here."""

from .accounts import AccountPace, ConnectionTest, Environment, RequesterAccount
from .approvals import Approval, Letter
from .jobs import Change, Job
from .oversight import Mute
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
from .system import Alarm, Heartbeat, Restoration
from .tokens import AccessToken, RepeatKey

__all__ = [
    "INTEGER_MAX",
    "INTEGER_MIN",
    "WORKER_ID",
    "AccessToken",
    "AccountPace",
    "Alarm",
    "Approval",
    "Change",
    "ConnectionTest",
    "Environment",
    "Heartbeat",
    "Job",
    "Letter",
    "Mute",
    "Preview",
    "PreviewRow",
    "Qualification",
    "QualificationRequest",
    "QualificationType",
    "RepeatKey",
    "RequesterAccount",
    "Restoration",
    "RoleAssignment",
    "Study",
    "StudyInvestigator",
    "Theme",
    "User",
    "Verb",
    "Worker",
    "WorkerNote",
]
