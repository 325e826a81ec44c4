"""Messages to workers: who gets it, and what it says."""

import uuid
from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from qualadmin.core.actions.messages import SUBJECT_LIMIT, TEXT_LIMIT
from qualadmin.core.actor import Actor
from qualadmin.core.models import Job, Message, QualificationType, RequesterAccount, WorkerList
from qualadmin.csvio import shown_file_name

from .base import PageForm, ids_box
from .fields import LongText, StudyField
from .previews import EitherFile, EitherText

IDS: Final = "ids"
JOBS_OFFERED: Final = 20  # the newest; an older one leads here from its own page


class RecipientsForm(PageForm):
    """One source of workers. `source` is `ids`, or kind and number: `list:…`, `type:…`, `job:…`, `message:…`."""

    credential_exempt = frozenset({"list"})

    source = forms.ChoiceField(label="Write to", error_messages={"required": "Choose whom to write to."})
    file = EitherFile(
        label="Or a file with worker IDs",
        allow_empty_file=True,
        max_length=1_000,
        help_text="Amazon’s batch results or worker file, or any list.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )
    list = EitherText(
        label="Worker IDs",
        strip=False,
        max_length=settings.UPLOAD_MAX_BYTES,
        help_text="Only for “IDs from a file or pasted”. One a line, or a column copied from a spreadsheet.",
        widget=ids_box(rows=5),
    )
    leave_out = forms.BooleanField(label="Leave out lines that cannot be read", required=False)

    def __init__(self, *args: Any, actor: Actor, account: RequesterAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)  # noqa: S101 # declared above
        source.choices = _choices(actor, account, str(self["source"].value() or ""))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        has_file, has_text = cleaned.get("file") is not None, bool(cleaned.get("list", "").strip())
        if cleaned["source"] == IDS and has_file and has_text:
            self.add_error("list", "Give a file or pasted IDs, not both.")
        elif cleaned["source"] == IDS and not (has_file or has_text):
            self.add_error("list", "Choose a file, or paste worker IDs.")
        elif cleaned["source"] != IDS and (has_file or has_text):
            self.add_error("source", "Choose “IDs from a file or pasted”, or empty the two fields below.")
        return cleaned

    @property
    def kind(self) -> str:
        """`ids`, `list`, `type`, `job` or `message`."""
        return str(self.cleaned_data["source"]).partition(":")[0]

    @property
    def key(self) -> uuid.UUID:
        """The number of what was chosen."""
        return uuid.UUID(str(self.cleaned_data["source"]).partition(":")[2])

    @property
    def ids(self) -> dict[str, Any]:
        """What the action takes for ids. The file's name is for display; no path is ever made of it."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        text: str = self.cleaned_data["list"]
        return {
            "content": text.encode("utf-8", errors="replace") if file is None else bytes(file.read()),
            "file_name": "" if file is None else shown_file_name(file.name or "") or "file",
            "leave_out": self.cleaned_data["leave_out"],
        }


def _choices(actor: Actor, account: RequesterAccount, asked: str) -> list[Any]:
    """What can be chosen, and the very thing that a link of another page asked for."""
    lists = WorkerList.objects.visible_to(actor).current().filter(account=account).order_by("name")
    types = QualificationType.objects.filter(account=account, is_requestable=True).order_by("name")
    jobs = Job.objects.visible_to(actor).filter(account=account).order_by("-created_at")
    groups: list[Any] = [
        (IDS, "IDs from a file or pasted"),
        ("Lists", [(f"list:{one.pk}", one.name) for one in lists[:200]]),
        ("Holders of a type", [(f"type:{one.pk}", one.name) for one in types[:200]]),
        ("Workers of a job", [(f"job:{one.pk}", one.title) for one in jobs[:JOBS_OFFERED]]),
    ]
    groups = [one for one in groups if one[1]]
    offered = {value for _, part in groups[1:] for value, _ in part}
    if asked and asked != IDS and asked not in offered:
        label = _label(actor, account, asked)
        if label:
            groups.insert(1, (asked, label))
    return groups


def _label(actor: Actor, account: RequesterAccount, asked: str) -> str:
    kind, _, key = asked.partition(":")
    try:
        pk = uuid.UUID(key)
    except ValueError:
        return ""
    if kind == "message":
        one = Message.objects.visible_to(actor).filter(account=account, pk=pk).first()
        return f"Workers of “{one}” of whom it is not known whether they were mailed" if one else ""
    if kind == "job":
        job = Job.objects.visible_to(actor).filter(account=account, pk=pk).first()
        return f"Workers of the job “{job.title}”" if job else ""
    return ""


class MessageForm(PageForm):
    """What the workers read, and the study it is for."""

    subject = forms.CharField(
        label="Subject",
        max_length=SUBJECT_LIMIT + 80,  # a little more, so that the action can say by how much it is too long
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=f"At most {SUBJECT_LIMIT} characters.",
        error_messages={"required": "Write a subject: it is the first thing the workers read."},
    )
    text = LongText(
        name="text",
        label="Text",
        limit=TEXT_LIMIT,
        rows=12,
        help_text="Plain text; Amazon sends it word by word. Every recipient reads the same, so name nobody.",
    )
    study = StudyField(
        label="Study", help_text="What this is for. Its PIs see the message and its entries in the audit log."
    )

    def __init__(self, *args: Any, account: RequesterAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        study = self.fields["study"]
        assert isinstance(study, StudyField)  # noqa: S101 # declared above
        study.ask_for(account)
        study.error_messages["required"] = "Name the study this is for. Each message to real workers has one."
        self.fields["text"].required = True
        self.fields["text"].error_messages["required"] = "Write what the workers shall read."
