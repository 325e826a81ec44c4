"""People: list, invite, roles, closing and opening access."""

from collections import defaultdict

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions import people as actions
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import RequesterAccount, RoleAssignment, Study, User
from qualadmin.core.permissions import Permission, Role
from qualadmin.web.acting import act_and_return, confirm_first, posted, refuse_stale, show, submit
from qualadmin.web.filters import Choice, TextSearch
from qualadmin.web.forms.people import InvitePersonForm, PasswordForOtherForm, PersonForm, RoleForm, first_password
from qualadmin.web.http import Request, page
from qualadmin.web.listing import Column, Listing

LIST = Listing(
    columns=[
        Column("name", "Name", "full_name"),
        Column("username", "User name", "username"),
        Column("roles", "Roles"),
        Column("access", "Access"),
        Column("added", "Added", "created_at"),
    ],
    filters=[
        TextSearch("q", "Search", paths=("full_name", "username"), placeholder="Name"),
        Choice(
            "access",
            "Access",
            path="is_active",
            choices=(("True", "Open"), ("False", "Closed")),
            any_label="All",
        ),
    ],
    sort="name",
)


@page(Permission.MANAGE_PEOPLE, account=False)
def person_list(request: Request) -> HttpResponse:
    """Everybody who can sign in, or could."""
    results = LIST.results(request, User.objects.all())
    held: dict[int, list[RoleAssignment]] = defaultdict(list)
    for one in RoleAssignment.objects.current().filter(user__in=results.rows).select_related("account"):
        held[one.user_id].append(one)
    for user in results.rows:
        user.held = held[user.pk]  # type: ignore[attr-defined]  # for the template
    return LIST.render(request, User.objects.all(), "people/list.html", results=results)


@sensitive_post_parameters("password")
@page(Permission.MANAGE_PEOPLE, "GET", "POST", account=False)
def person_invite(request: Request) -> HttpResponse:
    """Add a person with a first password, which the page shows this one time."""
    form = InvitePersonForm(posted(request), initial={"password": first_password()})

    def act() -> str:
        user = actions.invite_user(actor=request.actor, **form.cleaned_data)
        messages.success(request, f"{user.full_name} can sign in as {user.username}. Give a role next.")
        return reverse("person-detail", args=[user.pk])

    return submit(request, form, act) or show(request, "people/invite.html", form)


@page(Permission.MANAGE_PEOPLE, "GET", "POST", account=False)
def person_detail(request: Request, pk: int) -> HttpResponse:
    """One person: roles, studies, the newest acts. POST gives a role."""
    user = _person(pk)
    form = RoleForm(posted(request), accounts=RequesterAccount.objects.open())

    def act() -> str:
        assignment = actions.give_role(
            actor=request.actor,
            user=user,
            role=form.chosen_role,
            account=form.chosen_account,
            can_production=form.cleaned_data["can_production"],
        )
        messages.success(request, f"{user.full_name} now has the role: {assignment}.")
        return reverse("person-detail", args=[pk])

    return submit(request, form, act) or show(request, "people/detail.html", form, **_context(request, user))


def _context(request: Request, user: User) -> dict[str, object]:
    assignments = RoleAssignment.objects.filter(user=user).select_related("account")
    current = [one for one in assignments if one.ended_at is None]
    return {
        "one": user,
        "current": current,
        "ended": [one for one in assignments if one.ended_at is not None],
        "is_pi": any(one.role == Role.PI for one in current),
        "studies": Study.objects.filter(pk__in=user.as_actor().study_ids),
        "myself": user.pk == request.user.pk,
        "acts": AuditEntry.objects.filter(actor_id=str(user.pk)).newest()[:5],
    }


@page(Permission.MANAGE_PEOPLE, "GET", "POST", account=False)
def person_edit(request: Request, pk: int) -> HttpResponse:
    """Change name or e-mail."""
    user = _person(pk)
    form = PersonForm(posted(request), initial={"full_name": user.full_name, "email": user.email})
    refuse_stale(request, form, user)

    def act() -> str:
        actions.update_user(actor=request.actor, user=user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return reverse("person-detail", args=[pk])

    return submit(request, form, act) or show(request, "people/edit.html", form, one=user)


@sensitive_post_parameters("password")
@page(Permission.MANAGE_PEOPLE, "GET", "POST", account=False)
def person_password(request: Request, pk: int) -> HttpResponse:
    """A new first password. Ends the person's sessions."""
    user = _person(pk)
    form = PasswordForOtherForm(posted(request), initial={"password": first_password()})

    def act() -> str:
        actions.set_password(actor=request.actor, user=user, password=form.cleaned_data["password"])
        messages.success(request, f"{user.full_name} has a new first password and was signed out everywhere.")
        return reverse("person-detail", args=[pk])

    return submit(request, form, act) or show(request, "people/password.html", form, one=user)


@page(Permission.MANAGE_PEOPLE, "GET", "POST", account=False)
def person_deactivate(request: Request, pk: int) -> HttpResponse:
    """Close the access."""
    user = _person(pk)
    return confirm_first(
        request,
        title=f"Close the access of {user.full_name}",
        text=(
            "The person is signed out everywhere at once and can sign in no more. "
            "Jobs they started go on. What they did stays in the audit log. You can open the access again."
        ),
        label=f"Close the access of {user.full_name}",
        back=reverse("person-detail", args=[pk]),
        act=lambda: actions.deactivate_user(actor=request.actor, user=user),
        done=f"The access of {user.full_name} is closed.",
    )


@page(Permission.MANAGE_PEOPLE, "POST", account=False)
def person_activate(request: Request, pk: int) -> HttpResponse:
    """Open the access again."""
    user = _person(pk)
    return act_and_return(
        request,
        lambda: actions.activate_user(actor=request.actor, user=user),
        f"{user.full_name} can sign in again, with the roles held before.",
        reverse("person-detail", args=[pk]),
    )


@page(Permission.MANAGE_PEOPLE, "GET", "POST", account=False)
def person_role_end(request: Request, pk: int, assignment: int) -> HttpResponse:
    """Take a role away."""
    user = _person(pk)
    held = RoleAssignment.objects.filter(pk=assignment, user=user).select_related("account", "user").first()
    if held is None:
        raise NotVisible
    return confirm_first(
        request,
        title=f"Take a role from {user.full_name}",
        text="It holds from the next click of the person on. It can be given again at any time.",
        label=f"Take away: {held}",
        facts=[
            ("Role", held.get_role_display()),
            ("For", str(held.account or "All accounts")),
            ("Real workers", "Yes" if held.can_production else "No"),
        ],
        back=reverse("person-detail", args=[pk]),
        act=lambda: actions.end_role(actor=request.actor, assignment=held),
        done=f"{user.full_name} no longer has the role: {held}.",
    )


def _person(pk: int) -> User:
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise NotVisible
    return user
