"""Pages of messages: what they refuse, what they show, and who decides."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qualadmin.core.actions.message_calls import claim_recipients, expire_mail_leases
from qualadmin.core.actor import Actor
from qualadmin.core.models import Letter, Message, Qualification
from tests.approving import Second
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.messages import SUBJECT, TEXT, make_draft, make_message
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lists import Someone, entries_of, text_of, went_on

pytestmark = pytest.mark.django_db
IDS = ["A1MADEUPWORKER", "A2MADEUPWORKER"]


@pytest.fixture
def someone(client: Client, cast: Cast) -> Someone:
    return Someone(client, cast.granter, cast.account)


def test_from_pasted_ids_to_a_message_that_is_sent(someone: Someone, rung: list[Any]) -> None:
    write = went_on(someone.send("/messages/add/", source="ids", list="\n".join(IDS)))
    check = went_on(someone.send(write, subject=SUBJECT, text=TEXT, study=""))
    page = text_of(someone.get(check))
    assert "A mail cannot be taken back" in page
    assert "2 workers were never met here before" in page
    assert "wave 4 of our study is open until Friday" in page
    assert not any(one in check for one in IDS)
    detail = went_on(someone.send(check))
    message = Message.objects.get()
    assert (message.state, detail) == ("running", f"/messages/{message.pk}/")
    assert "0 of 2 workers" in text_of(someone.get(detail))
    # Sent again, the same form does nothing more; and the check page is gone.
    assert someone.get(check).status_code == 302
    assert entries_of("message.confirmed") == 1


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"source": "ids"}, "paste worker IDs"),
        ({"source": "ids", "list": "not an id"}, "nothing was taken over"),
        ({"source": "type:no-uuid"}, "Select a valid choice"),
        ({"source": "job:00000000-0000-0000-0000-000000000000"}, "Select a valid choice"),
        ({"source": ""}, "Choose whom to write to"),
    ],
)
def test_nobody_to_write_to_is_said(someone: Someone, answers: dict[str, str], said: str) -> None:
    response = someone.send("/messages/add/", **answers)
    assert response.status_code == 422
    assert said in text_of(response)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("subject", "text"), [("", TEXT), ("a" * 201, TEXT), (SUBJECT, ""), (SUBJECT, "a" * 4097)]
)
def test_a_text_amazon_would_refuse_is_refused_beside_its_field(
    someone: Someone, cast: Cast, subject: str, text: str
) -> None:
    draft = make_draft(cast.granter, cast.account, IDS)
    response = someone.send(f"/messages/{draft.pk}/write/", subject=subject, text=text, study="")
    assert response.status_code == 422
    draft.refresh_from_db()
    assert (draft.subject, draft.text) == (SUBJECT, TEXT)


def test_who_wrote_it_sees_whom_it_waits_for_and_whom_no_mail_reached(client: Client, second: Second) -> None:
    asker = Someone(client, second.granter, second.account)
    path = f"/messages/{make_message(second.granter, second.account, IDS, study=second.study).pk}/"
    text = text_of(asker.get(path))
    assert "Nobody is mailed until Pi Person approves." in text
    assert "No mail reached" not in text
    Letter.objects.update(state="failed", problem="the mail server could not be reached")
    page = asker.get(path)
    assert_valid_page(page)
    assert "No mail reached Pi Person: the mail server could not be reached." in text_of(page)
    Letter.objects.update(state="sent", problem="")
    assert "A mail went to Pi Person." in text_of(asker.get(path))


def test_a_check_page_that_is_out_of_date_sends_nothing(someone: Someone, cast: Cast) -> None:
    draft = make_draft(cast.granter, cast.account, IDS)
    check = f"/messages/{draft.pk}/check/"
    response = someone.send(check, seen="00000000-0000-0000-0000-000000000000")
    assert response.status_code == 409
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_ticked_holders_become_a_draft(someone: Someone, cast: Cast) -> None:
    wave = TypeFactory(account=cast.account, name="Wave 3")
    rows: list[Qualification] = [QualificationFactory(type=wave, worker=WorkerFactory()) for _ in range(3)]
    write = went_on(
        someone.send(
            f"/types/{wave.pk}/", to=f"/types/{wave.pk}/select/", verb="write", row=str(rows[0].pk), filter=""
        )
    )
    message = Message.objects.get()
    assert write == f"/messages/{message.pk}/write/"
    assert list(message.recipients.values_list("worker", flat=True)) == [rows[0].worker_id]
    assert message.origin == "Holders of “Wave 3”: ticked ones"


def test_the_pi_finds_it_among_the_approvals_and_decides(client: Client, second: Second) -> None:
    message = make_message(second.granter, second.account, IDS, study=second.study)
    pi = Someone(client, second.pi, second.account)
    inbox = text_of(pi.get("/approvals/"))
    assert SUBJECT in inbox
    assert "Message to 2 workers" in inbox
    page = f"/messages/{message.pk}/"
    assert "Your approval is asked for" in text_of(pi.get(page))
    refused = pi.send(page, to=f"{page}decide/", decision="send_back", words="")
    assert refused.status_code == 422
    assert "Say why you send it back" in text_of(refused)
    went_on(pi.send(page, to=f"{page}decide/", decision="approve", words="Go."))
    message.refresh_from_db()
    assert message.state == "running"
    assert "Approved by Pi Person" in text_of(pi.get(page))
    assert SUBJECT not in text_of(pi.get("/approvals/"))


def test_what_is_not_known_is_said_and_can_be_written_to_anew(someone: Someone, cast: Cast) -> None:
    message = make_message(cast.granter, cast.account, IDS)
    claim_recipients(actor=Actor.system("t"), message_id=message.pk)
    expire_mail_leases(actor=Actor.system("t"), now=message.created_at.replace(year=message.created_at.year + 1))
    page = text_of(someone.get(f"/messages/{message.pk}/"))
    assert "Of 2 workers it is not known whether they were mailed" in page
    again = f"/messages/add/?source=message:{message.pk}"
    went_on(someone.send(again, to="/messages/add/", source=f"message:{message.pk}"))
    newer = Message.objects.exclude(pk=message.pk).get()
    assert newer.total == 2
    assert "may read this twice" in newer.notes[0]


def test_the_results_are_a_file_and_on_record_and_viewers_see_pseudonyms(
    someone: Someone, client: Client, cast: Cast
) -> None:
    message = make_message(cast.granter, cast.account, IDS)
    response = someone.get(reverse("message-results", args=[message.pk]))
    body = b"".join(response.streaming_content).decode()
    assert all(one in body for one in IDS)
    assert entries_of("message.exported") == 1
    viewer = Someone(client, cast.viewer, cast.account)
    assert not any(one in text_of(viewer.get(f"/messages/{message.pk}/")) for one in IDS)
    assert viewer.get(reverse("message-results", args=[message.pk])).status_code == 403
