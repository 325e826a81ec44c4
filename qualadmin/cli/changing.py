"""grant and revoke: a list becomes a preview, and the preview, unless it was only to be looked at, a job."""

import sys
import time
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError
from django.db.models import Q

from qualadmin.api.answers import Refused
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError
from qualadmin.core.models import QualificationType

from .asking import ask, items
from .printing import Code, Printer

ENDED: Final = frozenset({"finished", "stopped", "declined", "withdrawn"})
LOOKS: Final = 0.5  # seconds
SHOWN: Final = 20  # lines that cannot be done, for people


def change(actor: Actor, options: dict[str, Any], printer: Printer, verb: str) -> Code:
    """Carry out `grant` or `revoke`."""
    content, name = _list(options)
    preview = ask(
        actor,
        "CreatePreview",
        QualificationTypeId=find_type(actor, options["type"], options["account"]),
        File=content,
        FileName=name or None,
        Verb=verb,
        IntegerValue=options.get("score"),
        SendNotification=options.get("notify") or None,
        ReasonForWorker=options.get("reason_for_worker") or None,
        Reason=options["reason"] or None,
        Study=options["study"] or None,
        WorkerColumn=options["worker_column"],
        ScoreColumn=options.get("score_column"),
        Statuses=options["status"] or None,
    ).data
    problems = preview["counts"]["cannot_be_done"]
    held_up = bool(problems) and not options["skip_problems"]
    if options["dry_run"] or held_up:
        _show(actor, preview, printer)
        ask(actor, "DiscardPreview", PreviewId=preview["id"])
        if held_up and not options["dry_run"]:
            printer.note("Nothing was done. Mend these lines, or leave them out by --skip-problems.")
        return Code.PROBLEMS if held_up else Code.DONE
    if not preview["changes"]:
        ask(actor, "DiscardPreview", PreviewId=preview["id"])
        printer.result(preview, "Nothing to do: it is so already, as last seen at Amazon.")
        return Code.DONE
    return _confirm(actor, preview, options, printer)


def _confirm(actor: Actor, preview: dict[str, Any], options: dict[str, Any], printer: Printer) -> Code:
    try:
        job = ask(
            actor,
            "ConfirmPreview",
            PreviewId=preview["id"],
            Digest=preview["digest"],
            Count=options["count"],
            AskForApproval=options["ask_for_approval"] or None,
        ).data
    except (ActionError, Refused):
        ask(actor, "DiscardPreview", PreviewId=preview["id"])
        raise
    return follow(actor, job, options, printer)


def follow(actor: Actor, job: dict[str, Any], options: dict[str, Any], printer: Printer) -> Code:
    """Print what became of a job: at once, or with --wait at its end."""
    goes_on = ""
    if options["wait"]:
        job, goes_on = _watched(actor, job, options["timeout"], printer)
    if goes_on:
        printer.result(job, f"Job {job['id']} goes on: {said(job)}.")
        printer.note(goes_on)
        return Code.TIME_OVER
    printer.result(job, f"Job {job['id']}: {said(job)}.")
    if job["state"] == "waiting":
        why = " ".join(job["approval"])
        printer.note(f"Nothing of it is sent until a PI of its study approves it. {why}")
    return _code(job, waited=options["wait"])


def _watched(actor: Actor, job: dict[str, Any], patience: float, printer: Printer) -> tuple[dict[str, Any], str]:
    """The job when it ended or waits for a second person; or as last seen, and why nobody looks any more.

    `patience` is in seconds. Once there is a job, no fault of looking at it may read as “nothing was done”.
    """
    end = time.monotonic() + patience
    while job["state"] not in ENDED | {"waiting"}:
        printer.bar(job["progress"], over=False)
        if time.monotonic() > end:
            return job, "The time to wait is over."
        try:
            time.sleep(LOOKS)
            job = ask(actor, "GetJob", JobId=job["id"]).data
        except KeyboardInterrupt:
            return job, "You ended the waiting, not the job."
        except (ActionError, Refused, DatabaseError) as error:
            return job, f"It cannot be looked at any more: {getattr(error, 'message', type(error).__name__)}"
    printer.bar(job["progress"], over=True)
    return job, ""


def _code(job: dict[str, Any], *, waited: bool) -> Code:
    if job["state"] == "waiting":
        return Code.APPROVAL
    if not waited:
        return Code.DONE
    progress = job["progress"]
    whole = not (progress["failed"] or progress["not_done"] or progress["needs_person"])
    return Code.DONE if whole and job["state"] == "finished" else Code.INCOMPLETE


def said(job: dict[str, Any]) -> str:
    """How a job stands, in words."""
    progress = job["progress"]
    words = {
        "done": "done", "already_so": "already so", "failed": "failed", "not_done": "not done",
        "needs_person": "need a person", "left": "left",
    }  # fmt: skip
    counts = [f"{progress[key]:,} {word}" for key, word in words.items() if progress[key]]
    state = "waits for approval" if job["state"] == "waiting" else job["state"]
    return ", ".join([state, *counts])


def _show(actor: Actor, preview: dict[str, Any], printer: Printer) -> None:
    """The preview: its counts, and the lines that cannot be done."""
    problems = list(
        items(actor, "ListPreviewLines", 0 if printer.as_json else SHOWN, PreviewId=preview["id"],
              Group="cannot_be_done")
    )  # fmt: skip
    counts = [f"{count:,} {name.replace('_', ' ')}" for name, count in preview["counts"].items() if count]
    lines = [", ".join(counts) or "An empty list"]
    lines += [f"line {one['line']}: {one['given']}: {one['message']}" for one in problems]
    lines += [*preview["emails"], *preview["notes"]]
    lines += [f"A second person must approve this. {why}" for why in preview["approval"]]
    if preview["count_needed"]:
        lines.append(f"To confirm it, add --count {preview['changes']}.")
    printer.result({**preview, "problems": problems}, "\n".join(lines))


def find_type(actor: Actor, wanted: str, account: str) -> str:
    """Amazon's id of the type with this id or name. Raises ActionError."""
    rows = QualificationType.objects.visible_to(actor).grantable().filter(account__archived_at=None)
    if account:
        rows = rows.filter(account__slug=account)
    found = list(rows.filter(Q(mturk_id=wanted) | Q(name=wanted)).values_list("mturk_id", flat=True)[:2])
    if len(found) > 1:
        raise ActionError(
            f"Several types are called “{wanted}”. Nothing was done. Give Amazon’s id, or --account.",
            code="several_types",
        )
    if not found or not found[0]:
        raise ActionError(
            f"There is no type “{wanted}”, or it is not yours to see. Nothing was done.", code="no_type"
        )
    return found[0]


def _list(options: dict[str, Any]) -> tuple[bytes, str]:
    """The worker ids: from a file, from standard input, or as they were typed. Raises ActionError."""
    typed, path = options["worker"], options["file"]
    if not path:
        return "\n".join(typed).encode(), ""
    if path == "-":
        return sys.stdin.buffer.read(), ""
    try:
        return Path(path).read_bytes(), Path(path).name
    except OSError as error:
        raise ActionError(f"{path} cannot be read: {error.strerror}. Nothing was done.", code="no_file") from None
