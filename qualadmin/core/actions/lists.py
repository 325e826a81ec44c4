"""Lists of workers: made, changed, put away. Where their workers come from is in list_sources.py."""

from django.db.models import QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotVisible
from qualadmin.core.models import ListRule, ListSource, RequesterAccount, Study, WorkerList
from qualadmin.core.permissions import Permission, require

from .rows import differences, locked, locked_unchanged, move
from .texts import clean_name, clean_text

NAME_LIMIT = 120  # characters
NOTE_LIMIT = 2000
TAKEN = "This account has a list of this name already. Choose another name."
PUT_AWAY = "This list was put away. Nothing was changed."


def add_list(
    *, actor: Actor, account: RequesterAccount, name: str, study: Study | None = None, note: str = ""
) -> WorkerList:
    """Make an empty list. Raises ActionError if the account has one of this name."""
    require_lists(actor, account)
    _check_study(study)
    one = WorkerList(account=account, study=study, created_by_id=actor.person_id, **_cleaned(name, note))
    with audit.transaction(actor.context) as tx:
        locked(RequesterAccount.objects.all(), account.pk)  # two at once make one
        _check_name(one, one.name)
        one.audit_id = tx.record(
            "workerlist.created",
            target=list_target(one),
            stream=one.stream,
            changes={"name": [None, one.name], "study": [None, str(study.pk) if study else None]},
            payload={"note": one.note} if one.note else None,
        )
        one.save(force_insert=True)
    return one


def update_list(
    *, actor: Actor, one: WorkerList, name: str, study: Study | None = None, note: str = ""
) -> WorkerList:
    """Change name, study or note. Raises Conflict if somebody changed the list since `one` was read."""
    require_lists(actor, one.account)
    texts = _cleaned(name, note)
    wanted = {**texts, "study_id": study.pk if study else None}
    if study is not None and study.pk != one.study_id:
        _check_study(study)
    with audit.transaction(actor.context) as tx:
        locked(RequesterAccount.objects.all(), one.account_id)
        row = locked_unchanged(WorkerList.objects.select_related("account", "study"), one)
        _require_current(row)
        changed = differences(row, wanted)
        if changed:
            _check_name(row, texts["name"])
            told = {
                key.removesuffix("_id"): [_told(a), _told(b)] for key, (a, b) in changed.items() if key != "note"
            }
            entry = tx.record(
                "workerlist.updated",
                target=list_target(row),
                stream=row.stream,
                changes=told or None,
                payload={"note": texts["note"]} if "note" in changed else None,
            )
            move(WorkerList.objects.filter(pk=row.pk), entry=entry, **wanted)
    one.refresh_from_db()
    return one


def archive_list(*, actor: Actor, one: WorkerList) -> None:
    """Put a list away that nothing uses any more; sources and log stay. Raises Conflict if it is in use."""
    require_lists(actor, one.account)
    with audit.transaction(actor.context) as tx:
        row = locked(WorkerList.objects.select_related("account", "study"), one.pk)
        if row.archived_at is not None:
            return
        user = ListSource.objects.filter(other=row, dropped_at=None, list__archived_at=None).first()
        if user is not None:
            raise Conflict(
                f"The list “{user.list.name}” uses this list as a source. Nothing was done. Drop it there first.",
                code="list_in_use",
            )
        rule = (
            ListRule.objects.filter(lists=row).exclude(state=ListRule.State.ENDED).select_related("type").first()
        )
        if rule is not None:
            raise Conflict(
                f"A rule for “{rule.type.name}” follows this list. Nothing was done. End the rule first.",
                code="list_in_use",
            )
        entry = tx.record(
            "workerlist.archived",
            target=list_target(row),
            stream=row.stream,
            changes={"members": [row.members, None]},
        )
        move(WorkerList.objects.filter(pk=row.pk, archived_at=None), entry=entry, archived_at=timezone.now())


def require_lists(actor: Actor, account: RequesterAccount) -> None:
    """Who grants in an account looks after its lists."""
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)


def visible_list(rows: "QuerySet[WorkerList]", actor: Actor, pk: object) -> WorkerList:
    """The list, if the person may see it. Raises NotVisible."""
    one = rows.visible_to(actor).filter(pk=pk).first()  # type: ignore[attr-defined]
    if one is None:
        raise NotVisible
    found: WorkerList = one
    return found


def list_target(one: WorkerList) -> Target:
    """How entries name a list."""
    return Target("workerlist", str(one.pk), one.name)


def current_list(actor: Actor, pk: object) -> WorkerList:
    """The list, locked, to change its sources. Raises NotVisible, or Conflict if it was put away.

    Call in a transaction.
    """
    try:
        row = locked(WorkerList.objects.visible_to(actor).select_related("account", "study"), pk)
    except WorkerList.DoesNotExist:
        raise NotVisible from None
    require_lists(actor, row.account)
    _require_current(row)
    return row


def _require_current(row: WorkerList) -> None:
    if row.archived_at is not None:
        raise Conflict(PUT_AWAY, code="list_archived")


def _cleaned(name: str, note: str) -> dict[str, str]:
    return {
        "name": clean_name(name, field="name", label="The name", limit=NAME_LIMIT),
        "note": clean_text(note, field="note", label="The note", limit=NOTE_LIMIT, required=False),
    }


def _check_name(one: WorkerList, name: str) -> None:
    same = WorkerList.objects.current().filter(account=one.account_id, name=name).exclude(pk=one.pk)
    if same.exists():
        raise ActionError(TAKEN, field="name", code="name_taken")


def _check_study(study: Study | None) -> None:
    if study is not None and not study.is_open:
        raise ActionError("This study is closed. Choose another one.", field="study", code="closed_study")


def _told(value: object) -> str | None:
    return None if value is None else str(value)
