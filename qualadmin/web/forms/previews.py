"""A list from outside: taking it in, saying what its columns mean, and what is to be done with it."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from qualadmin.core.actions.previews import Wishes
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Preview, QualificationType, RequesterAccount, Verb
from qualadmin.core.reading import Plan
from qualadmin.csvio import Interpretation, Mapping, Table, shown_file_name

from .base import PageForm, ids_box
from .fields import (
    SILENT,
    WITH_REASON,
    ScoreField,
    StudyField,
    TypeField,
    ask_reason,
    check_how,
    check_range,
    days_field,
    how_field,
    notify_field,
    reason_field,
    revoke_reason_field,
    until_field,
    usable_types,
)

MEGABYTES = settings.UPLOAD_MAX_BYTES // 2**20
COLUMN_FIELDS = ("worker_column", "score_column", "action_column")
LEFT_OUT_AT_FIRST = "Rejected"  # everybody with at least one assignment that was not


class EitherFile(forms.FileField):
    """One of two ways to answer: not optional, and not required by itself. The form asks for one of them."""

    def validate(self, value: Any) -> None:
        """Only how large it is: the form's own clean() judges both together."""
        size = getattr(value, "size", None) or 0
        if size > settings.UPLOAD_MAX_BYTES:
            raise forms.ValidationError(
                f"The file has {size:,} bytes. At most {MEGABYTES} MB can be read. Split it.",
                code="too_many_bytes",
            )


class EitherText(forms.CharField):
    """The other of the two."""

    def validate(self, value: Any) -> None:
        """The form's own clean() judges both together."""


class ColumnTypeField(TypeField):
    """The type a column of Amazon's worker file is about. Left empty, the column is left out."""

    def validate(self, value: Any) -> None:
        """Empty is an answer here."""


