"""Whose pseudonym it is."""

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from qualadmin.core.actions.pseudonyms import reidentify_worker, streams_with_pseudonyms
from qualadmin.core.models import Worker
from qualadmin.core.permissions import Permission
from qualadmin.web.acting import posted, show, submit
from qualadmin.web.forms.workers import RevealForm
from qualadmin.web.http import Request, page
from qualadmin.web.signing_in import own_password_asked


@sensitive_post_parameters("password")
@page(Permission.REIDENTIFY, "GET", "POST")
def worker_reveal(request: Request) -> HttpResponse:
    """Ask, give the reason, and be led to the worker's page. Neither ID nor pseudonym stands in an address."""
    form = RevealForm(posted(request), streams=streams_with_pseudonyms(request.actor))

    def act() -> str:
        given = form.cleaned_data
        worker = _asked(request, given)
        name = given["pseudonym"].strip().upper()
        what = "this worker" if worker.worker_id else "a worker who was erased. The ID is no longer known"
        messages.info(request, f"{name} is {what}. Your question and its reason are in the audit log.")
        return reverse("worker-detail", args=[worker.pk])

    return submit(request, form, act) or show(request, "worker/reveal.html", form)


def _asked(request: Request, given: dict[str, str]) -> Worker:
    with own_password_asked(request.user, field="password", not_done="Nothing was looked up."):
        return reidentify_worker(
            actor=request.actor,
            stream=given["stream"],
            given=given["pseudonym"],
            reason=given["reason"],
            password=given["password"],
        )
