"""A list from a program, as rows or as the bytes of a file: taken in, read, and compared with what is held."""

from collections import Counter
from dataclasses import replace
from typing import Any, Final

from django.conf import settings

from qualadmin.api.answers import Refused, invalid
from qualadmin.api.many import Bytes, Fields, Items, Named
from qualadmin.api.operation import Answer, Call, Operation, Repeats
from qualadmin.api.parameters import Choice, Flag, Integer, Text
from qualadmin.core.actions.previews import TEXT_LIMIT, Wishes, discard_preview, plan_preview, start_preview
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Preview, QualificationType, Verb
from qualadmin.core.permissions import Permission, Scope
from qualadmin.core.reading import Plan, mapping_of, table_of
from qualadmin.csvio import InputRefused, Mapping, Options, Table, interpret, shown_file_name, write_rows

from .grants import REASON, STUDY, find_study, find_type
from .previews import PREVIEW, shown

_TYPE: Final = Text("QualificationTypeId", "Amazon’s id of the qualification type.", longest=64, shortest=1)
#: In base64, and with all else beside it, it fits into a body of the size that the pages take.
FILE_BYTES: Final = settings.UPLOAD_MAX_BYTES // 4 * 3 - 64 * 1024
VERBS: Final = (Verb.GRANT.value, Verb.REVOKE.value)
ACTIONS: Final = ("Grant", "Revoke")


def _create(call: Call) -> Answer:
    given, verb = call.values, Verb(call.values["Verb"])
    _check_together(given, verb)
    types = _types(call)
    study = find_study(given["Study"])
    preview = _taken_in(call, types, verb)
    try:
        find_plan = _plan_of_rows if given["File"] is None else _plan_of_file
        plan = find_plan(preview, given, types, verb)
        wishes = Wishes(
            score=_score_for_all(given, plan, types, verb),
            study=study,
            reason=given["Reason"],
            notify=given["SendNotification"],
            revoke_reason=given["ReasonForWorker"],
        )
        plan_preview(actor=call.actor, preview=preview, plan=plan, wishes=wishes)
    except (ActionError, Refused):
        discard_preview(actor=call.actor, preview_id=preview.pk)  # what cannot be read on is not left lying about
        raise
    return Answer(shown(preview))


def _taken_in(call: Call, types: dict[str, QualificationType], verb: Verb) -> Preview:
    given = call.values
    is_file = given["File"] is not None
    return start_preview(
        actor=call.actor,
        account=next(iter(types.values())).account,
        source=Preview.Source.FILE if is_file else Preview.Source.API,
        content=given["File"] if is_file else _rows(given, types[""], verb),
        file_name=shown_file_name(given["FileName"]) if is_file else "",
        verb=verb,
        header=given["HasHeader"],
    )


def _score_for_all(given: Any, plan: Plan, types: dict[str, QualificationType], verb: Verb) -> int | None:
    """As on the page: none where each line brings its own, else the one given, else the usual one of the type."""
    if verb == Verb.REVOKE or plan.score is not None or "" not in types:
        return None
    score: int | None = given["IntegerValue"]
    return types[""].default_score if score is None else score


def _types(call: Call) -> dict[str, QualificationType]:
    """The type of each target of the list; "" is the only one where the list names none. Raises Refused."""
    one, several = call.values["QualificationTypeId"], call.values["QualificationTypes"]
    if (one is None) == (several is None):
        raise invalid({"QualificationTypeId": ["Name one type, or those of the columns in QualificationTypes."]})
    if several is None:
        return {"": find_type(call.actor, one)}
    types = {name: find_type(call.actor, mturk_id) for name, mturk_id in several.items()}
    if len({one.account_id for one in types.values()}) > 1:
        raise invalid({"QualificationTypes": ["These types belong to several accounts. A list is for one."]})
    return types


