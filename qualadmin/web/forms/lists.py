"""Lists of workers: the list itself, and its sources."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q

from qualadmin.core.actions.hits import STATUSES
from qualadmin.core.actions.list_hits import TOOK_PART
from qualadmin.core.actions.lists import NAME_LIMIT, NOTE_LIMIT
from qualadmin.core.models import ListSource, QualificationType, Study, WorkerList
from qualadmin.csvio import shown_file_name

from .base import PageForm, ids_box
from .fields import LongText, StudyField
from .hits import PASTE_MAX
from .previews import MEGABYTES, EitherFile, EitherText


class ListForm(PageForm):
    name = forms.CharField(
        label="Name", max_length=NAME_LIMIT + 80, error_messages={"required": "Give the list a name."}
    )
    study = StudyField(
        label="Study", help_text="Its PIs see the list and its entries in the audit log. A list needs none."
    )
    note = LongText(
        name="note",
        label="What it is for",
        limit=NOTE_LIMIT,
        help_text="For your colleagues. Do not write worker IDs here.",
    )

    def __init__(self, *args: Any, one: WorkerList | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        study = self.fields["study"]
        assert isinstance(study, StudyField)  # noqa: S101 # declared above
        if one is not None and one.study_id:  # a closed one may stay
            study.queryset = Study.objects.filter(Q(is_open=True) | Q(pk=one.study_id))


class WorkersForm(PageForm):
    """A file or a pasted list whose workers come into a list."""

    credential_exempt = frozenset({"list"})
    limits = f"At most {settings.UPLOAD_MAX_ROWS:,} rows and {MEGABYTES} MB."

    file = EitherFile(
        label="File",
        allow_empty_file=True,
        max_length=1_000,
        help_text="Amazon’s batch results are best: they say who took part, and when.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )
    list = EitherText(
        label="Or paste worker IDs",
        strip=False,
        max_length=settings.UPLOAD_MAX_BYTES,
        help_text="One a line, or a column copied from a spreadsheet.",
        widget=ids_box(rows=6),
    )
    counted = forms.ChoiceField(
        label="Which assignments count",
        choices=[
            ("rejected", "All but rejected ones"),
            ("approved", "Approved ones only"),
            ("all", "All, rejected ones too"),
        ],
        initial="rejected",
        help_text="Only where the file has a column AssignmentStatus.",
    )
    taken_on = forms.DateField(
        label="Day they took part",
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "short"}, format="%Y-%m-%d"),
        help_text="Only used where the file does not say when. Rules with a number of days need it.",
        error_messages={"invalid": "This is no day. Write it like 2026-10-31."},
    )
    leave_out = forms.BooleanField(label="Leave out lines that cannot be read", required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        pasted = bool(cleaned.get("list", "").strip())
        if self.errors:
            return cleaned
        if cleaned.get("file") is not None and pasted:
            self.add_error("list", "Give a file or a pasted list, not both.")
        elif cleaned.get("file") is None and not pasted:
            self.add_error("file", "Choose a file, or paste worker IDs below.")
        return cleaned

    @property
    def wishes(self) -> dict[str, Any]:
        """What the action takes. The file's name is for display; no path is ever made of it."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        text: str = self.cleaned_data["list"]
        return {
            "content": text.encode("utf-8", errors="replace") if file is None else bytes(file.read()),
            "file_name": "" if file is None else shown_file_name(file.name or "") or "file",
            **{name: self.cleaned_data[name] for name in ("counted", "taken_on", "leave_out")},
        }


class HitsForm(PageForm):
    """HITs whose workers come into a list."""

    credential_exempt = frozenset({"hit_ids"})

    hit_ids = forms.CharField(
        label="HIT IDs",
        max_length=PASTE_MAX,
        widget=forms.Textarea(attrs={"class": "ids", "rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One or many, as they stand on Amazon’s pages. Line ends, blanks or commas between them.",
        error_messages={"required": "Enter at least one HIT ID."},
    )
    statuses = forms.MultipleChoiceField(
        label="Work that counts",
        choices=[(one, one) for one in STATUSES],
        widget=forms.CheckboxSelectMultiple,
        initial=list(TOOK_PART),
        error_messages={"required": "Tick at least one status."},
    )


class FollowForm(PageForm):
    """A type whose holders, or another list whose workers, come into a list and leave with it."""

    source = forms.ChoiceField(label="Follow", error_messages={"required": "Choose a type or a list."})

    def __init__(self, *args: Any, one: WorkerList, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        used = ListSource.objects.filter(list=one, dropped_at=None)
        types = QualificationType.objects.filter(account=one.account_id)
        lists = WorkerList.objects.current().filter(account=one.account_id).exclude(pk=one.pk)
        free_types = types.exclude(pk__in=used.filter(type__isnull=False).values("type"))
        free_lists = lists.exclude(pk__in=used.filter(other__isnull=False).values("other"))
        self._types = {f"type:{row.pk}": row for row in free_types}
        self._lists = {f"list:{row.pk}": row for row in free_lists}
        field = self.fields["source"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 # declared above
        groups: list[Any] = [("", "Choose a type or a list")]
        if self._types:
            groups.append(("Holders of a type", [(key, row.name) for key, row in self._types.items()]))
        if self._lists:
            groups.append(("Another list", [(key, row.name) for key, row in self._lists.items()]))
        field.choices = groups

    @property
    def chosen(self) -> QualificationType | WorkerList:
        key = self.cleaned_data["source"]
        return self._types.get(key) or self._lists[key]
