"""Every part in every state, on one page: for looking at, and for the accessibility test. Not in real runs."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from qualadmin.core.models import User, Worker
from qualadmin.web.charts import Bar, Chart, histogram
from qualadmin.web.filters import Choice, Day, TextSearch
from qualadmin.web.forms.base import PageForm, counted_text, ids_box
from qualadmin.web.http import Request, page
from qualadmin.web.listing import Column, Listing
from qualadmin.web.statuses import LOOKS

from . import errors

EXAMPLE_ID: Final = "A2EXAMPLE00001"


class ExampleForm(PageForm):
    """One field of each kind."""

    type = forms.ChoiceField(label="Qualification type", choices=[("", "Choose one"), ("a", "Memory study 2026")])
    workers = forms.CharField(
        label="Worker IDs", help_text="One per line, or paste a column from a spreadsheet.", widget=ids_box()
    )
    score = forms.IntegerField(
        label="Score", help_text="A whole number from 0 to 100.", min_value=0, max_value=100
    )
    how = forms.ChoiceField(
        label="How", choices=[("a", "Silently"), ("b", "With a reason")], widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label="Reason", required=False, help_text="Kept in the audit log.", widget=counted_text("reason", 200)
    )
    notify = forms.BooleanField(
        label="E-mail the workers", required=False, help_text="Amazon sends each of them a message."
    )


@page(None, "GET", "POST", account=False)
def styleguide(request: Request) -> HttpResponse:
    """All parts. A POST shows the form as it looks with faults."""
    form = ExampleForm(request.POST if request.method == "POST" else None, initial={"workers": EXAMPLE_ID})
    for level, text in (
        (messages.SUCCESS, "The job has started."),
        (messages.INFO, "Nothing is kept any more."),
        (messages.WARNING, "Amazon asked us to slow down; going on at 2 a second."),
        (messages.ERROR, "The type could not be created. Nothing was changed."),
    ):
        messages.add_message(request, level, text)
    now = timezone.now()
    days = [now.date() - timedelta(days=back) for back in range(29, -1, -1)]
    context = {
        "form": form,
        "states": LOOKS,
        "worker": Worker(pk=UUID(int=7), worker_id=EXAMPLE_ID),
        "moments": [now, now - timedelta(minutes=5), now - timedelta(hours=3), now - timedelta(days=40), None],
        "chart": Chart(
            tuple(
                Bar(f"{day:%-d %b}", 110 + 23 * n - (n % 7) * 12, (n * 5) % 17, partial=n == 29)
                for n, day in enumerate(days)
            )
        ),
        "scores": histogram([(0, 12), (50, 40), (55, 8), (80, 95), (100, 410)]),
        "tiles": EXAMPLE_TILES,
        "diff": [("score", 50, 100), ("status", None, "Granted"), ("reason", "typing error", "wave 3")],
        "facts": [("Granted", "157"), ("Failed", "4"), ("Left", "319"), ("Time left", "about 40 s")],
        "confirm": [("Type", "Memory study 2026"), ("Workers", "473 of 480 rows"), ("Amazon e-mail", "No")],
    }
    return render(request, "styleguide/styleguide.html", context, status=422 if form.errors else 200)


EXAMPLE_TILES: Final = [
    {"label": "Requests waiting", "value": 7, "note": "oldest 2 days", "url": "#tiles"},
    {"label": "Failed in 7 days", "value": 471, "note": "all can be retried", "url": "#tiles", "attention": True},
    {"label": "Granted in 7 days", "value": 4790, "note": "12,408 in total", "url": "#tiles", "current": True},
    {"label": "Holders", "value": None, "note": "not compared yet"},
]

PEOPLE: Final = Listing(
    columns=[
        Column("name", "Name", "full_name"),
        Column("username", "User name", "username"),
        Column("email", "E-mail"),
        Column("created", "Added", "created_at"),
    ],
    filters=[
        TextSearch("q", "Search", paths=("full_name", "username"), placeholder="Name"),
        Choice("active", "Access", path="is_active", choices=(("True", "Open"), ("False", "Closed"))),
        Day("from", "From", path="created_at"),
        Day("to", "To", path="created_at", end=True),
    ],
    sort="-created",
)


@page(None, "GET", account=False)
def example_list(request: Request) -> HttpResponse:
    """A list with everything lists have."""
    return PEOPLE.render(request, User.objects.all(), "styleguide/list.html")


@page(None, "GET", account=False)
def problem(request: Request, status: int) -> HttpResponse:
    """Each error page."""
    return errors.problem(request, status)
