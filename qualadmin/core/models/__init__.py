"""The tables of the domain. Everybody imports from here."""

from .access_keys import AccessKey, RelayedCall
from .accounts import AccountPace, ConnectionTest, Environment, RequesterAccount
from .approvals import Approval, Letter
from .drift import Drift
from .erasures import ErasedId, Erasure, Hold
from .hits import HIT_ID, Hit, HitList, HitReading, HitWork
from .jobs import Change, Job
from .lists import ListSource, Membership, WorkerList
from .messages import Message, MessageRecipient
from .oversight import Mute
from .people import RETENTION_LEAST, RETENTION_USUAL, RoleAssignment, Study, StudyInvestigator, Theme, User
from .previews import ANSWERS, GIVES, OF_LISTS, Preview, PreviewRow, Verb
from .qualifications import (
    INTEGER_MAX,
    INTEGER_MIN,
    WORKER_ID,
    Qualification,
    QualificationRequest,
    QualificationTest,
    QualificationType,
    Worker,
    WorkerNote,
    WorkerTag,
)
from .readings import HolderReading, Progress
from .requests import AskedTest, RequestAnswers, ScoringKey
from .rules import ListRule, RuleList
from .system import Alarm, Heartbeat, Restoration
from .tokens import AccessToken, RepeatKey
from .type_changes import DraftedTest, TypeChange

__all__ = [
    "ANSWERS",
    "GIVES",
    "HIT_ID",
    "INTEGER_MAX",
    "INTEGER_MIN",
    "OF_LISTS",
    "RETENTION_LEAST",
    "RETENTION_USUAL",
    "WORKER_ID",
    "AccessKey",
    "AccessToken",
    "AccountPace",
    "Alarm",
    "Approval",
    "AskedTest",
    "Change",
    "ConnectionTest",
    "DraftedTest",
    "Drift",
    "Environment",
    "ErasedId",
    "Erasure",
    "Heartbeat",
    "Hit",
    "HitList",
    "HitReading",
    "HitWork",
    "Hold",
    "HolderReading",
    "Job",
    "Letter",
    "ListRule",
    "ListSource",
    "Membership",
    "Message",
    "MessageRecipient",
    "Mute",
    "Preview",
    "PreviewRow",
    "Progress",
    "Qualification",
    "QualificationRequest",
    "QualificationTest",
    "QualificationType",
    "RelayedCall",
    "RepeatKey",
    "RequestAnswers",
    "RequesterAccount",
    "Restoration",
    "RoleAssignment",
    "RuleList",
    "ScoringKey",
    "Study",
    "StudyInvestigator",
    "Theme",
    "TypeChange",
    "User",
    "Verb",
    "Worker",
    "WorkerList",
    "WorkerNote",
    "WorkerTag",
]
