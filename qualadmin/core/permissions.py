"""Who may do what, as data. One table; actions, pages and tests read it, nothing else decides.

A role is held for one account or for all of them. What a person may do is the sum over the roles.
`is_superuser` does not exist here: nobody can do everything.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from .errors import NotAllowed, NotVisible

if TYPE_CHECKING:
    from .actor import Actor


class Role(StrEnum):
    """Who somebody is in the lab."""

    GRANTER = "granter"
    PI = "pi"
    MANAGER = "manager"
    VIEWER = "viewer"

    @property
    def label(self) -> str:
        return ROLE_LABELS[self]


ROLE_LABELS: Final = {
    Role.GRANTER: "Granter",
    Role.PI: "Principal investigator (PI)",
    Role.MANAGER: "Manager",
    Role.VIEWER: "Viewer",
}

ROLE_HELP: Final = {
    Role.GRANTER: "Grants, changes and revokes qualifications.",
    Role.PI: "Reads everything of the own studies and the audit log. Approves their large jobs. Can stop a job.",
    Role.MANAGER: "Looks after accounts, qualification types, studies and people. Does not grant.",
    Role.VIEWER: "Reads, and sees pseudonyms instead of worker IDs.",
}


class Permission(StrEnum):
    """One thing a person may do. The value is what an audit entry of a refusal names."""

    VIEW = "view"  # dashboard, types, jobs, holders of the accounts in scope
    SEE_WORKER_IDS = "see_worker_ids"  # otherwise pseudonyms
    REIDENTIFY = "reidentify"  # whose pseudonym of one study or account it is
    FIND_WORKERS = "find_workers"  # look a worker up by id
    WRITE_NOTES = "write_notes"
    ASK_ERASURE = "ask_erasure"  # ask that a worker be erased
    ERASE = "erase"  # be the second person for that; set and release holds
    GRANT = "grant"  # make previews, confirm jobs
    CONTROL_OWN_JOBS = "control_own_jobs"  # stop, resume, retry what one started
    STOP_JOBS = "stop_jobs"  # stop anybody's job
    APPROVE_JOBS = "approve_jobs"  # of one's own studies, never one's own
    EXPORT_RESULTS = "export_results"
    VIEW_AUDIT = "view_audit"  # entries of the accounts and studies in scope
    VIEW_OWN_ENTRIES = "view_own_entries"  # entries of one's own acts
    VERIFY_AUDIT = "verify_audit"
    SYNC = "sync"  # ask Amazon how things stand
    MANAGE_TYPES = "manage_types"
    MANAGE_STUDIES = "manage_studies"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_PEOPLE = "manage_people"
    WATCH_SERVICE = "watch_service"  # clusters, rates, backups: how the installation stands
    OPEN_AGAIN = "open_again"  # look at what differs after a restore, and agree to go on


_READ = {Permission.VIEW, Permission.VIEW_OWN_ENTRIES}
_READ_IDS = _READ | {Permission.SEE_WORKER_IDS, Permission.FIND_WORKERS, Permission.EXPORT_RESULTS}

PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.VIEWER: frozenset(_READ),
    Role.GRANTER: frozenset(
        _READ_IDS
        | {
            Permission.GRANT,
            Permission.CONTROL_OWN_JOBS,
            Permission.WRITE_NOTES,
            Permission.ASK_ERASURE,
            Permission.SYNC,
        }
    ),
    Role.PI: frozenset(
        _READ_IDS
        | {
            Permission.STOP_JOBS,
            Permission.APPROVE_JOBS,
            Permission.VIEW_AUDIT,
            Permission.VERIFY_AUDIT,
            Permission.REIDENTIFY,
            Permission.WRITE_NOTES,
            Permission.ASK_ERASURE,
            Permission.ERASE,
            Permission.OPEN_AGAIN,
        }
    ),
    Role.MANAGER: frozenset(
        _READ_IDS
        | {
            Permission.STOP_JOBS,
            Permission.VIEW_AUDIT,
            Permission.VERIFY_AUDIT,
            Permission.REIDENTIFY,
            Permission.ASK_ERASURE,
            Permission.ERASE,
            Permission.SYNC,
            Permission.MANAGE_TYPES,
            Permission.MANAGE_STUDIES,
            Permission.MANAGE_ACCOUNTS,
            Permission.MANAGE_PEOPLE,
            Permission.WATCH_SERVICE,
            Permission.OPEN_AGAIN,
        }
    ),
}

#: Permissions that concern the installation as a whole: they need the role for all accounts.
EVERYWHERE: Final = frozenset(
    {Permission.MANAGE_PEOPLE, Permission.MANAGE_ACCOUNTS, Permission.MANAGE_STUDIES, Permission.WATCH_SERVICE}
)


class Scope(StrEnum):
    """What an access token is for. It never reaches further than the roles of its person."""

    READ = "read"
    GRANT = "grant"
    AUDIT = "audit"
    TYPES = "types"


SCOPES: Final[dict[Scope, frozenset[Permission]]] = {
    Scope.READ: frozenset(_READ_IDS - {Permission.VIEW_OWN_ENTRIES}),
    Scope.GRANT: frozenset({Permission.GRANT, Permission.CONTROL_OWN_JOBS, Permission.STOP_JOBS}),
    Scope.AUDIT: frozenset({Permission.VIEW_AUDIT, Permission.VIEW_OWN_ENTRIES, Permission.VERIFY_AUDIT}),
    Scope.TYPES: frozenset({Permission.MANAGE_TYPES}),
}

WHO_CAN_HELP: Final = {
    Permission.GRANT: "A manager can give you the role of granter for this account.",
    Permission.APPROVE_JOBS: "PIs approve jobs of their studies.",
    Permission.SEE_WORKER_IDS: "It shows worker IDs. A manager can change your roles.",
    Permission.REIDENTIFY: "PIs find out whose a pseudonym of their studies is, and managers.",
    Permission.ERASE: "PIs and managers agree to the erasure of a worker.",
    Permission.VIEW_AUDIT: "PIs and managers read the audit log. You can see your own entries.",
}
_HELP = "A manager can change your roles."


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """One role of one person. `account_id` None means all accounts."""

    role: Role
    account_id: str | None = None
    can_production: bool = False

    def covers(self, account_id: str | None) -> bool:
        return self.account_id is None or self.account_id == account_id


def sees_account(actor: "Actor", account_id: str) -> bool:
    """Whether any role of the person reaches this account."""
    return any(grant.covers(account_id) for grant in actor.roles)


def allowed(
    actor: "Actor", permission: Permission, account_id: str | None = None, *, production: bool = False
) -> bool:
    """Whether the person may do this in the account (or in any account, when none is named).

    With `production` the role must also carry the right to act on real workers, except for reading.
    """
    for grant in actor.roles:
        if permission not in PERMISSIONS[grant.role]:
            continue
        if permission in EVERYWHERE and grant.account_id is not None:
            continue
        if account_id is not None and not grant.covers(account_id):
            continue
        if production and permission in NEEDS_PRODUCTION and not grant.can_production:
            continue
        return True
    return False


#: What touches real people when the account is a production account.
NEEDS_PRODUCTION: Final = frozenset(
    {Permission.GRANT, Permission.CONTROL_OWN_JOBS, Permission.MANAGE_TYPES, Permission.APPROVE_JOBS}
)


def require(
    actor: "Actor", permission: Permission, account_id: str | None = None, *, production: bool = False
) -> None:
    """Raise NotVisible for an account out of scope, NotAllowed where the role or the token does not suffice."""
    if account_id is not None and not sees_account(actor, account_id):
        raise NotVisible
    if actor.only is not None and permission not in actor.only:
        raise NotAllowed(
            "This access token is not for that. Nothing was done. Make one with the right scope on your page.",
            code="token_scope",
        )
    if allowed(actor, permission, account_id, production=production):
        return
    if production and allowed(actor, permission, account_id):
        raise NotAllowed(
            "Your role does not reach real workers. Nothing was done. "
            "A manager can switch production on for your role.",
            code="needs_production",
        )
    raise NotAllowed(
        f"Your role does not allow this. Nothing was done. {WHO_CAN_HELP.get(permission, _HELP)}",
        code=f"needs_{permission.value}",
    )
