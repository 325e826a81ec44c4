"""Granting and revoking one or few, from the form to the job."""

import logging

import pytest
from django.test import Client

from qualadmin.core.models import Environment, Job, Preview, QualificationType, RequesterAccount
from tests.entries import new_entries, payload_of
from tests.factories import AccountFactory, QualificationFactory, RequestFactory, TypeFactory, WorkerFactory
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lists import GOOD, Someone, entries_of, everything, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def wave(cast: Cast) -> QualificationType:
    chosen: QualificationType = TypeFactory(account=cast.account, name="Wave 7", default_score=80)
    return chosen


def test_it_leads_from_the_box_to_a_job(granter: Someone, wave: QualificationType) -> None:
    check = granter.grant(type=wave.pk, list=f"{GOOD[0]}\n{GOOD[1]}, {GOOD[0]}", score="95", reason="Took part")
    page = granter.get(check)
    assert_valid_page(page)
    text = text_of(page)
    assert "Check before granting 2 workers" in text
    assert "Grant 2 workers in the emulator" in text
    assert "No worker gets an e-mail." in text
    assert "Said again in line 2" in text
    job = Job.objects.get(pk=went_on(granter.confirm(check)).split("/")[2])
    assert (job.total, job.planned, job.reason, job.notify) == (2, 2, "Took part", False)
    assert sorted(job.changes.values_list("worker__worker_id", "value")) == [(GOOD[0], 95), (GOOD[1], 95)]


def test_bi_19_who_a_reason_names_stands_beside_the_entries_only(
    granter: Someone, wave: QualificationType, caplog: pytest.LogCaptureFixture
) -> None:
    """BI-19: not in what is hashed, so that erasing the worker breaks nothing; nor in a log line or an address."""
    caplog.set_level(logging.DEBUG)
    named = (GOOD[1], "someone@lab.example", "+49 30 901820")
    with new_entries() as entries:
        check = granter.grant(type=wave.pk, list=GOOD[0], score="95", reason=f"Asked by {', '.join(named)}")
        path = went_on(granter.confirm(check))
    (created,) = (one for one in entries if one.action == "job.created")
    assert payload_of(created)["reason"] == f"Asked by {', '.join(named)}"
    cores = b"".join(bytes(one.core) for one in entries).decode()
    for one in named:
        assert one not in cores + caplog.text + check + path


def test_an_empty_score_is_the_usual_score_of_the_type_and_the_page_says_so(
    granter: Someone, wave: QualificationType
) -> None:
    check = granter.grant(type=wave.pk, list=GOOD[0], score="")
    assert "Score for all 80" in text_of(granter.get(check))
    assert Preview.objects.get().score == 80


def test_the_e_mail_is_off_unless_chosen_and_then_said_again(granter: Someone, wave: QualificationType) -> None:
    assert " checked" not in granter.get("/grant/").content.decode()
    check = granter.grant(type=wave.pk, list="\n".join(GOOD), notify="on")
    assert "Amazon will e-mail each of the 3 workers" in text_of(granter.get(check))
    went_on(granter.confirm(check))
    assert Job.objects.get().notify is True


def test_a_double_click_back_and_two_tabs_make_one_job(granter: Someone, wave: QualificationType) -> None:
    check = granter.grant(type=wave.pk, list=GOOD[0])
    fields = granter.hidden(check)
    first = went_on(granter.client.post(check, fields))
    assert [went_on(granter.client.post(check, fields)) for _ in range(2)] == [first, first]
    assert Job.objects.count() == 1
    assert entries_of("job.created") == 1
    text = text_of(granter.get(check))
    assert "This list was confirmed" in text
    assert "Open the job" in text


def test_links_prefill_type_and_worker_without_a_worker_id_in_the_address(
    granter: Someone, wave: QualificationType
) -> None:
    worker = WorkerFactory(worker_id="A1KNOWNWORKER")
    QualificationFactory(type=wave, worker=worker, value=50)
    html = granter.get(f"/grant/?type={wave.pk}&worker={worker.pk}").content.decode()
    assert "A1KNOWNWORKER</textarea>" in html
    assert f'value="{wave.pk}" selected data-score="80" data-min="0" data-max="100"' in html


