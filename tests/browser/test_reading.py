"""What PIs and managers read: months, what deserves a question, the service, whose pseudonym: in every look."""

from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.core.actions.oversight import mute_rule
from tests.browser.conftest import BOTH, sign_in
from tests.browser.test_audit import furnished
from tests.browser.visitor import Visitor
from tests.factories import RoleFactory
from tests.web.calls import approve_after, finish, job_at, last
from tests.web.lab import Lab

in_both_looks = pytest.mark.parametrize("look", BOTH)


def questionable(visitor: Visitor) -> Lab:
    """The lab, and something for most rules: some of it muted."""
    lab = furnished(visitor)
    for before in (80, 90):
        finish(lab, lab.job, value=10, value_before=before, status_before="Granted", finished_at=timezone.now())
    finish(lab, lab.job, value=80, outcome="failed", finished_at=timezone.now())
    job_at(lab, last(6, 12), total=12_500, title="wave-8-everybody-who-took-part-in-wave-7.csv")
    approve_after(lab, job_at(lab, timezone.now(), title="wave-9.csv"), timedelta(seconds=4))
    RoleFactory(user=lab.cast.granter, role="manager", account=lab.cast.other_account)
    mute_rule(
        actor=lab.cast.actor("pi"),
        rule="both",
        study=lab.cast.study,
        reason="A lab of two, agreed with the board.",
    )
    return lab


@in_both_looks
def test_what_is_read_is_good_in_both_looks(visitor: Visitor, look: str) -> None:
    lab = questionable(visitor)
    month = timezone.localdate().strftime("%Y-%m")
    for user, pages in (
        (lab.cast.pi, {
            "months": "/audit/months/",
            "month": f"/audit/months/{lab.cast.study.pk}/{month}/",
            "oversight": "/oversight/",
            "pseudonym": "/workers/pseudonym/",
        }),
        (lab.cast.manager, {"service": "/service/"}),
    ):  # fmt: skip
        sign_in(visitor, user)
        for name, path in pages.items():
            assert visitor.open(path).status == 200, path
            visitor.picture(f"{name}-{look}")
            visitor.assert_good_page()
