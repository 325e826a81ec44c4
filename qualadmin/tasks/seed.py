"""The demo's people, account and studies, and what the running emulator holds. Only ever for practice."""

from dataclasses import dataclass, replace
from typing import Final

from qualadmin.audit import record as audit
from qualadmin.core.actions.accounts import add_account, enable_account
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.people import give_role, invite_user
from qualadmin.core.actions.previews import Wishes, plan_preview, start_preview
from qualadmin.core.actions.studies import add_investigator, add_study
from qualadmin.core.actor import Actor
from qualadmin.core.models import (
    Environment,
    Job,
    Preview,
    QualificationType,
    RequesterAccount,
    RoleAssignment,
    Study,
    StudyInvestigator,
    User,
    Verb,
)
from qualadmin.core.permissions import Role, RoleGrant
from qualadmin.core.reading import Plan
from qualadmin.emulator.demo_data import ACCESS_KEY, made_up_workers
from qualadmin.emulator.settings import UNKNOWN_WORKER_PREFIX

from .sync import read_account, read_holders

PASSWORD: Final = "practice-2026"  # noqa: S105  (printed by the demo; opens nothing but made-up data)
ACCOUNT_NAME: Final = "Practice lab"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who can sign in to the demo: `name` is the user name, `role` in words."""

    name: str
    password: str
    role: str


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    full_name: str
    role: Role
    can_production: bool = False


PEOPLE: Final = (
    _Person("mira", "Mira Jansen", Role.GRANTER),
    _Person("paul", "Paul Okafor", Role.PI),
    _Person("maria", "Maria Lindqvist", Role.MANAGER),
    _Person("vera", "Vera Novak", Role.VIEWER),
)
STUDIES: Final = (
    ("Colour words across three waves", "IRB-2026-014"),
    ("Eye tracking at home", "IRB-2026-031"),
)


def seed_demo() -> list[SignIn]:
    """Put the demo data in, as far as it is not there yet. Needs the emulator at EMULATOR_URL the first time.

    Every step looks for its own rows first, so a run that was cut short is simply run again. Raises MTurkError if
    the emulator does not answer.
    """
    actor = replace(Actor.system("demo"), roles=(RoleGrant(Role.MANAGER),))
    for person in PEOPLE:
        _add_person(actor, person)
    for title, protocol_number in STUDIES:
        _add_study(actor, title, protocol_number)
    account = _add_account(actor)
    imported = _import(account)
    if not Job.objects.filter(account=account).exists():
        _start_jobs(account)
    if imported:
        audit.record_now(actor.context, "system.demo.seeded")
    return [SignIn(person.name, PASSWORD, person.role.label) for person in PEOPLE]


def _add_person(actor: Actor, person: _Person) -> None:
    user = User.objects.filter(username=person.name).first() or invite_user(
        actor=actor,
        username=person.name,
        full_name=person.full_name,
        email=f"{person.name}@lab.example.org",
        password=PASSWORD,
        must_change_password=False,
    )
    if not RoleAssignment.objects.filter(user=user).exists():  # somebody may have changed it since
        give_role(actor=actor, user=user, role=person.role, can_production=person.can_production)


def _add_study(actor: Actor, title: str, protocol_number: str) -> None:
    study = Study.objects.filter(protocol_number=protocol_number).first() or add_study(
        actor=actor, title=title, protocol_number=protocol_number
    )
    if not StudyInvestigator.objects.filter(study=study).exists():
        add_investigator(actor=actor, study=study, user=User.objects.get(username="paul"))


def _add_account(actor: Actor) -> RequesterAccount:
    found = RequesterAccount.objects.filter(environment=Environment.EMULATOR, profile_name=ACCESS_KEY).first()
    if found is not None:
        return found
    account = add_account(
        actor=actor, name=ACCOUNT_NAME, environment=Environment.EMULATOR, profile_name=ACCESS_KEY
    )
    return enable_account(actor=actor, account=account)


def _import(account: RequesterAccount) -> bool:
    """Read what the emulator holds, the first time only; later the cluster does. Whether anything was read."""
    if account.synced_at is None:
        read_account(account)
    unread = QualificationType.objects.grantable().filter(account=account, holders_synced_at=None)
    rows = list(unread.select_related("account"))
    for row in rows:
        read_holders(row)
    return bool(rows)


def _start_jobs(account: RequesterAccount) -> None:
    """Two jobs of Mira's that the cluster works off as it starts: the first page has something to tell.

    They run like all others. One of the workers does not exist, so that there is a failure to look into.
    """
    panel = made_up_workers("panel", 150)
    scores = [f"{worker_id},{45 + n * 11 % 50}" for n, worker_id in enumerate(panel[85:122])]
    scores.append(f"{UNKNOWN_WORKER_PREFIX}0DEMO1,60")
    _start_job(
        account,
        Verb.GRANT,
        "Eye tracking: webcam calibrated",
        ["worker,calibration error", *scores],
        file_name="calibrated-session-3.csv",
        wishes=Wishes(
            study=Study.objects.get(protocol_number="IRB-2026-031"), reason="Calibrated at home, session 3."
        ),
    )
    _start_job(
        account,
        Verb.REVOKE,
        "Newsletter: tell me about new studies",
        panel[60:64],
        wishes=Wishes(reason="Asked to be taken off the list."),
    )


def _start_job(
    account: RequesterAccount, verb: Verb, type_name: str, lines: list[str], *, wishes: Wishes, file_name: str = ""
) -> None:
    actor = User.objects.get(username="mira").as_actor()
    preview = start_preview(
        actor=actor,
        account=account,
        source=Preview.Source.FILE if file_name else Preview.Source.PASTE,
        content="\n".join(lines).encode(),
        file_name=file_name,
        verb=verb,
    )
    qualification_type = QualificationType.objects.get(account=account, name=type_name)
    plan = Plan(types={"": str(qualification_type.pk)})
    plan_preview(actor=actor, preview=preview, plan=plan, wishes=wishes)
    confirm_preview(actor=actor, preview_id=preview.pk, rows_sha256=preview.rows_sha256)