def _check_together(given: Any, verb: Verb) -> None:
    """What does not go together, each by its name."""
    faults = {}
    if (given["Rows"] is None) == (given["File"] is None):
        faults["Rows"] = ["Give either Rows or File."]
    if given["File"] is None:
        only = (
            "FileName",
            "HasHeader",
            "WorkerColumn",
            "ScoreColumn",
            "ActionColumn",
            "Statuses",
            "QualificationTypes",
        )
        faults |= {name: ["Goes with File only."] for name in only if given[name] not in (None, "")}
    if verb == Verb.REVOKE:
        never = ("IntegerValue", "SendNotification", "QualificationTypes")
        faults |= {name: ["Does not go with taking away."] for name in never if given[name] not in (None, False)}
        if any(row["IntegerValue"] is not None or row["Action"] for row in given["Rows"] or ()):
            faults["Rows"] = ["IntegerValue and Action do not go with taking away from all."]
    if faults:
        raise invalid(faults)


def _rows(given: Any, chosen: QualificationType, verb: Verb) -> bytes:
    """As they are kept. Where any row has a score, those without one get the score for all, or the usual one."""
    rows, usual = given["Rows"], given["IntegerValue"]
    scored = _are_scored(rows, verb)
    if usual is None:
        usual = chosen.default_score

    def cells(row: Any) -> tuple[str, str, str]:
        own = usual if row["IntegerValue"] is None else row["IntegerValue"]
        return row["WorkerId"], str(own) if scored and row["Action"] != "Revoke" else "", row["Action"] or ""

    return write_rows(cells(row) for row in rows)


def _are_scored(rows: Any, verb: Verb) -> bool:
    return verb == Verb.GRANT and any(row["IntegerValue"] is not None for row in rows)


def _plan_of_rows(preview: Preview, given: Any, types: dict[str, QualificationType], verb: Verb) -> Plan:
    rows = given["Rows"]
    return Plan(
        worker=0,
        score=1 if _are_scored(rows, verb) else None,
        action=2 if verb == Verb.GRANT and any(row["Action"] for row in rows) else None,
        types={name: str(one.pk) for name, one in types.items()},
        mapped=True,
    )


def _plan_of_file(preview: Preview, given: Any, types: dict[str, QualificationType], verb: Verb) -> Plan:
    """The columns as named, or as found. Raises Refused for names that the file does not have."""
    header = given["HasHeader"]
    try:
        table = table_of(preview, Plan(header=header))
        mapping = mapping_of(table, Plan(header=header))
        plan = Plan(
            worker=_column(table, given, "WorkerColumn", mapping.worker),
            score=_column(table, given, "ScoreColumn", mapping.score),
            action=_column(table, given, "ActionColumn", mapping.action),
            status=mapping.status,
            types={name: str(one.pk) for name, one in types.items()},
            header=header,
            mapped=True,
        )
        if plan.worker is None:
            names = ", ".join(table.column_name(index) for index in range(table.width))
            raise invalid({"WorkerColumn": [f"No column holds worker IDs for sure. Name one of {names[:500]}."]})
        if plan.score is not None and given["IntegerValue"] is not None:
            name = table.column_name(plan.score)
            text = f"The scores come from “{name}”. Leave this out, or make ScoreColumn empty."
            raise invalid({"IntegerValue": [text]})
        _check_targets(mapping, types)
        statuses = _statuses(table, mapping_of(table, plan), given["Statuses"], verb)
    except InputRefused as refused:
        raise ActionError(refused.message, field="list", code=refused.code) from refused
    return replace(plan, statuses=statuses)


def _column(table: Table, given: Any, parameter: str, found: int | None) -> int | None:
    """The index of the named column; "" is none, and what is not named is as found."""
    wanted = given[parameter]
    if wanted is None:
        return found
    if not wanted:
        return None
    names = [table.column_name(index).casefold() for index in range(table.width)]
    same = [index for index, name in enumerate(names) if name == wanted.strip().casefold()]
    if len(same) != 1:
        known = ", ".join(table.column_name(index) for index in range(table.width))
        how = "Several columns have" if same else "No column has"
        raise invalid({parameter: [f"{how} this name. The file has {known[:500]}."]})
    return same[0]


