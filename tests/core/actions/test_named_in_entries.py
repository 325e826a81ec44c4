"""What entries name things by is hashed and never erased: no worker id gets into it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from qualadmin.core.actions.accounts import add_account
from qualadmin.core.actions.lists import add_list
from qualadmin.core.actions.people import invite_user
from qualadmin.core.actions.studies import add_study
from qualadmin.core.actions.type_list import apply_type_list
from qualadmin.core.actions.types import request_type
from qualadmin.core.errors import ActionError
from qualadmin.core.models import RequesterAccount, User
from tests.core.actions.test_type_list import SEEN, SYNC
from tests.entries import new_entries
from tests.factories import PASSWORD

NAME = "ANAMED7WORKER"
NAMERS: dict[str, Callable[[User, RequesterAccount], object]] = {
    "account": lambda by, _: add_account(
        actor=by.as_actor(), name=f"For {NAME}", environment="emulator", profile_name="demo"
    ),
    "list": lambda by, account: add_list(actor=by.as_actor(), account=account, name=f"Sisters of {NAME}"),
    "person": lambda by, _: invite_user(
        actor=by.as_actor(), username="x", full_name=NAME, email="x@lab.example.org", password=PASSWORD
    ),
    "study": lambda by, _: add_study(actor=by.as_actor(), title=f"What {NAME} said"),
    "protocol number": lambda by, _: add_study(actor=by.as_actor(), title="Waves", protocol_number=NAME),
    "type": lambda by, account: request_type(
        actor=by.as_actor(), account=account, name=f"Bonus for {NAME}", description="A bonus."
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("what", NAMERS)
def test_a_name_with_a_worker_id_is_refused(
    manager: User, granter: User, account: RequesterAccount, what: str
) -> None:
    with new_entries() as entries, pytest.raises(ActionError, match="holds a worker ID"):
        NAMERS[what](granter if what == "list" else manager, account)
    assert entries == []


@pytest.mark.django_db
def test_amazons_words_for_a_type_are_not_hashed(account: RequesterAccount) -> None:
    seen = replace(SEEN, name=f"Bonus for {NAME}")
    with new_entries() as entries:
        apply_type_list(actor=SYNC, account=account, remote=[seen])
        told = replace(seen, description=f"{NAME} only", keywords=NAME.lower())
        apply_type_list(actor=SYNC, account=account, remote=[told])
    assert entries.actions == ["qtype.imported", "qtype.seen_changed"]
    assert [one.target_label for one in entries] == ["Bonus for [worker ID]"] * 2
    assert not [one for one in entries if NAME.lower().encode() in bytes(one.core).lower()]