class BulkForm(PageForm):
    """A file or a pasted list, and whether it gives or takes."""

    credential_exempt = frozenset({"list"})
    limits = f"At most {settings.UPLOAD_MAX_ROWS:,} rows and {MEGABYTES} MB."

    verb = forms.ChoiceField(
        label="What to do with these workers",
        choices=[
            (Verb.GRANT.value, "Grant a qualification, or change its score"),
            (Verb.REVOKE.value, "Take a qualification away from all of them"),
        ],
        initial=Verb.GRANT.value,
        widget=forms.RadioSelect,
        help_text="Amazon’s worker file says in each cell what to do. For such a file leave the first choice.",
    )
    file = EitherFile(
        label="File",
        allow_empty_file=True,  # the reader says what is missing
        max_length=1_000,
        help_text="CSV or text, as saved by a spreadsheet or downloaded from Amazon.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )
    list = EitherText(
        label="Or paste a list",
        strip=False,
        max_length=settings.UPLOAD_MAX_BYTES,
        help_text="Worker IDs, or columns copied from a spreadsheet.",
        widget=ids_box(rows=6),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        pasted = bool(cleaned.get("list", "").strip())
        if self.errors:
            return cleaned
        if cleaned.get("file") is not None and pasted:
            self.add_error("list", "Give a file or a pasted list, not both.")
        elif cleaned.get("file") is None and not pasted:
            self.add_error("file", "Choose a file, or paste a list below.")
        return cleaned

    def refuse(self, error: ActionError) -> None:
        """At the box that was filled in: what is wrong with a file is not wrong with the empty list below it."""
        if error.field in ("list", "file"):
            self.add_error("list" if self.source == Preview.Source.PASTE else "file", error.message)
        else:
            super().refuse(error)

    @property
    def source(self) -> Preview.Source:
        return Preview.Source.PASTE if self.cleaned_data["file"] is None else Preview.Source.FILE

    @property
    def file_name(self) -> str:
        """The file's name for display, or "" for a pasted list. No path is ever made of it."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        return "" if file is None else shown_file_name(file.name or "")

    @property
    def content(self) -> bytes:
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is not None:
            return bytes(file.read())
        text: str = self.cleaned_data["list"]
        return text.encode("utf-8", errors="replace")


class MappingForm(PageForm):
    """Which column means what. Only for tables: a plain list has one column.

    `fixed` are Amazon's own downloads: their columns are known by name and rarely need a change.
    """

    header = forms.ChoiceField(
        choices=[("", "as found"), ("yes", "yes"), ("no", "no")], required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, table: Table, mapping: Mapping, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table, self.mapping = table, mapping
        self.fixed = table.kind in ("batch_results", "worker_file")
        if table.width < 2:
            return
        columns = [(str(index), table.column_name(index)[:80]) for index in range(table.width)]
        self._add(
            "worker_column", "Worker IDs", mapping.worker, [("", "Choose a column"), *columns], required=True
        )
        if table.kind != "worker_file":
            self._add("score_column", "Scores", mapping.score, [("", "No column: one score for all"), *columns])
        if table.kind == "table":
            self._add("action_column", "Grant or revoke", mapping.action, [("", "No column"), *columns])

    def _add(
        self, name: str, label: str, found: int | None, columns: list[tuple[str, str]], *, required: bool = False
    ) -> None:
        self.fields[name] = forms.ChoiceField(
            label=label,
            choices=columns,
            required=required,
            initial="" if found is None else str(found),
            error_messages={
                "required": "Choose the column that holds the worker IDs.",
                "invalid_choice": "The file does not have this column. Choose another one.",
            },
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = [cleaned[name] for name in COLUMN_FIELDS if cleaned.get(name)]
        if len(set(chosen)) < len(chosen):
            raise forms.ValidationError("One column was chosen twice. Choose each column once.")
        return cleaned

    @property
    def plan(self) -> Plan:
        """The columns as chosen; what was not asked stays as it was found."""
        return Plan(
            worker=self._column("worker_column", self.mapping.worker),
            score=self._column("score_column", self.mapping.score),
            action=self._column("action_column", self.mapping.action),
            status=self.mapping.status,
            header={"yes": True, "no": False}.get(self.cleaned_data["header"]),
            mapped=True,
        )

    def _column(self, name: str, found: int | None) -> int | None:
        if name not in self.fields:
            return found
        text = self.cleaned_data[name]
        return int(text) if text else None


class TargetsForm(PageForm):
    """What is to be done: only what matters for this list is asked.

    `reading` is the list as read with the present columns; it decides which questions come up.
    """

    score = ScoreField(
        label="Score for all",
        help_text="A whole number. Left empty, each worker gets the usual score of the type.",
    )
    how = how_field()
    revoke_reason = revoke_reason_field()
    study = StudyField(label="Study")
    reason = reason_field()
    until = until_field()
    days = days_field()
    notify = notify_field()

    def __init__(
        self,
        *args: Any,
        account: RequesterAccount,
        verb: Verb,
        reading: Interpretation,
        has_scores: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.verb, self.reading = verb, reading
        self._add_types(account)
        self._add_statuses()
        if verb == Verb.REVOKE or has_scores or self.names:
            del self.fields["score"]
        if verb == Verb.REVOKE:
            del self.fields["notify"], self.fields["until"], self.fields["days"]
        if verb == Verb.GRANT and not any(line.revoke for target in reading.targets for line in target.lines):
            del self.fields["how"], self.fields["revoke_reason"]
        study = self.fields["study"]
        assert isinstance(study, StudyField)  # noqa: S101 # declared above
        study.ask_for(account)
        ask_reason(self, account)
        order = [name for name in self.fields if name.startswith("type")]
        self.order_fields(
            [*order, "statuses", "score", "how", "revoke_reason", "until", "days", "study", "reason", "notify"]
        )

    @property
    def names(self) -> list[str]:
        """The types the file itself names (Amazon's worker file), in its order."""
        return [target.name for target in self.reading.targets if target.name is not None]

    def _add_types(self, account: RequesterAccount) -> None:
        types = usable_types(account, self.verb)
        if not self.names:
            self.fields["type"] = TypeField(label="Qualification type", empty_label="Choose a type")
            self._offer("type", types)
            return
        by_name = {one.name: one for one in types}
        for number, name in enumerate(self.names):
            field = ColumnTypeField(label=f"Column “{name[:100]}” is about", empty_label="Leave this column out")
            field.initial = by_name.get(name)
            self.fields[f"type_{number}"] = field
            self._offer(f"type_{number}", types)

    def _offer(self, name: str, types: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, TypeField)  # noqa: S101 # made a line above
        field.offer(types)

    def _add_statuses(self) -> None:
        counts = self.reading.statuses
        if not counts:
            return
        self.fields["statuses"] = forms.MultipleChoiceField(
            label="Workers with at least one assignment that is",
            choices=[
                (status, f"{status or 'without a status'} ({count:,} worker{'s' if count != 1 else ''})")
                for status, count in sorted(counts.items())
            ],
            initial=[status for status in counts if status != LEFT_OUT_AT_FIRST],
            widget=forms.CheckboxSelectMultiple,
            error_messages={
                "required": "Tick at least one status, or nobody is left.",
                "invalid_choice": "The file has no assignment with this status.",
            },
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "how" in self.fields:
            check_how(self)
        chosen = cleaned.get("type")
        if "score" in self.fields and chosen is not None and "score" in cleaned and cleaned["score"] is None:
            cleaned["score"] = chosen.default_score
        check_range(self, chosen, cleaned.get("score"))
        if self.names and not self.errors and not self.types:
            self.add_error("type_0", "Choose a type for at least one column.")
        return cleaned

    @property
    def types(self) -> dict[str, str]:
        """The chosen type of each target of the file; "" is the only target of a file without names."""
        if not self.names:
            return {"": str(self.cleaned_data["type"].pk)}
        chosen: dict[str, QualificationType | None] = {
            name: self.cleaned_data.get(f"type_{number}") for number, name in enumerate(self.names)
        }
        return {name: str(one.pk) for name, one in chosen.items() if one is not None}

    @property
    def statuses(self) -> tuple[str, ...] | None:
        """The ticked statuses; None where the list has none."""
        return tuple(self.cleaned_data["statuses"]) if "statuses" in self.fields else None

    @property
    def wishes(self) -> Wishes:
        data = self.cleaned_data
        return Wishes(
            score=data.get("score"),
            study=data["study"],
            reason=data["reason"],
            notify=data.get("notify", False),
            revoke_reason=data.get("revoke_reason", ""),
            until=data.get("until"),
            days=data.get("days"),
        )


def targets_before(preview: Preview, plan: Plan, names: list[str]) -> dict[str, Any]:
    """What was answered before, for somebody who comes back from the check page to change something."""
    if not plan.types:
        return {"type": preview.type_id}  # rows of a list of holders say which type they are about
    initial: dict[str, Any] = {
        "score": preview.score,
        "study": preview.study_id,
        "reason": preview.reason,
        "notify": preview.notify,
        "revoke_reason": preview.revoke_reason,
        "until": preview.hold_until,
        "days": preview.hold_days,
        "how": WITH_REASON if preview.revoke_reason else SILENT,
        "type": plan.types.get(""),
    }
    if plan.statuses is not None:
        initial["statuses"] = list(plan.statuses)
    initial |= {f"type_{number}": plan.types.get(name) for number, name in enumerate(names)}
    return initial


class ConfirmForm(PageForm):
    """The last step. The digest is that of the lines on the page."""

    rows_sha256 = forms.RegexField(regex=r"\A[0-9a-f]{64}\Z", widget=forms.HiddenInput)
    # No limit of length: the field is not always on the page, and a fault would point at nothing. See below.
    typed_count = forms.CharField(required=False, label="Number of workers")

    def clean_typed_count(self) -> int | None:
        """The number without grouping; None for anything that is none, which the action then refuses."""
        text = self.cleaned_data["typed_count"].strip().replace(",", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


class CorrectionsForm(PageForm):
    """Which proposals of "read as" are used: all, those of the ticked lines, or none again."""

    use = forms.ChoiceField(choices=[("all", "all"), ("ticked", "ticked"), ("none", "none")])
    accept = forms.TypedMultipleChoiceField(required=False, coerce=int, choices=[])

    def __init__(self, *args: Any, lines: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["accept"]
        assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101 # declared above
        field.choices = [(line, line) for line in lines]
