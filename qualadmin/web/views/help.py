"""The one help page: how the main job goes, what the words mean, whom to ask."""

from django.http import HttpResponse
from django.shortcuts import render

from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.http import Request, page


@page(None, account=False)
def help_page(request: Request) -> HttpResponse:
    """The same for everybody, but links only to pages the person may open."""
    return render(request, "help/page.html", {"may_grant": allowed(request.actor, Permission.GRANT)})
