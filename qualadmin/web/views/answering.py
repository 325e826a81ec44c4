"""One request: what was answered beside the key, who asks, what an answer would do, and the answer itself."""

import uuid
from typing import Final

from django.contrib import messages
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from qualadmin.core.actions.answering import being_answered, open_answers
from qualadmin.core.actions.answers import change_scoring_key
from qualadmin.core.actions.previews import Wishes
from qualadmin.core.actions.requests import answer_request
from qualadmin.core.errors import ActionError, Conflict, NotVisible
from qualadmin.core.models import (
    AskedTest,
    Change,
    Job,
    Qualification,
    QualificationRequest,
    QualificationType,
    ScoringKey,
    Study,
    Verb,
)
from qualadmin.core.permissions import Permission
from qualadmin.core.scoring import Sheet, key_of, sheet_of
from qualadmin.web.acting import posted, show, submit
from qualadmin.web.forms.requests import AcceptForm, KeyForm, PurposeForm, RejectForm
from qualadmin.web.http import Request, once, page, single_value
from qualadmin.web.inbox import answered_lately, keep_purpose, neighbours, purpose_of

HISTORY: Final = 10
MOVED: Final = (
    "What the worker holds has changed since you opened this page. Nothing was done. Look again and answer then."
)


@page(Permission.GRANT, "GET", "POST")
def request_detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One request with all that is needed to answer it; `a` accepts, `r` rejects, `j` and `k` go on and back."""
    view = _Page(request, _request(request, pk))
    return view.answer() if request.method == "POST" else view.show()


class _Page:
    """One look at a request."""

    def __init__(self, request: Request, one: QualificationRequest) -> None:
        self.request, self.one = request, one
        held = Qualification.objects.filter(worker=one.worker, type__account=request.account_in_use)
        self.holds = list(held.select_related("type").order_by("type__name")[:50])
        self.held = next((row for row in self.holds if row.type_id == one.type_id), None)
        self.studies = list(Study.objects.filter(is_open=True).order_by("title"))
        self.purpose = purpose_of(request, self.studies)
        self.sheet = _sheet(one)
        self.score = one.type.default_score if self.sheet.score is None else self.sheet.score
        self.accept = AcceptForm(initial={"score": self.score}, prefix=None)
        self.reject = RejectForm()
        self.purpose_form = PurposeForm(
            account=request.account_in_use,
            studies=self.studies,
            initial={"study": self.purpose.study, "reason": self.purpose.reason},
        )

    @property
    def granted(self) -> Qualification | None:
        held = self.held
        return held if held is not None and held.status == Qualification.Status.GRANTED else None

    @property
    def before(self) -> str:
        """What the worker holds, for the page to say what it was made for."""
        return f"{self.granted.value}" if self.granted else "none"

    def answer(self) -> HttpResponse:
        wanted = single_value(self.request, "verb")
        if wanted == "purpose":
            return self._keep_purpose()
        if wanted not in (Verb.ACCEPT, Verb.REJECT):
            raise NotVisible
        if not self.purpose.is_enough(self.request.account_in_use):
            self.purpose_form = self._bound_purpose()
            self.purpose_form.is_valid()
            return self.show(422)
        form = AcceptForm(self.request.POST) if wanted == Verb.ACCEPT else RejectForm(self.request.POST)
        if isinstance(form, AcceptForm):
            self.accept = form
        else:
            self.reject = form
        if not form.is_valid():
            return self.show(422)
        try:
            return once(self.request, lambda: self._act(Verb(wanted), form))
        except ActionError as error:
            if error.status != 422:
                raise
            form.refuse(error)
            return self.show(422)

    def _act(self, verb: Verb, form: AcceptForm | RejectForm) -> str:
        if self.request.POST.get("before") != self.before:
            raise Conflict(MOVED, code="moved")
        data = form.cleaned_data
        wishes = Wishes(
            score=data.get("score"),
            study=self.purpose.study,
            reason=self.purpose.reason,
            revoke_reason=data.get("words", ""),
        )
        change = answer_request(actor=self.request.actor, request_id=self.one.pk, verb=verb, wishes=wishes)
        if change.job is not None and change.job.state == Job.State.WAITING:
            messages.info(self.request, "A second person must approve this answer. Nothing is sent until then.")
        following = self.one.after or self.one.before  # type: ignore[attr-defined]  # annotated
        return reverse("request-detail", args=[following]) if following else reverse("request-list")

    def _bound_purpose(self) -> PurposeForm:
        return PurposeForm(
            {"study": str(self.purpose.study.pk) if self.purpose.study else "", "reason": self.purpose.reason},
            account=self.request.account_in_use,
            studies=self.studies,
        )

    def _keep_purpose(self) -> HttpResponse:
        self.purpose_form = PurposeForm(
            self.request.POST, account=self.request.account_in_use, studies=self.studies
        )
        if not self.purpose_form.is_valid():
            return self.show(422)
        data = self.purpose_form.cleaned_data
        keep_purpose(self.request, data["study"], data["reason"])
        return redirect("request-detail", self.one.pk)

    def show(self, status: int = 200) -> HttpResponse:
        one, account = self.one, self.request.account_in_use
        answer = open_answers([one.pk]).get(one.pk)
        waits = one.state == QualificationRequest.State.WAITING
        context = {
            "one": one,
            "sheet": self.sheet,
            "holds": self.holds,
            "held": self.held,
            "granted": self.granted,
            "before": self.before,
            "score": self.score,
            "being_answered": being_answered(answer) if answer else "",
            "may_answer": waits and answer is None and one.worker.worker_id is not None,
            "purpose": self.purpose,
            "has_purpose": self.purpose.is_enough(account),
            "purpose_form": self.purpose_form,
            "accept": self.accept,
            "reject": self.reject,
            "previous": one.before,  # type: ignore[attr-defined]  # annotated
            "next": one.after,  # type: ignore[attr-defined]
            "history": _history(self.request, one),
            "earlier": _earlier(one),
            "answered": answered_lately(self.request),
        }
        return render(self.request, "request/detail.html", context, status=status)


def _request(request: Request, pk: uuid.UUID) -> QualificationRequest:
    rows = QualificationRequest.objects.filter(type__account=request.account_in_use)
    related = ("worker", "type__scoring_key", "type__test", "answers__test")
    one = rows.select_related(*related).annotate(**neighbours(request.account_in_use)).filter(pk=pk).first()
    if one is None:
        raise NotVisible
    return one


def _sheet(one: QualificationRequest) -> Sheet:
    answers = getattr(one, "answers", None)
    test = answers.test.text if answers and answers.test else ""
    return sheet_of(test, answers.text if answers else "", key_of(one.type))


def _history(request: Request, one: QualificationRequest) -> list[Change]:
    """What happened to the worker in this account, newest first, save for this request."""
    jobs = Job.objects.visible_to(request.actor).filter(account=request.account_in_use)
    rows = Change.objects.filter(
        Q(job=None) | Q(job__in=jobs), worker=one.worker_id, type__account=request.account_in_use
    )
    rows = rows.annotate(at=Coalesce("finished_at", "created_at")).select_related("type", "job__created_by")
    return list(rows.order_by("-pk")[:HISTORY])


def _earlier(one: QualificationRequest) -> list[QualificationRequest]:
    """Earlier requests of the worker for the same type, and how they ended."""
    rows = QualificationRequest.objects.filter(type=one.type_id, worker=one.worker_id).exclude(pk=one.pk)
    return list(rows.order_by("-submitted_at")[:5])


@page(Permission.GRANT, "GET", "POST")
def request_key(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The lab's own key for the answers to a type's test."""
    rows = QualificationType.objects.select_related("account", "scoring_key")
    one = rows.filter(account=request.account_in_use, pk=pk).first()
    if one is None:
        raise NotVisible
    kept: ScoringKey | None = getattr(one, "scoring_key", None)
    form = KeyForm(posted(request), initial={"text": kept.text if kept else ""})

    def act() -> str:
        test = AskedTest.objects.filter(type=one).order_by("-pk").values_list("text", flat=True).first()
        change_scoring_key(actor=request.actor, type=one, text=form.cleaned_data["text"], test=test or "")
        messages.success(request, "The key is kept. Amazon was not told, and nobody’s score was changed.")
        return f"{reverse('request-list')}?type={one.pk}"

    return submit(request, form, act) or show(request, "request/key.html", form, one=one)
