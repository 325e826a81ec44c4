"""A service in some state: clusters that beat or not, changes that are due, accounts that are looked at."""

from datetime import timedelta

from django.utils import timezone

from qualadmin.core.models import AccountPace, Change, Heartbeat
from tests.factories import ChangeFactory, TypeFactory
from tests.people import Cast


def beat(name: str = "cluster", *, ago: timedelta = timedelta(0)) -> None:
    """A task cluster of this name beat so long ago."""
    moment = timezone.now() - ago
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": moment, "host": "machine"})


def due_change(cast: Cast, age: timedelta) -> Change:
    """A planned change of a running job that has been due for so long."""
    change: Change = ChangeFactory(type=TypeFactory(account=cast.account), due_at=timezone.now() - age)
    return change


def looked_at(change: Change, ago: timedelta) -> None:
    """The account's drain last took moments for its calls so long ago."""
    moment = (timezone.now() - ago).timestamp()
    AccountPace.objects.update_or_create(
        account=change.type.account, defaults={"state": {"rate": 4.0, "next_at": moment}}
    )
