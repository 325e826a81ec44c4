"""What deserves a question: each rule finds what it says, leads to its entries, and can be muted in the open."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actions.oversight import mute_rule, unmute_rule
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import Change, Job, Mute, Study
from qualadmin.web.oversight import PER_RULE, RULES
from tests.entries import new_entries, payload_of
from tests.factories import ChangeFactory, RoleFactory, TypeFactory, WorkerFactory
from tests.web.calls import approve_after, finish, job_at, last
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, text_of
from tests.web.queries import watched

pytestmark = pytest.mark.django_db
REASON = "We agreed on this with the ethics board."
LOWER: dict[str, Any] = {"value": 10, "value_before": 80, "status_before": "Granted"}


@pytest.fixture
def pi(lab: Lab, client: Client) -> Someone:
    return Someone(client, lab.cast.pi, lab.cast.account)


@pytest.fixture
def manager(lab: Lab) -> Someone:
    return Someone(Client(), lab.cast.manager, lab.cast.account)


def judged(someone: Someone, rule: str, days: int = 30) -> Any:
    page = someone.get(f"/oversight/?days={days}")
    assert page.status_code == 200
    assert_valid_page(page)
    (one,) = (one for one in page.context["judged"] if one.rule.key == rule)
    return one


def found_by(someone: Someone, rule: str) -> list[Any]:
    return list(judged(someone, rule).findings)


def shown(someone: Someone, finding: Any) -> list[str]:
    """Actions of the entries that a finding leads to."""
    page = someone.get(finding.url)
    assert page.status_code == 200, finding.url
    return [one.action for one in page.context["results"].rows]


def lowered(lab: Lab, job: Job | None = None) -> int:
    return finish(lab, job or lab.job, finished_at=timezone.now(), **LOWER)


def test_nothing_is_found_in_a_lab_that_does_as_agreed(pi: Someone) -> None:
    assert {one.key: found_by(pi, one.key) for one in RULES} == {one.key: [] for one in RULES}


def test_lowered_scores(pi: Someone, lab: Lab) -> None:
    finish(lab, lab.job, value=90, value_before=80, status_before="Granted", finished_at=timezone.now())
    lowered(lab)
    lowered(lab, lab.other_job)  # of a study that is not this PI's
    (finding,) = found_by(pi, "lowered")
    assert finding.text == "1 score lowered by the job “wave-7.csv”"
    assert shown(pi, finding) == ["mturk.call.finished"]


def test_what_is_older_than_the_window_is_left_out(pi: Someone, lab: Lab) -> None:
    finish(lab, lab.job, finished_at=timezone.now() - timedelta(days=40), **LOWER)
    assert judged(pi, "lowered", 30).findings == []
    assert len(judged(pi, "lowered", 90).findings) == 1
    assert pi.get("/oversight/?days=31").status_code == 400


@pytest.mark.parametrize(("revokes", "count"), [(1, 0), (2, 1)])
def test_granted_and_taken_away_repeatedly(pi: Someone, lab: Lab, revokes: int, count: int) -> None:
    worker, kind = WorkerFactory(), TypeFactory(account=lab.cast.account, name="Wave 9")
    for verb, times in (("grant", 2), ("revoke", revokes)):
        for number in range(times):
            ChangeFactory(type=kind, worker=worker, job=lab.job, n=50 + number, verb=verb, state=Change.State.DONE,
                          value=5 if verb == "grant" else None, finished_at=timezone.now())  # fmt: skip
    found = found_by(pi, "repeated")
    assert len(found) == count
    for finding in found:
        assert finding.text == "A worker got “Wave 9” 2 times and lost it 2 times"
        assert pi.get(finding.url).status_code == 200


@pytest.mark.parametrize(("seconds", "count"), [(4, 1), (60, 0)])
def test_approvals_within_seconds(pi: Someone, lab: Lab, seconds: int, count: int) -> None:
    approve_after(lab, job_at(lab, timezone.now()), timedelta(seconds=seconds))
    found = found_by(pi, "quick")
    assert len(found) == count
    for finding in found:
        assert shown(pi, finding) == ["job.approval.granted", "job.created"]


@pytest.mark.parametrize(
    ("weekday", "hour", "total", "count"),
    [(3, 3, 500, 1), (3, 12, 500, 0), (6, 12, 500, 1), (3, 3, 200, 0), (3, 20, 201, 1), (3, 7, 201, 0)],
)
def test_large_jobs_at_night(pi: Someone, lab: Lab, weekday: int, hour: int, total: int, count: int) -> None:
    job_at(lab, last(weekday, hour), total=total)
    found = found_by(pi, "night")
    assert len(found) == count
    for finding in found:
        assert f"started {total} changes on " in finding.text
        assert shown(pi, finding) == ["job.created"]


def test_studies_without_protocol_number(pi: Someone, lab: Lab) -> None:
    job_at(lab, timezone.now(), done=1)
    assert found_by(pi, "protocol") == []
    study = lab.cast.study
    with audit.transaction(lab.cast.actor("manager").context) as tx:
        entry = tx.record("study.updated", target=Target("study", str(study.pk), study.title), stream=study.stream)
        Study.objects.filter(pk=study.pk).update(protocol_number="", audit_id=entry)
    (finding,) = found_by(pi, "protocol")
    assert finding.text == "2 jobs for a study without protocol number"  # the lab's own is the other one
    assert "job.created" in shown(pi, finding)


def test_a_manager_who_grants(pi: Someone, lab: Lab) -> None:
    job_at(lab, timezone.now())
    assert found_by(pi, "both") == []
    RoleFactory(user=lab.cast.granter, role="manager", account=lab.cast.other_account)
    (finding,) = found_by(pi, "both")
    assert finding.text == "Granter Person is a manager and started 2 jobs"
    assert shown(pi, finding) == ["job.created"]


def test_changes_outside_qualadmin(pi: Someone, lab: Lab) -> None:
    with audit.transaction(lab.cast.actor("pi").context) as tx:
        tx.record("mturk.drift.detected", target=Target("qtype", str(lab.type.pk), "Wave 7"),
                  stream=lab.cast.account.stream, subject=lab.worker.pk)  # fmt: skip
    (finding,) = found_by(pi, "outside")
    assert finding.text == "1 change found at Amazon that qualadmin did not make"
    assert shown(pi, finding) == ["mturk.drift.detected"]


def test_pis_see_their_studies_managers_all_others_none(pi: Someone, manager: Someone, lab: Lab) -> None:
    lowered(lab, lab.other_job)
    assert found_by(pi, "lowered") == []
    assert [one.where for one in found_by(manager, "lowered")] == ["Another study"]
    assert Someone(Client(), lab.cast.granter, lab.cast.account).get("/oversight/").status_code == 403


def test_a_muted_rule_counts_and_says_why(pi: Someone, manager: Someone, lab: Lab) -> None:
    lowered(lab)
    lowered(lab, lab.other_job)
    with new_entries() as entries:
        answer = pi.send("/oversight/", rule="lowered", study=str(lab.cast.study.pk), reason=REASON)
        assert answer.status_code == 302
    (entry,) = [one for one in entries if one.action == "oversight.muted"]
    assert (entry.stream, payload_of(entry)["reason"]) == (lab.cast.study.stream, REASON)
    one = judged(pi, "lowered")
    assert (len(one.findings), one.muted) == (0, 1)
    page = text_of(pi.get("/oversight/"))
    assert "1 finding muted" in page
    assert REASON in page
    assert len(found_by(manager, "lowered")) == 1  # of the other study
    mute = Mute.objects.get()
    with new_entries() as entries:
        assert pi.send("/oversight/", to=f"/oversight/{mute.pk}/unmute/").status_code == 302
        assert pi.send("/oversight/", to=f"/oversight/{mute.pk}/unmute/").status_code == 302
    assert [one.action for one in entries].count("oversight.unmuted") == 1
    assert len(found_by(pi, "lowered")) == 1


def test_only_managers_mute_for_all_and_pis_only_their_own(lab: Lab) -> None:
    pi, manager = lab.cast.actor("pi"), lab.cast.actor("manager")
    for study in (None, lab.other_study):
        with pytest.raises(NotVisible):
            mute_rule(actor=pi, rule="lowered", study=study, reason=REASON)
    mute = mute_rule(actor=manager, rule="lowered", study=None, reason=REASON)
    with pytest.raises(NotVisible):
        unmute_rule(actor=pi, mute_id=mute.pk)
    with pytest.raises(Conflict):
        mute_rule(actor=manager, rule="lowered", study=None, reason=REASON)
    with pytest.raises(ActionError):
        mute_rule(actor=manager, rule="night", study=None, reason="  ")
    with pytest.raises(NotAllowed):
        mute_rule(actor=lab.cast.actor("granter"), rule="night", study=lab.cast.study, reason=REASON)


def test_a_rule_shows_so_many_and_says_that_there_are_more(pi: Someone, lab: Lab) -> None:
    for _ in range(PER_RULE + 1):
        job_at(lab, last(6, 12), total=500)
    one = judged(pi, "night")
    assert (len(one.findings), one.more) == (PER_RULE, True)
    assert "More than 20 findings" in text_of(pi.get("/oversight/"))


def test_what_is_muted_takes_no_place_of_what_is_not(manager: Someone, lab: Lab) -> None:
    for _ in range(PER_RULE + 1):
        job_at(lab, last(6, 12), total=500)
    other = job_at(lab, last(6, 9), total=300)  # the oldest
    with audit.transaction(lab.cast.actor("manager").context) as tx:
        entry = tx.record("job.created", target=Target("job", str(other.pk), other.title), job=str(other.pk))
        Job.objects.filter(pk=other.pk).update(study=lab.other_study, audit_id=entry)
    mute_rule(actor=lab.cast.actor("manager"), rule="night", study=lab.cast.study, reason=REASON)
    one = judged(manager, "night")
    assert [finding.where for finding in one.findings] == ["Another study"]
    assert (one.more, one.muted, one.muted_more) == (False, PER_RULE, True)
    assert "More than 20 findings muted" in text_of(manager.get("/oversight/"))


def test_muted_for_all_shows_nothing_and_for_a_study_still_shows_accounts(
    pi: Someone, manager: Someone, lab: Lab
) -> None:
    with audit.transaction(lab.cast.actor("pi").context) as tx:
        tx.record("mturk.drift.detected", target=Target("qtype", str(lab.type.pk), "Wave 7"),
                  stream=lab.cast.account.stream, subject=lab.worker.pk)  # fmt: skip
    mute_rule(actor=lab.cast.actor("pi"), rule="outside", study=lab.cast.study, reason=REASON)
    assert len(found_by(pi, "outside")) == 1
    mute_rule(actor=lab.cast.actor("manager"), rule="outside", study=None, reason=REASON)
    one = judged(pi, "outside")
    assert (one.findings, one.muted, one.muted_more) == ([], 1, False)
    assert "1 finding muted" in text_of(pi.get("/oversight/"))


def test_the_page_asks_as_often_with_many_findings_as_with_few(pi: Someone, lab: Lab) -> None:
    def asked() -> int:
        pi.get("/oversight/")
        with watched() as queries:
            pi.get("/oversight/")
        assert queries.offsets == []
        assert queries.full_counts == []
        return queries.number

    few = asked()
    for _ in range(5):
        job_at(lab, last(6, 12), total=500)
        lowered(lab)
    assert asked() == few <= 16
