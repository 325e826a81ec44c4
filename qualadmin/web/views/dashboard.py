"""The first page: what needs somebody, how things stand, what I did last."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from qualadmin.core.models import Job, RequesterAccount
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.approving import waiting_lists
from qualadmin.web.counts import count_each
from qualadmin.web.figures import chart_of, days_of, means_of, needs_of, standing_of, tiles_of
from qualadmin.web.http import Request, page


@page(None, account=False)
def dashboard(request: Request) -> HttpResponse:
    """The account in use at a glance; what to do first where there is nothing yet."""
    account = request.account
    if account is None or not allowed(request.actor, Permission.VIEW, str(account.pk)):
        may_add = allowed(request.actor, Permission.MANAGE_ACCOUNTS)
        return render(request, "dashboard/no_account.html", {"may_add": may_add})
    now = timezone.now()
    days = days_of(request.actor, account, now)
    standing, means = standing_of(request.actor, account, now), means_of(account, now)
    jobs = Job.objects.filter(account=account, created_by=request.user).select_related("study")
    mine = list(jobs.order_by("-created_at")[:5])
    approvals = sum(one.number for one in count_each(waiting_lists(request.actor)))
    context = {
        "needs": needs_of(request.actor, account, standing, means, now, approvals),
        "tiles": tiles_of(standing, days, now),
        "chart": chart_of(days),
        "requests_waiting": standing.waiting,  # the navigation need not count them again
        "approvals_waiting": approvals,
        "mine": mine,
        "may_grant": _may_grant(request, account),
        "may_sync": allowed(request.actor, Permission.SYNC, str(account.pk)),
        "is_new": not mine and not means.has_types,
    }
    return render(request, "dashboard/dashboard.html", context)


def _may_grant(request: Request, account: RequesterAccount) -> bool:
    return allowed(request.actor, Permission.GRANT, str(account.pk), production=account.is_production)
