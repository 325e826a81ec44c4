"""types, workers, jobs, requests and audit: what there is, and what can be asked of one of them."""

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Final

from qualadmin.api.operations.grants import find_study
from qualadmin.api.shapes import time
from qualadmin.core.actions.previews import Wishes
from qualadmin.core.actions.programs import answer_without_waiting
from qualadmin.core.actions.requests import answer_request
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import Preview, QualificationRequest, QualificationType, Verb
from qualadmin.core.permissions import Permission, allowed, require

from .asking import ask, items
from .changing import find_type, follow, said
from .printing import Code, Printer

#: What can be asked of a job, and the operation it is.
CONTROL: Final = {
    "pause": "PauseJob",
    "resume": "ResumeJob",
    "stop": "StopJob",
    "retry": "RetryJob",
    "withdraw": "WithdrawJob",
}
VERIFIED: Final = {"unbroken": Code.DONE, "broken": Code.INCOMPLETE, "incomplete": Code.INCOMPLETE}


def types(actor: Actor, options: dict[str, Any], printer: Printer) -> Code:
    """Types by name."""
    rows = items(actor, "ListQualificationTypes", options["limit"], Query=options["query"] or None)
    columns = ("QualificationTypeId", "Name", "QualificationTypeStatus", "Account", "DefaultScore")
    printer.table(rows, columns)
    return Code.DONE


def workers(actor: Actor, options: dict[str, Any], printer: Printer) -> Code:
    """Who holds a type, as last seen at Amazon."""
    chosen = find_type(actor, options["type"], options["account"])
    rows = items(
        actor,
        "ListWorkersWithQualificationType",
        options["limit"],
        QualificationTypeId=chosen,
        Status=options["status"],
    )
    printer.table(rows, ("WorkerId", "IntegerValue", "Status", "GrantTime", "CheckedAt"))
    return Code.DONE


def jobs(actor: Actor, options: dict[str, Any], printer: Printer) -> Code:
    """Jobs, newest first; or one of them, and what is asked of it."""
    if options["job"]:
        name = CONTROL.get(options["action"] or "", "GetJob")
        return follow(actor, ask(actor, name, JobId=options["job"]).data, options, printer)
    rows = items(actor, "ListJobs", options["limit"])
    columns = ("id", "created_at", "account", "created_by", "title", "stands")
    printer.table(({**one, "stands": said(one)} for one in rows), columns)
    return Code.DONE


def requests(actor: Actor, options: dict[str, Any], printer: Printer) -> Code:
    """Requests that wait, oldest first; or the answer to one of them."""
    require(actor, Permission.VIEW)
    if options["request"]:
        return _answer(actor, options, printer)
    waiting = QualificationRequest.objects.filter(
        state=QualificationRequest.State.WAITING, type__in=QualificationType.objects.visible_to(actor)
    )
    if options["type"]:
        waiting = waiting.filter(type__mturk_id=find_type(actor, options["type"], options["account"]))
    rows = waiting.select_related("type__account", "worker").order_by("submitted_at", "pk")
    found = rows[: options["limit"]] if options["limit"] else rows
    printer.table(
        (_request(actor, one) for one in found.iterator()), ("id", "SubmitTime", "Type", "Account", "WorkerId")
    )
    return Code.DONE


def _request(actor: Actor, one: QualificationRequest) -> dict[str, Any]:
    account = one.type.account
    ids = allowed(actor, Permission.SEE_WORKER_IDS, str(account.pk))
    return {
        "id": str(one.pk),
        "SubmitTime": time(one.submitted_at),
        "QualificationTypeId": one.type.mturk_id,
        "Type": one.type.name,
        "Account": account.slug,
        "WorkerId": one.worker.worker_id if ids else one.worker.pseudonym_in(account.stream),
    }


def _answer(actor: Actor, options: dict[str, Any], printer: Printer) -> Code:
    try:
        wanted = uuid.UUID(options["request"])
    except ValueError:
        raise NotVisible("There is no such request, or it is not yours to see. Nothing was done.") from None
    given: Any = {
        "actor": actor,
        "request_id": wanted,
        "verb": Verb.ACCEPT if options["answer"] == "accept" else Verb.REJECT,
        "wishes": Wishes(
            score=options["score"], reason=options["reason"], revoke_reason=options["reason_for_worker"],
            study=find_study(options["study"]),
        ),
    }  # fmt: skip
    if options["ask_for_approval"]:
        change = answer_request(**given, source=Preview.Source.API)
    else:
        change = answer_without_waiting(**given)
    return follow(actor, ask(actor, "GetJob", JobId=str(change.job_id)).data, options, printer)


def audit(actor: Actor, options: dict[str, Any], printer: Printer) -> Code:
    """Entries that a search leaves, newest first; a file of them; or the whole log recomputed."""
    if options["verify"]:
        report = ask(actor, "VerifyAuditLog").data
        printer.result(report, report["summary"])
        return VERIFIED[report["result"]]
    search = options["search"] or None
    if options["export"]:
        return _export(actor, options, printer, search)
    rows = items(actor, "ListAuditEntries", options["limit"], Search=search)
    printer.table(rows, ("seq", "recorded_at", "outcome", "sentence", "worker"))
    return Code.DONE


def _export(actor: Actor, options: dict[str, Any], printer: Printer, search: str | None) -> Code:
    answer = ask(actor, "ExportAuditLog", Format=options["export"], Search=search).file
    if answer is None:
        raise AssertionError("An export is a file.")
    path = Path(options["out"])
    try:
        with path.open("xb") as file:
            _fill(file, answer.file)
    except OSError as error:
        raise ActionError(f"{path} cannot be written: {error.strerror}.", code="no_file") from None
    finally:
        answer.file.close()
    data = {"file": str(path), "bytes": answer.file.length, "sha256": answer.file.sha256}
    printer.result(data, f"{path}: {data['bytes']:,} bytes, SHA-256 {data['sha256']}")
    return Code.DONE


def _fill(file: BinaryIO, content: Iterable[bytes]) -> None:
    """A file that could only be written in part is taken away: it would look like an export."""
    try:
        file.writelines(content)
        file.flush()
    except BaseException:
        Path(file.name).unlink()
        raise
