"""People and the roles they hold."""

import uuid
from datetime import date
from typing import Any, ClassVar, Final, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import connection, models
from django.utils.crypto import salted_hmac

from qualadmin.audit.models import AuditedModel
from qualadmin.audit.prepared import prepared
from qualadmin.audit.types import RequestInfo, Who
from qualadmin.core.actor import Actor
from qualadmin.core.permissions import ROLE_LABELS, Role, RoleGrant

RETENTION_LEAST: Final = 3  # years; ethics boards' own rules ask for no less
RETENTION_USUAL: Final = 6


class Theme(models.TextChoices):
    SYSTEM = "system", "As my computer"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


_RIGHTS: Final = """
SELECT role, account_id, can_production FROM core_roleassignment WHERE user_id = %s AND ended_at IS NULL
UNION ALL
SELECT '', study_id, FALSE FROM core_studyinvestigator WHERE user_id = %s AND ended_at IS NULL"""


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


class User(AuditedModel, AbstractBaseUser):
    """A person who signs in. There is no superuser; people are deactivated, never deleted.

    Preferences may change without an audit entry: they touch nobody else.
    """

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"time_zone", "theme", "shortcuts"})

    last_login = None  # the audit log knows; a column would be a second truth
    username = models.CharField("user name", max_length=60, unique=True)
    full_name = models.CharField("full name", max_length=120)
    email = models.EmailField("e-mail", blank=True)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    session_version = models.PositiveIntegerField(default=0)  # part of the session hash: +1 ends all sessions
    time_zone = models.CharField(max_length=60, default="UTC")
    theme = models.CharField(max_length=6, choices=Theme.choices, default=Theme.SYSTEM)
    shortcuts = models.BooleanField("keyboard shortcuts", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["full_name"]

    class Meta:
        ordering = ["full_name", "pk"]

    def __str__(self) -> str:
        return self.full_name

    def get_full_name(self) -> str:
        return self.full_name

    def get_session_auth_hash(self) -> str:
        value = f"{self.password}:{self.session_version}"
        return salted_hmac("qualadmin.session", value, algorithm="sha256").hexdigest()

    def as_actor(self, *, request: RequestInfo | None = None, session: str | None = None) -> Actor:
        """The person with the roles held now (one query)."""
        roles, study_ids = self._rights()
        return Actor(
            kind="user",
            user_id=self.pk,
            label=self.full_name,
            roles=roles if self.is_active else (),
            study_ids=study_ids,
            request=request,
            session=session,
        )

    def as_who(self) -> Who:
        """The person as entries name them, without asking for rights."""
        return Who("user", str(self.pk), self.full_name)

    def _rights(self) -> tuple[tuple[RoleGrant, ...], frozenset[str]]:
        """Current roles and studies. Every page asks, so in one query: studies come as rows without a role."""
        with prepared(connection) as cursor:
            cursor.execute(_RIGHTS, [self.pk, self.pk])
            rows = [(role, _text_of(where), bool(production)) for role, where, production in cursor.fetchall()]
        roles = tuple(RoleGrant(Role(role), account, production) for role, account, production in rows if role)
        return roles, frozenset(study for role, study, _ in rows if not role and study)


def _text_of(value: Any) -> str | None:
    """A uuid of a hand-written question as text; SQLite gives 32 digits."""
    return None if value is None else str(value if isinstance(value, uuid.UUID) else uuid.UUID(value))


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    def current(self) -> Self:
        return self.filter(ended_at=None)


class RoleAssignment(AuditedModel):
    """One role of one person, for one account or (account empty) for all. Ended, never deleted."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=10, choices=[(role.value, label) for role, label in ROLE_LABELS.items()])
    account = models.ForeignKey(
        "core.RequesterAccount", on_delete=models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    can_production = models.BooleanField("may act on real workers", default=False)
    granted_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "account"],
                condition=models.Q(ended_at=None),
                name="one_current_assignment",  # the same role is not held twice for the same account
            ),
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=models.Q(ended_at=None, account=None),
                name="one_current_assignment_for_all",  # nor twice for all accounts
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} of {self.account or 'all accounts'}"


class Study(AuditedModel):
    """What a job is for. Every production change names one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    protocol_number = models.CharField("protocol number", max_length=60, blank=True)
    is_open = models.BooleanField(default=True)
    closed_at = models.DateTimeField(null=True)
    retention_years = models.PositiveSmallIntegerField(
        default=RETENTION_USUAL
    )  # what belongs to it is kept so long once closed
    created_at = models.DateTimeField(auto_now_add=True)
    investigators = models.ManyToManyField(User, through="StudyInvestigator", related_name="studies")

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(retention_years__gte=RETENTION_LEAST), name="kept_long_enough"
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def kept_until(self) -> date | None:
        """Up to when everything of the study is kept; None while it is open, or was closed at an unknown time."""
        if self.is_open or self.closed_at is None:
            return None
        day = self.closed_at.date()
        year = day.year + self.retention_years
        return day.replace(year=year) if (day.month, day.day) != (2, 29) else date(year, 3, 1)

    @property
    def stream(self) -> str:
        """The audit stream that holds everything done for this study."""
        return f"study:{self.slug}"


class StudyInvestigator(AuditedModel):
    """A PI of a study."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "user"], condition=models.Q(ended_at=None), name="one_current_investigator"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} for {self.study}"
