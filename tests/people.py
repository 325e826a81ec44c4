"""The same people in every test, each with known rights. The fixtures are named after them.

| fixture    | role                                              | reaches                             |
|------------|---------------------------------------------------|-------------------------------------|
| `granter`  | granter, may act on real workers                  | all accounts                        |
| `pi`       | PI, of the study `study`                          | all accounts                        |
| `manager`  | manager, may act on real workers                  | all accounts                        |
| `viewer`   | viewer                                            | all accounts                        |
| `outsider` | granter, may act on real workers                  | `other_account` only, not `account` |
| `colleague`| granter, may act on real workers                  | all accounts                        |
"""

from dataclasses import dataclass

import pytest

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.actor import Actor
from qualadmin.core.models import Environment, RequesterAccount, Study, User
from tests.factories import AccountFactory, InvestigatorFactory, RoleFactory, StudyFactory, UserFactory

NAMES = ("granter", "pi", "manager", "viewer", "outsider")


@dataclass(frozen=True)
class Cast:
    """Everybody, with the accounts and the study their rights are about. Passwords: `factories.PASSWORD`."""

    granter: User
    pi: User
    manager: User
    viewer: User
    outsider: User
    account: RequesterAccount
    other_account: RequesterAccount
    study: Study

    def user(self, name: str) -> User:
        """One of `NAMES`."""
        found: User = getattr(self, name)
        return found

    def actor(self, name: str) -> Actor:
        """The person as an actor, with the roles held now."""
        return self.user(name).as_actor()


def make_cast() -> Cast:
    """Write the whole cast in one transaction, as nearly every test begins with it. Needs the database."""
    with audit.transaction(Context.system("tests")):
        return _cast()


def _cast() -> Cast:
    account = AccountFactory(name="Practice lab", slug="practice-lab")
    other = AccountFactory(name="Other lab", slug="other-lab")
    people = {name: UserFactory(username=name, full_name=f"{name.capitalize()} Person") for name in NAMES}
    for role in ("granter", "manager"):
        RoleFactory(user=people[role], role=role, can_production=True)
    for role in ("pi", "viewer"):
        RoleFactory(user=people[role], role=role)
    RoleFactory(user=people["outsider"], role="granter", account=other, can_production=True)
    study = StudyFactory(title="Sleep and attention", slug="sleep-and-attention", protocol_number="IRB-2026-014")
    InvestigatorFactory(study=study, user=people["pi"])
    return Cast(**people, account=account, other_account=other, study=study)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def account(cast: Cast) -> RequesterAccount:
    return cast.account


@pytest.fixture
def other_account(cast: Cast) -> RequesterAccount:
    return cast.other_account


@pytest.fixture
def production_account(cast: Cast) -> RequesterAccount:
    account: RequesterAccount = AccountFactory(
        name="Real lab", slug="real-lab", environment=Environment.PRODUCTION, profile_name="lab"
    )
    return account


@pytest.fixture
def study(cast: Cast) -> Study:
    return cast.study


@pytest.fixture
def granter(cast: Cast) -> User:
    return cast.granter


@pytest.fixture
def pi(cast: Cast) -> User:
    return cast.pi


@pytest.fixture
def manager(cast: Cast) -> User:
    return cast.manager


@pytest.fixture
def viewer(cast: Cast) -> User:
    return cast.viewer


@pytest.fixture
def outsider(cast: Cast) -> User:
    return cast.outsider


@pytest.fixture
def colleague(db: None) -> User:
    """A second granter, who is not of the cast."""
    person: User = UserFactory(full_name="Cora Colleague")
    RoleFactory(user=person, role="granter", can_production=True)
    return person