NOBODY = "3f0c3a52-6e0b-4d5c-9a55-0d3b1f9f0e11"


@pytest.mark.parametrize("query", ["worker=nonsense", "type=1", f"worker={NOBODY}", f"type={NOBODY}"])
def test_a_prefill_of_something_unknown_is_not_found(granter: Someone, query: str) -> None:
    assert granter.get(f"/grant/?{query}").status_code == 404


def test_a_worker_nobody_met_in_this_account_is_not_found(granter: Someone, cast: Cast) -> None:
    elsewhere = QualificationFactory(type=TypeFactory(account=cast.other_account)).worker
    assert granter.get(f"/grant/?worker={elsewhere.pk}").status_code == 404


def test_coming_back_from_the_check_page_everything_is_still_filled_in(
    granter: Someone, wave: QualificationType
) -> None:
    check = granter.grant(type=wave.pk, list=GOOD[2], score="12", reason="Because", notify="on")
    html = granter.get(f"/grant/?preview={check.split('/')[2]}").content.decode()
    assert f"{GOOD[2]}</textarea>" in html
    assert 'name="score" value="12"' in html
    assert "Because</textarea>" in html
    assert 'name="notify" aria-describedby="id_notify_helptext" id="id_notify" checked' in html


def test_who_holds_it_already_is_skipped_and_a_score_shows_before_and_after(
    granter: Someone, wave: QualificationType
) -> None:
    for worker_id, value in ((GOOD[0], 80), (GOOD[1], 50)):
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=worker_id), value=value)
    text = text_of(granter.get(granter.grant(type=wave.pk, list="\n".join(GOOD))))
    assert "Grant 2 workers" in text
    assert f"{GOOD[1]} 50 80 Score changes" in text
    assert "Already so 1 skipped" in text


def test_a_request_of_the_worker_is_explained(granter: Someone, wave: QualificationType) -> None:
    RequestFactory(type=wave, worker=WorkerFactory(worker_id=GOOD[0]))
    RequestFactory(type=TypeFactory(account=wave.account), worker=WorkerFactory(worker_id=GOOD[1]))
    text = text_of(granter.get(granter.grant(type=wave.pk, list="\n".join(GOOD))))
    assert (
        "1 of these workers has asked for “Wave 7” themselves. Granting does not answer the request: it stays. "
        "Accepting it later may change the score; rejecting it leaves the score." in text
    )


class TestRevoking:
    """Silent or with a reason is an explicit choice, said again before it is done."""

    @pytest.fixture
    def held(self, wave: QualificationType) -> QualificationType:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=GOOD[0]))
        return wave

    def test_nothing_is_chosen_beforehand_and_one_must_choose(
        self, granter: Someone, held: QualificationType
    ) -> None:
        assert " checked" not in granter.get("/revoke/").content.decode()
        response = granter.send("/revoke/", type=held.pk, list=GOOD[0])
        assert response.status_code == 422
        assert "Choose whether the workers are told." in text_of(response)
        assert everything()["Preview"] == 0

    def test_silently(self, granter: Someone, held: QualificationType) -> None:
        check = went_on(
            granter.send("/revoke/", type=held.pk, list="\n".join(GOOD), how="silent", revoke_reason="x")
        )
        text = text_of(granter.get(check))
        assert "Take away from 1 worker in the emulator" in text
        assert "Silently" in text
        assert "No worker gets an e-mail." in text
        went_on(granter.confirm(check))
        job = Job.objects.get()
        assert (job.kind, job.total, job.revoke_reason) == ("revoke", 1, "")

    def test_with_a_reason_the_workers_read(self, granter: Someone, held: QualificationType) -> None:
        check = went_on(
            granter.send(
                "/revoke/", type=held.pk, list=GOOD[0], how="reason", revoke_reason="The study has ended."
            )
        )
        text = text_of(granter.get(check))
        assert "Amazon will e-mail the 1 worker it is taken from, with your reason." in text
        assert "The workers will read: The study has ended." in text
        went_on(granter.confirm(check))
        assert Job.objects.get().revoke_reason == "The study has ended."

    def test_a_reason_must_be_written(self, granter: Someone, held: QualificationType) -> None:
        response = granter.send("/revoke/", type=held.pk, list=GOOD[0], how="reason")
        assert response.status_code == 422
        assert "Write the reason the workers will read" in text_of(response)


