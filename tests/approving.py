"""Jobs that wait for a second person, and the people around them."""

from dataclasses import dataclass

import pytest

from qualadmin.core.models import Job, QualificationType, RequesterAccount, Study, User, Verb
from tests.factories import (
    InvestigatorFactory,
    QualificationFactory,
    RoleFactory,
    TypeFactory,
    UserFactory,
    WorkerFactory,
)
from tests.people import Cast
from tests.tasks.lists import make_job, worker_ids


@dataclass(frozen=True)
class Second:
    """A type in production, who asks, and who may decide."""

    type: QualificationType
    granter: User
    pi: User
    study: Study

    @property
    def account(self) -> RequesterAccount:
        return self.type.account

    def waiting(self, count: int = 2, **wishes: object) -> Job:
        """A job that waits because its workers would get an e-mail."""
        return make_job(
            self.granter, self.type, worker_ids(count), **{"study": self.study, "notify": True, **wishes}
        )

    def revoking(self, count: int) -> Job:
        """A confirmed job that takes away from as many holders."""
        ids = worker_ids(count, "AHOLDER")
        for one in ids:
            QualificationFactory(type=self.type, worker=WorkerFactory(worker_id=one))
        return make_job(self.granter, self.type, ids, verb=Verb.REVOKE, study=self.study)

    def lowering(self, before: int, after: int) -> Job:
        """A confirmed job that changes one score."""
        QualificationFactory(type=self.type, worker=WorkerFactory(worker_id="AHOLDER1"), value=before)
        return make_job(self.granter, self.type, ["AHOLDER1"], score=after, study=self.study)


@pytest.fixture
def second(production_account: RequesterAccount, cast: Cast) -> Second:
    RoleFactory(user=cast.pi, role="pi", account=production_account, can_production=True)
    chosen: QualificationType = TypeFactory(account=production_account, name="Wave 7")
    return Second(chosen, cast.granter, cast.pi, cast.study)


def another_pi(study: Study | None = None, *, real: bool = True) -> User:
    """A PI, of this study if one is given."""
    person: User = UserFactory(full_name="Ines Other")
    RoleFactory(user=person, role="pi", can_production=real)
    if study is not None:
        InvestigatorFactory(study=study, user=person)
    return person
