"""Requester accounts: list, add, edit, connection test, open and close."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from qualadmin.core.actions import accounts as actions
from qualadmin.core.actions.connections import request_connection_test
from qualadmin.core.actions.thresholds import asks_for_approval
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import ConnectionTest, Environment, RequesterAccount
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.acting import act_and_return, confirm_first, posted, refuse_stale, show, submit
from qualadmin.web.filters import Choice, TextSearch
from qualadmin.web.forms.accounts import AccountForm, NewAccountForm, PauseForm
from qualadmin.web.http import Request, is_fragment, page
from qualadmin.web.listing import Column, Listing

LIST = Listing(
    columns=[
        Column("name", "Name", "name"),
        Column("environment", "Environment", "environment"),
        Column("state", "State"),
        Column("added", "Added", "created_at"),
    ],
    filters=[
        TextSearch("q", "Search", paths=("name",), placeholder="Name"),
        Choice("environment", "Environment", path="environment", choices=Environment.choices),
        Choice(
            "archived",
            "Archived",
            path="archived_at__isnull",
            choices=(("True", "In use"), ("False", "Archived")),
            any_label="All",
        ),
    ],
    sort="name",
)
ACCESS_FIELDS = (
    "name",
    "profile_name",
    "role_arn",
    "external_id",
    "aws_account_id",
    "reason_required",
    "programs_read_all",
)


@page(Permission.VIEW, account=False)
def account_list(request: Request) -> HttpResponse:
    """All accounts the person's roles reach."""
    rows = RequesterAccount.objects.visible_to(request.actor)
    return LIST.render(request, rows, "account/list.html", {"may_manage": _may_manage(request)})


@page(Permission.MANAGE_ACCOUNTS, "GET", "POST", account=False)
def account_add(request: Request) -> HttpResponse:
    """Add an account. It starts switched off."""
    form = NewAccountForm(posted(request))

    def act() -> str:
        account = actions.add_account(actor=request.actor, **form.cleaned_data)
        messages.success(request, f"“{account.name}” was added, switched off. Test the connection next.")
        return reverse("account-detail", args=[account.pk])

    return submit(request, form, act) or show(request, "account/add.html", form)


@page(Permission.VIEW, account=False)
def account_detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One account, with its newest connection tests."""
    account = _account(request, pk)
    tests = list(account.tests.select_related("asked_by")[:5])
    newest = tests[0] if tests else None
    waits = newest is not None and newest.state == ConnectionTest.State.WAITING
    context = {
        "one": account,
        "tests": tests,
        "newest": newest,
        "waits": waits,
        "may_manage": _may_manage(request),
        "tested": newest is not None and newest.state == ConnectionTest.State.OK,
        "second_person": asks_for_approval(account),
    }
    template = "account/detail.html#test" if is_fragment(request) else "account/detail.html"
    return render(request, template, context)


@page(Permission.MANAGE_ACCOUNTS, "GET", "POST", account=False)
def account_edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Change name and access. The environment stays."""
    account = _account(request, pk)
    form = AccountForm(posted(request), initial={name: getattr(account, name) for name in ACCESS_FIELDS})
    refuse_stale(request, form, account)

    def act() -> str:
        actions.update_account(actor=request.actor, account=account, **form.cleaned_data)
        messages.success(request, "The account is saved.")
        return reverse("account-detail", args=[pk])

    return submit(request, form, act) or show(request, "account/edit.html", form, one=account)


@page(Permission.MANAGE_ACCOUNTS, "POST", account=False)
def account_test(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask Amazon whether the credentials work."""
    account = _account(request, pk)
    request_connection_test(actor=request.actor, account=account)
    return redirect("account-detail", pk)


@page(Permission.MANAGE_ACCOUNTS, "GET", "POST", account=False)
def account_enable(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Let changes be sent; production needs a test that worked."""
    account = _account(request, pk)
    newest = account.tests.first()
    facts = [
        ("Account", account.name),
        ("Environment", account.get_environment_display()),
        ("AWS access", account.role_arn or account.profile_name or "The server’s own"),
        ("Region", "us-east-1"),
        ("Newest test", newest.get_state_display() if newest else "None yet"),
        ("Balance", f"${newest.balance}" if newest and newest.balance else "–"),
    ]
    where = "real workers" if account.is_production else account.get_environment_display().lower()
    return confirm_first(
        request,
        title=f"Switch on {account.name}",
        text=f"From then on granters can send changes to {where}. Changes that wait are sent at once.",
        label=f"Switch on {account.get_environment_display().lower()}",
        facts=facts,
        back=reverse("account-detail", args=[pk]),
        act=lambda: actions.enable_account(actor=request.actor, account=account),
        done=f"“{account.name}” is switched on.",
        danger=account.is_production,
    )


@page(Permission.MANAGE_ACCOUNTS, "GET", "POST", account=False)
def account_disable(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Send nothing more."""
    account = _account(request, pk)
    return confirm_first(
        request,
        title=f"Switch off {account.name}",
        text="Nothing more is sent to Amazon for this account. Calls under way still end. What is planned waits.",
        label="Switch off",
        back=reverse("account-detail", args=[pk]),
        act=lambda: actions.disable_account(actor=request.actor, account=account),
        done=f"“{account.name}” is switched off. What is planned waits.",
    )


@page(Permission.MANAGE_ACCOUNTS, "GET", "POST", account=False)
def account_archive(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Put an account away for good."""
    account = _account(request, pk)
    return confirm_first(
        request,
        title=f"Archive {account.name}",
        text=(
            "Nobody can work in an archived account any more, and it cannot be brought back. "
            "Its history and its entries in the audit log stay."
        ),
        label=f"Archive {account.name} for good",
        back=reverse("account-detail", args=[pk]),
        act=lambda: actions.archive_account(actor=request.actor, account=account),
        done=f"“{account.name}” is archived.",
    )


@page(Permission.MANAGE_ACCOUNTS, "GET", "POST", account=False)
def account_pause(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Hold everything back for a while, with a reason that everybody reads."""
    account = _account(request, pk)
    form = PauseForm(posted(request))

    def act() -> str:
        actions.pause_account(actor=request.actor, account=account, cause=form.cleaned_data["cause"])
        messages.success(request, f"“{account.name}” is paused.")
        return reverse("account-detail", args=[pk])

    return submit(request, form, act) or show(request, "account/pause.html", form, one=account)


@page(Permission.MANAGE_ACCOUNTS, "POST", account=False)
def account_resume(request: Request, pk: uuid.UUID) -> HttpResponse:
    """End a pause."""
    account = _account(request, pk)
    return act_and_return(
        request,
        lambda: actions.resume_account(actor=request.actor, account=account),
        f"“{account.name}” goes on.",
        reverse("account-detail", args=[pk]),
    )


def _account(request: Request, pk: uuid.UUID) -> RequesterAccount:
    account = RequesterAccount.objects.visible_to(request.actor).filter(pk=pk).first()
    if account is None:
        raise NotVisible
    return account


def _may_manage(request: Request) -> bool:
    return allowed(request.actor, Permission.MANAGE_ACCOUNTS)