class TestAccountInUse:
    """The account is fixed per page and posted with every form."""

    def test_a_stale_form_is_refused_in_words(self, granter: Someone, wave: QualificationType) -> None:
        sandbox = AccountFactory(name="Sandbox lab", environment=Environment.SANDBOX)
        real = AccountFactory(name="Real lab", environment=Environment.PRODUCTION)
        granter.use(sandbox)
        fields = granter.hidden("/grant/")
        granter.use(real)
        before = everything()
        response = granter.client.post("/grant/", fields | {"type": wave.pk, "list": GOOD[0]})
        assert response.status_code == 409
        assert "You opened this page for the sandbox; now production is active. Nothing was done." in text_of(
            response
        )
        assert everything() == before

    def test_a_list_of_another_account_is_not_shown_and_not_confirmed(
        self, granter: Someone, wave: QualificationType, other_account: RequesterAccount
    ) -> None:
        check = granter.grant(type=wave.pk, list=GOOD[0])
        fields = granter.hidden(check)
        granter.use(other_account)
        assert granter.get(check).status_code == 409
        assert granter.client.post(check, fields).status_code == 409
        assert Job.objects.count() == 0

    def test_production_asks_for_the_study(self, granter: Someone, production_account: RequesterAccount) -> None:
        real = TypeFactory(account=production_account)
        granter.use(production_account)
        response = granter.send("/grant/", type=real.pk, list=GOOD[0])
        assert response.status_code == 422
        assert "Every change in production belongs to one" in text_of(response)

    def test_the_environment_stands_on_the_button_and_in_the_title(
        self, granter: Someone, cast: Cast, production_account: RequesterAccount
    ) -> None:
        real = TypeFactory(account=production_account)
        granter.use(production_account)
        page = granter.get(granter.grant(type=real.pk, list=GOOD[0], study=cast.study.pk))
        assert "Grant 1 worker in production" in text_of(page)
        assert "<title>Check before granting 1 worker · Production" in page.content.decode()


def test_production_above_100_workers_needs_the_typed_number(
    granter: Someone, cast: Cast, production_account: RequesterAccount
) -> None:
    real = TypeFactory(account=production_account)
    granter.use(production_account)
    many = "\n".join(f"A{number:05d}MANY" for number in range(101))
    check = granter.grant(type=real.pk, list=many, study=cast.study.pk)
    for typed in ("", "100", "1e2", "101.0", "-101"):
        response = granter.confirm(check, typed_count=typed)
        assert response.status_code == 422
        assert "Type the number of workers, 101, to confirm. Nothing was done." in text_of(response)
    assert Job.objects.count() == 0
    went_on(granter.confirm(check, typed_count="101"))
    assert Job.objects.get().total == 101


@pytest.mark.parametrize("name", ["viewer", "pi", "manager"])
@pytest.mark.parametrize("path", ["/grant/", "/revoke/", "/bulk/"])
def test_people_who_may_not_grant_get_403_and_see_no_way_there(
    cast: Cast, client: Client, name: str, path: str
) -> None:
    someone = Someone(client, cast.user(name), cast.account)
    response = someone.get(path)
    assert response.status_code == 403
    assert "A manager can give you the role of granter" in text_of(response)
    assert f'href="{path}"' not in someone.get("/jobs/").content.decode()


def test_an_account_that_is_switched_off_takes_no_job(granter: Someone, cast: Cast) -> None:
    closed = AccountFactory(name="Closed lab", is_enabled=False)
    granter.use(closed)
    check = granter.grant(type=TypeFactory(account=closed).pk, list=GOOD[0])
    response = granter.confirm(check)
    assert response.status_code == 409
    assert "switched off or paused. Nothing was done." in text_of(response)
    assert Job.objects.count() == 0
