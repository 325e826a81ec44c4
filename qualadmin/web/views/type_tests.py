"""The test of a type: shown as workers see it and tried out; written in a form or as XML; sent to Amazon."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from qualadmin.core.actions import drafted_tests as drafts
from qualadmin.core.actions.seen import WorkerTest
from qualadmin.core.actions.type_changes import request_type_update
from qualadmin.core.actions.type_tests import worker_test
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import DraftedTest, QualificationType
from qualadmin.core.permissions import Permission, allowed
from qualadmin.questions.reading import BadDocument
from qualadmin.questions.simple import NotSimple
from qualadmin.web import questionnaire
from qualadmin.web.acting import posted, show
from qualadmin.web.forms.worker_tests import DocumentsForm, duration_initial
from qualadmin.web.http import Request, once, page, single_value
from qualadmin.web.trying import Trial, own_draft, summary_of

from .types import own_type


@page(Permission.VIEW, "GET", "POST")
def type_test(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The test that the type has, as workers see it. A POST tries it out; nothing is kept."""
    one = own_type(request, pk)
    test = worker_test(one)
    context: dict[str, Any] = {"one": one, "may_change": _may_change(request, one)}
    return render(request, "type/test.html", context | _shown(request, test))


@page(Permission.MANAGE_TYPES, "POST")
def type_test_change(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Begin to write: a draft with what the type has now."""
    one = own_type(request, pk)
    return once(request, lambda: _begin(request, one))


def _begin(request: Request, one: QualificationType) -> str:
    draft = drafts.start_drafted_test(actor=request.actor, account=request.account_in_use, type=one)
    return reverse("type-draft-edit", args=[draft.pk])


@page(Permission.MANAGE_TYPES, "GET", "POST")
def type_draft(request: Request, draft: uuid.UUID) -> HttpResponse:
    """A draft as workers would see it. A POST tries it out; nothing is kept."""
    row = _own(request, draft)
    test = drafts.drafted(row)
    if test is None:
        return redirect("type-draft-edit", draft)
    return render(request, "type/draft.html", {"draft": row, "one": row.type, **_shown(request, test)})


@page(Permission.MANAGE_TYPES, "GET", "POST")
def type_draft_edit(request: Request, draft: uuid.UUID) -> HttpResponse:
    """The form editor. Buttons that add, move and take away show it again; the last one keeps what was written."""
    row = _own(request, draft)
    if request.method == "GET":
        try:
            editor = questionnaire.opened(drafts.drafted(row), row.duration_seconds)
        except (NotSimple, BadDocument) as error:
            return render(
                request, "type/draft_not_simple.html", {"draft": row, "one": row.type, "why": str(error)}
            )
        return render(request, "type/draft_edit.html", {"draft": row, "one": row.type, "editor": editor})
    wish = single_value(request, "do")
    if wish not in ("keep", "xml"):
        editor = questionnaire.changed(request.POST, wish)
        return render(request, "type/draft_edit.html", {"draft": row, "one": row.type, "editor": editor})
    editor = questionnaire.handed_in(request.POST)
    test = editor.test()
    if test is None:
        context = {"draft": row, "one": row.type, "editor": editor, "faults": editor.faults}
        return render(request, "type/draft_edit.html", context, status=422)
    drafts.keep_drafted_test(actor=request.actor, draft=row, test=test)
    return redirect("type-draft-xml" if wish == "xml" else "type-draft", draft)


@page(Permission.MANAGE_TYPES, "GET", "POST")
def type_draft_xml(request: Request, draft: uuid.UUID) -> HttpResponse:
    """The XML editor."""
    row = _own(request, draft)
    initial = {"question_form": row.question_form, "answer_key": row.answer_key}
    form = DocumentsForm(posted(request), initial=initial | duration_initial(row.duration_seconds))
    if request.method == "POST" and form.is_valid():
        drafts.keep_drafted_test(actor=request.actor, draft=row, test=form.test)
        return redirect("type-draft", draft)
    return show(request, "type/draft_xml.html", form, draft=row, one=row.type)


@page(Permission.MANAGE_TYPES, "GET", "POST")
def type_draft_use(request: Request, draft: uuid.UUID) -> HttpResponse:
    """Check what giving the type this test means, then ask Amazon."""
    row = _own(request, draft)
    test = drafts.drafted(row)
    if test is None or row.type is None:
        raise NotVisible
    one = own_type(request, row.type_id or uuid.UUID(int=0))
    refusal = ""
    if request.method == "POST":
        try:
            return once(request, lambda: _use(request, one, test))
        except ActionError as error:
            if error.status != 422:
                raise
            refusal = error.message
    context = {
        "draft": row,
        "one": one,
        "now": summary_of(worker_test(one)),
        "then": summary_of(test),
        "loses_key": bool(one.has_test and (worker_test(one) or test).answer_key and not test.answer_key),
        "refusal": refusal,
    }
    return render(request, "type/draft_use.html", context, status=422 if refusal else 200)


def _use(request: Request, one: QualificationType, test: WorkerTest) -> str:
    seen = single_value(request, "seen")
    if seen != str(one.audit_id):
        raise ActionError(
            "Somebody changed this type since you opened the page. Nothing was sent. Look at it again.",
            code="stale_row",
        )
    request_type_update(actor=request.actor, type=one, test=test, auto_granted=False if one.auto_granted else None)
    messages.success(request, f"Amazon is being asked to give “{one.name}” this test.")
    return reverse("type-detail", args=[one.pk])


def _own(request: Request, key: uuid.UUID) -> DraftedTest:
    """The draft, if it is the person's own and for the account in use."""
    row = own_draft(request.actor, request.account_in_use, str(key))
    if row is None:
        raise NotVisible
    return row


def _may_change(request: Request, one: QualificationType) -> bool:
    account = request.account_in_use
    may = allowed(request.actor, Permission.MANAGE_TYPES, str(account.pk), production=account.is_production)
    return may and one.state == QualificationType.State.LIVE and one.is_requestable


def _shown(request: Request, test: WorkerTest | None) -> dict[str, Any]:
    """The test for the template, tried out if answers were posted."""
    if test is None:
        return {"test": None}
    try:
        trial = Trial(test, request.POST if request.method == "POST" else None)
    except BadDocument as error:
        return {"test": test, "broken": error.faults[:20], "summary": summary_of(test)}
    return {"test": test, "trial": trial, "summary": summary_of(test)}
