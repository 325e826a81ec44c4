"""What machines ask: `/healthz`, `/readyz` and `/metrics`, and who gets no answer."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from qualadmin import schema
from qualadmin.core.models import AccountPace, Alarm, Change, Job
from qualadmin.core.vitals import Disk
from tests.factories import ChangeFactory
from tests.people import Cast
from tests.vital_signs import beat, due_change, looked_at
from tests.web.queries import watched

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-thirty-two-characters!"
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?")
#: A token, a request's reference, the time of the answer.
NEW_EACH_TIME = re.compile(r"[0-9a-zA-Z]{32,}|\b[0-9a-f]{12}\b|\b[0-9-]{10} [0-9]{2}:[0-9]{2} \(UTC\)")
LINE = re.compile(r'(qualadmin_[a-z_]+)(\{(?:[a-z]+="[^"\n]*",?)+\})? (\S+)')


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()


def samples(response: Any) -> dict[str, float]:
    """The numbers by name and labels. Every line has the form that Prometheus reads."""
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = response.content.decode()
    assert text.endswith("\n")
    found, announced = {}, set()
    for line in text.splitlines():
        if line.startswith("# "):
            word, name = line.split(" ")[1:3]
            assert word in {"HELP", "TYPE"}
            announced.add((word, name))
            continue
        match = LINE.fullmatch(line)
        assert match, line
        assert {("HELP", match[1]), ("TYPE", match[1])} <= announced, line
        assert NUMBER.fullmatch(match[3]), line
        assert match[1] + (match[2] or "") not in found, line
        found[match[1] + (match[2] or "")] = float(match[3])
    return found


def test_ready_while_a_cluster_beats_and_nothing_is_left_lying(cast: Cast, client: Client) -> None:
    beat()
    change = due_change(cast, timedelta(hours=7))  # a long job is due all the time
    looked_at(change, timedelta(seconds=20))
    response = client.get("/readyz")
    assert (response.status_code, response.json()["status"], response.json()["failing"]) == (200, "ready", [])
    assert response.json()["oldest_due_seconds"] // 3600 == 7
    assert response.json()["left_lying_seconds"] < 60


def test_not_ready_without_a_beat(cast: Cast, client: Client) -> None:
    assert client.get("/readyz").json() == {
        "status": "not ready",
        "failing": ["cluster"],
        "cluster_beat_seconds": None,
        "oldest_due_seconds": 0,
        "left_lying_seconds": 0,
    }
    beat(ago=timedelta(seconds=90))
    caches["process"].clear()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["failing"]) == (503, ["cluster"])


def test_not_ready_when_what_is_due_is_left_lying(cast: Cast, client: Client) -> None:
    beat()
    change = due_change(cast, timedelta(minutes=20))
    response = client.get("/readyz")
    assert (response.status_code, response.json()["failing"]) == (503, ["changes"])
    for held_back in ({"open_until": timezone.now() + timedelta(seconds=50)}, {"state": {}}):
        AccountPace.objects.update_or_create(account=change.type.account, defaults=held_back)
        caches["process"].clear()
        assert client.get("/readyz").status_code == 200, "the breaker rests: nothing is sent on purpose"


def test_not_ready_with_tables_of_another_version(cast: Cast, client: Client, monkeypatch: Any) -> None:
    def old() -> None:
        raise schema.NotReady("3 changes are missing")

    monkeypatch.setattr(schema, "require", old)
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "not ready", "failing": ["schema"]})


def test_not_ready_without_a_database(client: Client, monkeypatch: Any) -> None:
    def gone() -> None:
        raise OperationalError("password of qualadmin was wrong")

    monkeypatch.setattr(schema, "require", gone)
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "not ready", "failing": ["database"]})


def test_anybody_may_ask_often_and_the_database_hardly_notices(cast: Cast, client: Client) -> None:
    client.get("/readyz")
    with watched() as queries:
        for _ in range(5):
            client.get("/readyz", **ELSEWHERE)
    assert queries.number == 0


def test_metrics_say_how_everything_stands(cast: Cast, client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("qualadmin.core.vitals.read_disk", lambda: Disk(total=1000, free=250))
    beat("one", ago=timedelta(seconds=4))
    change = due_change(cast, timedelta(minutes=5))
    ChangeFactory(type=change.type, state=Change.State.DONE)
    in_hand = ChangeFactory(type=change.type, state=Change.State.SENDING, job=change.job)
    Change.objects.filter(pk=in_hand.pk).update(lease_until=timezone.now() - timedelta(seconds=30))
    ChangeFactory(type=change.type, state=Change.State.NEEDS_PERSON, job=change.job)
    AccountPace.objects.create(
        account=cast.account,
        state={"rate": 12.5},
        calls={"grant.done": 31, "grant.throttled": 4, "revoke.throttled": 1, "look_up.no_clear_answer": 2},
        open_until=timezone.now(),
    )
    found = samples(client.get("/metrics"))
    account = 'account="practice-lab",environment="emulator"'
    wanted = {
        'changes{state="planned"}': 1, 'changes{state="sending"}': 1, 'changes{state="unknown"}': 0,
        'changes{state="person"}': 1, 'jobs{state="paused"}': 0, "queue_messages": 0, "read_only": 0,
        f"rate_per_second{{{account}}}": 12.5, f"breaker_open{{{account}}}": 1, f"account_paused{{{account}}}": 0,
        f'calls_total{{{account},operation="grant",outcome="done"}}': 31,
        f'calls_total{{{account},operation="look_up",outcome="no_clear_answer"}}': 2,
        f"throttled_calls_total{{{account}}}": 5, "disk_free_bytes": 250, "disk_size_bytes": 1000,
    }  # fmt: skip
    assert {name: found[f"qualadmin_{name}"] for name in wanted} == wanted
    assert found['qualadmin_jobs{state="running"}'] == Job.objects.filter(state="running").count()
    assert 300 <= found["qualadmin_oldest_due_seconds"] < 330
    assert 30 <= found["qualadmin_oldest_lease_overdue_seconds"] < 60
    assert 4 <= found['qualadmin_cluster_beat_seconds{cluster="one"}'] < 30
    assert found["qualadmin_audit_entries"] > 10
    assert "qualadmin_audit_checkpoint_age_seconds" not in found, "it was never sealed"


def test_metrics_ask_as_often_whatever_there_is(cast: Cast, client: Client, settings: Any) -> None:
    """And count no table: what is counted stops at a limit."""
    numbers = []
    for _ in range(2):
        with watched() as queries:
            samples(client.get("/metrics"))
        assert queries.full_counts == []
        assert queries.offsets == []
        numbers.append(queries.number)
        for number in range(3):
            beat(f"cluster-{number}")
            change = due_change(cast, timedelta(minutes=number))
            ChangeFactory(type=change.type, state=Change.State.UNKNOWN)
    expected = 6 if settings.Q_CLUSTER.get("orm") else 5  # Redis counts its messages itself
    assert numbers == [expected, expected]


def test_a_slug_or_cluster_cannot_break_the_format(cast: Cast, client: Client) -> None:
    beat('bad"} 1\n# \\name')
    assert samples_tolerant(client.get("/metrics")) == 1


def samples_tolerant(response: Any) -> int:
    return response.content.decode().count('qualadmin_cluster_beat_seconds{cluster="bad\\"} 1\\n# \\\\name"} ')


@pytest.mark.parametrize(
    "meta",
    [
        ELSEWHERE,
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_REAL_IP": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.7"},
        {**ELSEWHERE, "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {**ELSEWHERE, "HTTP_AUTHORIZATION": "Bearer "},
        {**ELSEWHERE, "HTTP_AUTHORIZATION": f"Bearer {TOKEN}x"},
        {**ELSEWHERE, "HTTP_AUTHORIZATION": "Bearer \xfc"},
    ],
)
@pytest.mark.parametrize("token", ["", TOKEN])
def test_for_everybody_else_there_are_no_metrics(
    cast: Cast, settings: Any, token: str, meta: dict[str, Any]
) -> None:
    """The answer is that of an address that does not exist, also to who has signed in and to other methods."""
    settings.METRICS_TOKEN = token
    client = Client(enforce_csrf_checks=True)
    for who in (None, cast.manager):
        if who:
            client.force_login(who)
        for method in (client.get, client.post):
            answers = [method(path, **meta) for path in ("/metrics", "/no-such-page")]
            bodies = [NEW_EACH_TIME.sub("", one.content.decode()) for one in answers]
            assert [one.status_code for one in answers] == [404, 404]
            assert bodies[0].replace("/metrics", "/no-such-page") == bodies[1]
            assert b"qualadmin_" not in answers[0].content


def test_who_has_the_token_gets_them_from_afar(cast: Cast, client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = False
    meta = {**ELSEWHERE, "HTTP_X_FORWARDED_FOR": "192.0.2.9", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}
    assert samples(client.get("/metrics", **meta))
    assert client.post("/metrics", **meta).status_code == 405


def test_reading_writes_nothing(cast: Cast, client: Client) -> None:
    client.get("/readyz")
    client.get("/metrics")
    assert not Alarm.objects.exists()