def _check_targets(mapping: Mapping, types: dict[str, QualificationType]) -> None:
    """Amazon’s worker file names types in its columns: each is said to be one of ours, or left out."""
    names = [column.name for column in mapping.type_columns]
    if not names and "" not in types:
        raise invalid(
            {"QualificationTypes": ["The file names no types. Name the one type in QualificationTypeId."]}
        )
    if names and "" in types:
        raise invalid(
            {"QualificationTypes": [f"The file has columns of types: {', '.join(names)[:500]}. Say what each is."]}
        )
    if unknown := [name for name in types if name and name not in names]:
        raise invalid({"QualificationTypes": [f"The file has no column of “{unknown[0][:80]}”."]})


def _statuses(table: Table, mapping: Mapping, wanted: Any, verb: Verb) -> tuple[str, ...] | None:
    """Whose assignments count, of a file that has them: always named, since nobody sees boxes that are ticked."""
    found: Counter[str] = Counter()
    if mapping.status is not None:
        found = interpret(table, mapping, wanted=Options(revoke_all=verb == Verb.REVOKE)).statuses
    known = ", ".join(f"“{status}” ({count:,})" for status, count in sorted(found.items()))
    if wanted is None:
        if found:
            raise invalid(
                {"Statuses": [f"Name the statuses that count. The file has workers with {known[:500]}."]}
            )
        return None
    if unknown := [one for one in wanted if one not in found]:
        has = f"The file has {known[:500]}." if found else "The file has no column of them."
        raise invalid({"Statuses": [f"No assignment has the status “{unknown[0][:80]}”. {has}"]})
    return tuple(wanted)


_ROW: Final = Fields(
    "", "",
    parts=(
        Text("WorkerId", "What is no worker ID becomes a line that cannot be done.", required=True),
        Integer("IntegerValue", "The score of this worker. Left out: the score for all."),
        Choice("Action", "What is to be done with this worker. Left out: Grant.", words=ACTIONS),
    ),
)  # fmt: skip
OPERATIONS: Final = (
    Operation(
        name="CreatePreview",
        about=(
            "Take in a list, as Rows or as a File, and work out what it would do. Nothing of it is done until the "
            "preview is confirmed. The answer counts; ListPreviewLines tells line by line."
        ),
        scope=Scope.GRANT,
        needs=(Permission.GRANT,),
        parameters=(
            _TYPE,
            Items("Rows", "The workers, one each.", each=_ROW, least=1, most=settings.UPLOAD_MAX_ROWS),
            Bytes("File", "The bytes of a CSV or text file in base64.", most=FILE_BYTES),
            Text("FileName", "What people call the file.", default=""),
            Choice("Verb", "What is to be done with the workers.", default="grant", words=VERBS),
            Integer("IntegerValue", "The score for all. Left out: the usual score of the type."),
            Flag("SendNotification", "Whether Amazon e-mails those who are granted.", default=False),
            Text("ReasonForWorker", "Amazon e-mails this to those it is taken from. Left out: silently.",
                 default="", longest=TEXT_LIMIT),
            REASON,
            STUDY,
            Flag("HasHeader", "Whether the first line of the file has names of columns. Left out: as found."),
            Text("WorkerColumn", "The column of the worker IDs. Left out: as found."),
            Text("ScoreColumn", "The column of the scores; empty for none. Left out: as found."),
            Text("ActionColumn", "The column that says grant or revoke; empty for none. Left out: as found."),
            Items("Statuses", "Workers with an assignment in one of these. Required where the file has statuses.",
                  each=Text("", ""), least=1, most=20),
            Named("QualificationTypes", "For Amazon’s worker file: the id of the type of each column that counts.",
                  each=Text("", "", longest=64, shortest=1)),
        ),
        data=PREVIEW,
        act=_create,
        repeats=Repeats.HARMLESS,
        limit=settings.UPLOAD_MAX_BYTES,
        fields={"type": "QualificationTypeId", "score": "IntegerValue", "study": "Study", "reason": "Reason",
                "revoke_reason": "ReasonForWorker", "list": "File"},
    ),
)  # fmt: skip
