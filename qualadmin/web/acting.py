"""From a posted form to an action and on to the next page: the same few lines wherever something is changed."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render

from qualadmin.audit.models import AuditedModel
from qualadmin.core.errors import ActionError, Conflict

from .forms.base import PageForm
from .http import Request, once, was_sent

#: Hidden field of forms that change a row: the row's newest audit entry when the page was made.
SEEN: Final = "seen"
Made = TypeVar("Made")


def posted(request: Request) -> QueryDict | None:
    """What a form is bound to: the posted fields, or None while the page is only looked at."""
    return request.POST if request.method == "POST" else None


def submit(request: Request, form: PageForm, act: Callable[[], str]) -> HttpResponse | None:
    """Run `act` once for a form without faults and go to the address it returns.

    None: show the form (again). What the action refused (status 422) is then among its faults; other
    refusals are raised.
    """
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return once(request, act)
    except ActionError as error:
        if error.status != 422:
            raise
        form.refuse(error)
        return None


def show_once(
    request: Request, form: PageForm, make: Callable[[], Made], *, back: str, show: Callable[[Made], HttpResponse]
) -> HttpResponse | None:
    """As `submit`, for what whoever makes it sees once and nobody ever again, such as a secret.

    Sent again, the form makes no second one and shows nothing: it leads to the address `back`.
    """
    made: list[Made] = []

    def act() -> str:
        made.append(make())
        return back

    answer = submit(request, form, act)
    return show(made[0]) if made else answer


def refuse_stale(request: Request, form: PageForm, row: AuditedModel) -> None:
    """Raise Conflict (409) if somebody changed `row` since the page was opened, and say how it stands now.

    `form.initial` is how it stands. Without this the last one to save would undo what others did meanwhile.
    Whoever changes it between this look and the write is found by the action, under the row's lock: it
    refuses a row that is no longer as `row` (`rows.locked_unchanged`).
    """
    seen = request.POST.get(SEEN)
    if request.method != "POST" or seen is None or seen == str(row.audit_id) or was_sent(request):
        return  # sent twice, it was this form itself that changed the row
    now = [
        f"{form.fields[name].label} is now “{value}”."
        for name, value in form.initial.items()
        if name in form.fields and form.data.get(form.add_prefix(name), "") != _as_sent(value)
    ]
    raise Conflict(
        " ".join(["Somebody changed this since you opened the page. Nothing was saved.", *now])
        + " Open the page again to change it.",
        code="stale_row",
    )


def _as_sent(value: object) -> str:
    """A value as a browser sends it back."""
    return {True: "on", False: ""}[value] if isinstance(value, bool) else str(value)


def show(request: Request, template: str, form: PageForm, **context: Any) -> HttpResponse:
    """The page with the form: 422 if it has faults."""
    return render(request, template, {"form": form, **context}, status=422 if form.errors else 200)


def act_and_return(request: Request, act: Callable[[], object], done: str, back: str) -> HttpResponse:
    """For buttons without fields: run `act`, say `done`, go `back`. A refusal (422) is said there instead."""

    def run() -> str:
        act()
        messages.success(request, done)
        return back

    try:
        return once(request, run)
    except ActionError as error:
        if error.status != 422:
            raise
        messages.error(request, error.message)
        return redirect(back)


def confirm_first(
    request: Request,
    *,
    title: str,
    text: str,
    label: str,
    back: str,
    act: Callable[[], object],
    done: str,
    facts: list[tuple[str, str]] | None = None,
    danger: bool = True,
    fields: list[tuple[str, str]] | None = None,
) -> HttpResponse:
    """A confirm page on GET, the deed on POST. `label` is the button: it repeats what will be done. `fields` are
    sent along."""
    if request.method == "POST":
        return act_and_return(request, act, done, back)
    context = {
        "title": title,
        "text": text,
        "label": label,
        "back": back,
        "facts": facts or [],
        "danger": danger,
        "fields": fields or [],
    }
    return render(request, "components/confirm_page.html", context)
