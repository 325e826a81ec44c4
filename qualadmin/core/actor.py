"""Who acts. An Actor is an argument of every action; there is no current user anywhere else."""

from dataclasses import dataclass, replace
from typing import Self

from qualadmin.audit.types import Context, Kind, RequestInfo, TaskInfo, Who

from .permissions import Permission, RoleGrant


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, the task cluster on behalf of a person, or the system itself.

    `roles` and `study_ids` are what the person held when the request or task began; tasks read them anew.
    """

    kind: Kind
    user_id: int | None
    label: str
    roles: tuple[RoleGrant, ...] = ()
    study_ids: frozenset[str] = frozenset()
    on_behalf_of: Who | None = None
    request: RequestInfo | None = None
    task: TaskInfo | None = None
    session: str | None = None
    token: str | None = None  # the access token a program came with
    key: str | None = None  # or the access key that signed its call
    shell: str | None = None  # or who sat at the command line: a user of the server
    only: frozenset[Permission] | None = None  # what that is for; None: whatever the roles allow

    @property
    def person_id(self) -> int:
        """The person's row. Raises ValueError for anybody who is no person: a bug, not a refusal."""
        if self.user_id is None:
            raise ValueError(f"{self.label} is no person and cannot do this.")
        return self.user_id

    @property
    def who(self) -> Who:
        identity = str(self.user_id) if self.user_id is not None else self.label
        return Who(kind=self.kind, id=identity, label=self.label, auth=self._auth)

    @property
    def _auth(self) -> dict[str, str] | None:
        if self.token:
            return {"method": "token", "token": self.token}
        if self.key:
            return {"method": "key", "key": self.key}
        if self.shell:
            return {"method": "command line", "system_user": self.shell}
        return {"method": "password", "session": self.session} if self.session else None

    @property
    def context(self) -> Context:
        """What every audit entry of this actor carries."""
        return Context(actor=self.who, on_behalf_of=self.on_behalf_of, request=self.request, task=self.task)

    @classmethod
    def system(cls, name: str, *, task: TaskInfo | None = None) -> Self:
        """A principal without a person: the sweep, a sync, the supervisor."""
        return cls(kind="system", user_id=None, label=name, task=task)

    @classmethod
    def anonymous(cls, request: RequestInfo | None = None) -> Self:
        """Somebody who has not signed in."""
        return cls(kind="anonymous", user_id=None, label="not signed in", request=request)

    def as_task(self, task: TaskInfo) -> Self:
        """The task cluster carrying out what this person asked for."""
        return replace(
            self,
            kind="task",
            label=task.name,
            on_behalf_of=self.who,
            task=task,
            request=None,
            session=None,
            token=None,
            key=None,
            shell=None,
            only=None,
        )
