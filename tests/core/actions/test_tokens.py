"""What a token opens: at most what its person may do now, and nothing once it is over."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from qualadmin.audit.types import RequestInfo
from qualadmin.core.actions import people, tokens
from qualadmin.core.actions.restorations import mark_restored
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotAllowed, NotVisible
from qualadmin.core.models import AccessToken, RequesterAccount, RoleAssignment, User
from qualadmin.core.permissions import Permission, Scope, require
from tests.entries import new_entries
from tests.people import Cast

pytestmark = pytest.mark.django_db
INFO = RequestInfo(id="r1", ip="192.0.2.7", method="POST", route="api/v1/x")


def make(user: User, *scopes: Scope, account: RequesterAccount | None = None) -> str:
    wanted = scopes or (Scope.READ,)
    return tokens.create_token(actor=user.as_actor(), name="script", scopes=wanted, account=account, days=30)[1]


def use(token: str) -> Actor:
    return tokens.use_token(token=token, request=INFO)


def refusal(token: str) -> str:
    with pytest.raises(tokens.TokenRefused) as caught:
        use(token)
    return caught.value.code


def test_the_actor_is_the_person_and_entries_say_by_which_token(cast: Cast) -> None:
    actor = use(make(cast.granter))
    row = AccessToken.objects.get()
    assert actor.user_id == cast.granter.pk
    assert actor.who.auth == {"method": "token", "token": str(row.pk)}
    assert actor.context.request == INFO


def test_a_scope_is_held_against_the_right_asked_for(cast: Cast) -> None:
    actor, account = use(make(cast.granter, Scope.READ)), str(cast.account.pk)
    require(actor, Permission.VIEW, account)
    with pytest.raises(NotAllowed, match="not for that"):
        require(actor, Permission.GRANT, account)


def test_a_scope_gives_no_right_that_the_role_lacks(cast: Cast) -> None:
    actor = use(make(cast.viewer, *Scope))
    for permission in (Permission.GRANT, Permission.VIEW_AUDIT, Permission.SEE_WORKER_IDS):
        with pytest.raises(NotAllowed):
            require(actor, permission, str(cast.account.pk))


def test_a_token_for_one_account_reaches_no_other(cast: Cast) -> None:
    actor = use(make(cast.granter, Scope.GRANT, account=cast.account))
    require(actor, Permission.GRANT, str(cast.account.pk))
    with pytest.raises(NotVisible):
        require(actor, Permission.GRANT, str(cast.other_account.pk))
    assert list(RequesterAccount.objects.visible_to(actor)) == [cast.account]


def test_a_token_for_a_foreign_account_is_not_made(cast: Cast) -> None:
    with pytest.raises(NotVisible):
        make(cast.outsider, account=cast.account)


@pytest.mark.parametrize("token", ["", "qat_", "qat_" + "a" * 43, "ä" * 47, "qat_" + "a" * 4300, "Bearer x"])
def test_what_was_never_made_opens_nothing(db: None, token: str) -> None:
    assert refusal(token) == "unknown"


def test_a_revoked_token_opens_nothing(cast: Cast) -> None:
    token = make(cast.granter)
    tokens.revoke_token(actor=cast.granter.as_actor(), token_id=AccessToken.objects.get().pk)
    assert refusal(token) == "revoked"


def test_an_expired_token_opens_nothing(cast: Cast, time_machine: object) -> None:
    token = make(cast.granter)
    time_machine.move_to(timezone.now() + timedelta(days=30, seconds=1))  # type: ignore[attr-defined]
    assert refusal(token) == "expired"


def test_a_token_ends_with_the_access_of_its_person(cast: Cast) -> None:
    token = make(cast.granter)
    people.deactivate_user(actor=cast.manager.as_actor(), user=cast.granter)
    assert refusal(token) == "inactive"


def test_a_token_without_any_role_behind_it_opens_nothing(cast: Cast) -> None:
    token = make(cast.granter)
    for held in RoleAssignment.objects.filter(user=cast.granter):
        people.end_role(actor=cast.manager.as_actor(), assignment=held)
    assert refusal(token) == "no_role"


def test_a_restore_ends_all_tokens(cast: Cast) -> None:
    token = make(cast.granter)
    mark_restored(
        actor=Actor.system("restore"), taken_at=timezone.now(), sha256="0" * 64, entries=1, root="0", put_aside=""
    )
    assert refusal(token) == "revoked"


def test_the_last_use_is_written_once_a_minute_and_without_an_entry(cast: Cast, time_machine: object) -> None:
    start = timezone.now().replace(microsecond=0)
    time_machine.move_to(start, tick=False)  # type: ignore[attr-defined]
    token = make(cast.granter)
    with new_entries() as entries:
        use(token)
        assert AccessToken.objects.get().last_used_at == start
        time_machine.move_to(start + timedelta(seconds=59), tick=False)  # type: ignore[attr-defined]
        use(token)
        assert AccessToken.objects.get().last_used_at == start
        time_machine.move_to(start + timedelta(seconds=60), tick=False)  # type: ignore[attr-defined]
        use(token)
    assert AccessToken.objects.get().last_used_at == start + timedelta(seconds=60)
    assert entries == []


def test_a_person_has_at_most_twenty_that_work(cast: Cast) -> None:
    for _ in range(tokens.AT_MOST):
        make(cast.granter)
    with pytest.raises(ActionError, match="Revoke one"):
        make(cast.granter)
    tokens.revoke_token(actor=cast.granter.as_actor(), token_id=AccessToken.objects.all()[0].pk)
    make(cast.granter)


def test_the_token_of_another_is_not_there(cast: Cast) -> None:
    make(cast.granter)
    with pytest.raises(NotVisible):
        tokens.revoke_token(actor=cast.manager.as_actor(), token_id=AccessToken.objects.get().pk)


def test_a_refusal_is_an_entry_of_nobody(cast: Cast) -> None:
    token = make(cast.granter)
    with pytest.raises(tokens.TokenRefused) as caught:
        use(token[:-1] + ("a" if token[-1] != "a" else "b"))
    with new_entries() as entries:
        tokens.record_token_refused(request=INFO, refusal=caught.value)
    assert (entries.only.action, entries.only.actor_kind) == ("auth.token.refused", "anonymous")
    assert entries.only.changes == {"cause": [None, "unknown"]}


def test_the_database_lets_nobody_make_a_dead_token_live_again(cast: Cast) -> None:
    """The guards of audited rows hold here as everywhere: no change without an entry."""

    make(cast.granter)
    row = AccessToken.objects.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        AccessToken.objects.filter(pk=row.pk).update(scopes="read grant audit")
