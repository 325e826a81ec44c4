"""The audit log: searched in the words of the page, taken away as a file, verified."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any, BinaryIO, Final

from django.conf import settings
from django.core.exceptions import BadRequest
from django.utils import timezone

from qualadmin.api import shapes
from qualadmin.api.answers import Code, Refused, invalid
from qualadmin.api.files import FILE, FileAnswer
from qualadmin.api.operation import Answer, Call, Operation
from qualadmin.api.pages import PAGING, following, place_after
from qualadmin.api.parameters import Choice, Flag, Integer, Text
from qualadmin.audit.models import AuditEntry, AuditHead, AuditPayload
from qualadmin.audit.sentences import change_words, sentence
from qualadmin.audit.words import WordsFault
from qualadmin.core.actions.audit_log import EXPORT_LIMIT, record_audit_exported, verify_log
from qualadmin.core.actor import Actor
from qualadmin.core.models import AccessToken
from qualadmin.core.permissions import Permission, Scope, require
from qualadmin.core.pseudonyms import pseudonym
from qualadmin.csvio import download_name
from qualadmin.web.audit_bundle import Asked, contents_of, made_bundle, too_large
from qualadmin.web.audit_export import Manifest, csv_of, json_of
from qualadmin.web.audit_reading import OpenLog, filter_words, note_reading_by, open_log_for, query_of
from qualadmin.web.audit_roles import Roles
from qualadmin.web.audit_search import Search
from qualadmin.web.counts import capped_count
from qualadmin.web.handing_over import HandedOver, nameless_file

_READING: Final = (Permission.VIEW_AUDIT, Permission.VIEW_OWN_ENTRIES)
SEARCH_LENGTH: Final = 2_000  # characters
SEARCH: Final = Text(
    "Search", "In the words of the page, such as “action:job.created after:2026-11-01”. Left out: everything.",
    default="", longest=SEARCH_LENGTH,
)  # fmt: skip
KINDS: Final = {
    "bundle": ("zip", "application/zip"),
    "csv": ("csv", "text/csv"),
    "json": ("json", "application/json"),
}
_ENTRY: Final[dict[str, Any]] = {
    "seq": shapes.INTEGER,
    "id": shapes.TEXT,
    "recorded_at": shapes.TIME,
    "action": shapes.TEXT,
    "sentence": shapes.TEXT,
    "changes": shapes.TEXT,
    "outcome": shapes.TEXT,
    "severity": shapes.TEXT,
    "actor": shapes.TEXT,
    "on_behalf_of": shapes.TEXT_OR_NULL,
    "about": shapes.TEXT_OR_NULL,
    "worker": shapes.TEXT_OR_NULL,
    "job_id": shapes.TEXT_OR_NULL,
    "stream": shapes.TEXT,
    "request_id": shapes.TEXT_OR_NULL,
    "aws_request_id": shapes.TEXT_OR_NULL,
    "leaf": shapes.TEXT,
}
ENTRY: Final = shapes.thing(**_ENTRY)
WHOLE: Final = shapes.thing(**_ENTRY, core={"type": "object"}, texts={"type": "object"}, texts_erased=shapes.FLAG)
REPORT: Final = shapes.thing(
    result=shapes.one_of("unbroken", "broken", "incomplete"),
    summary=shapes.TEXT,
    size=shapes.INTEGER,
    root=shapes.TEXT,
    checked=shapes.INTEGER,
    quick=shapes.FLAG,
    checkpoints=shapes.INTEGER,
    erased=shapes.INTEGER,
    counts={"type": "object", "additionalProperties": shapes.INTEGER},
    findings=shapes.many(shapes.thing(code=shapes.TEXT, seq=shapes.INTEGER_OR_NULL, detail=shapes.TEXT)),
)
_RESULTS: Final = {0: "unbroken", 1: "broken", 2: "incomplete"}


def _shown(entry: AuditEntry) -> dict[str, Any]:
    """Workers by pseudonyms, as in every export: whose one is, the worker’s page tells."""
    return {
        "seq": entry.seq,
        "id": str(entry.id),
        "recorded_at": shapes.time(entry.recorded_at),
        "action": entry.action,
        "sentence": sentence(entry),
        "changes": change_words(entry.changes),
        "outcome": entry.outcome,
        "severity": entry.severity,
        "actor": entry.actor_label,
        "on_behalf_of": entry.obo_label,
        "about": entry.target_label or entry.target_id,
        "worker": pseudonym(entry.subject, entry.stream) if entry.subject else None,
        "job_id": entry.job,
        "stream": entry.stream,
        "request_id": entry.request_id,
        "aws_request_id": entry.aws_request_id,
        "leaf": bytes(entry.leaf).hex(),
    }


def _open(call: Call, asked: dict[str, str]) -> OpenLog:
    """What the person may read; for a token of one account, of that account’s stream only."""
    log = open_log_for(call.actor, asked)
    if call.actor.token is None:  # the command line
        return log
    tokens = AccessToken.objects.filter(pk=call.actor.token, account__isnull=False)
    only = tokens.values_list("account__slug", flat=True).first()
    return log if only is None else log.within(f"account:{only}")


def _reader(actor: Actor) -> str:
    return f"token {actor.token}" if actor.token else f"command line {actor.person_id}"


def _asked(call: Call) -> tuple[OpenLog, dict[str, str]]:
    """The log, and the filters that the words of Search mean. Raises Refused 400 that says where and why."""
    text = call.values["Search"]
    try:
        asked = Search(_open(call, {}).names).parameters(text) if text.strip() else {}
        log = _open(call, asked)
        log.listing.matching(query_of(asked), log.entries)  # looks at every value
    except WordsFault as fault:
        raise invalid({"Search": [str(fault)]}) from None
    except BadRequest as refused:
        raise invalid({"Search": [str(refused)]}) from None
    return log, asked


def _list(call: Call) -> Answer:
    after = place_after(call, 1)
    log, asked = _asked(call)
    most = call.values["MaxResults"]
    found = log.newest(asked, before=after[0] if after else None, most=most + 1)
    note_reading_by(call.actor, _reader(call.actor), filter_words(asked))
    return Answer(
        [_shown(one) for one in found[:most]],
        next=following(call, [found[most - 1].seq]) if len(found) > most else None,
    )


def _get(call: Call) -> Answer:
    seq = call.values["Seq"]
    entry = _open(call, {}).entries.filter(seq=seq).first()
    if entry is None:
        raise Refused(Code.NOT_FOUND, 404, "There is no such entry, or it is not yours to see.")
    texts = AuditPayload.objects.filter(seq=seq).first()
    note_reading_by(call.actor, _reader(call.actor), f"entry {seq}")
    return Answer(
        {
            **_shown(entry),
            "core": entry.content,
            "texts": texts.content if texts else {},
            "texts_erased": bool(entry.content["payload_c"]) and texts is None,
        }
    )


def _export(call: Call) -> Answer:
    kind, with_ids = call.values["Format"], call.values["WorkerIds"]
    if kind != "bundle" and with_ids:
        raise invalid({"WorkerIds": ["Goes with the format bundle only."]})
    if kind != "csv" and not call.values["Names"]:
        raise invalid({"Names": ["Can be left out with the format csv only."]})
    require(call.actor, Permission.VIEW_AUDIT)
    if with_ids:
        require(call.actor, Permission.SEE_WORKER_IDS)
    file = _bundle(call, with_ids) if kind == "bundle" else _table(call, kind)
    extension, content_type = KINDS[kind]
    return Answer(None, file=FileAnswer(download_name("audit-log", extension=extension), content_type, file))


def _now() -> str:
    return timezone.now().astimezone(UTC).isoformat(timespec="seconds")


def _bundle(call: Call, with_ids: bool) -> HandedOver:
    log, asked = _asked(call)
    entries = log.listing.matching(query_of(asked), log.entries)[0]
    if capped_count(entries, EXPORT_LIMIT).more:
        raise too_large()
    wanted = Asked(call.actor, log.names, filter_words(asked), asked, with_ids, _now())
    return made_bundle(contents_of(wanted, entries), call.actor)


def _table(call: Call, kind: str) -> HandedOver:
    """Made in full before the first byte leaves, so that the answer can say how long it is."""
    log, asked = _asked(call)
    newest = AuditHead.objects.values_list("size", flat=True).first() or 0
    entries = log.listing.matching(query_of(asked), log.entries)[0].filter(seq__lt=newest)
    count = capped_count(entries, EXPORT_LIMIT)
    record_audit_exported(actor=call.actor, rows=count.number, filter=filter_words(asked))
    manifest = Manifest(settings.AUDIT_ORIGIN, filter_words(asked), call.actor.label, _now())
    roles = None if call.values["Names"] else Roles.read()
    pieces = json_of(entries, count, manifest) if kind == "json" else csv_of(entries, count, manifest, roles)
    file = nameless_file()
    try:
        return HandedOver(_written(file, pieces))
    except BaseException:
        file.close()
        raise


def _written(file: BinaryIO, pieces: Iterable[bytes]) -> BinaryIO:
    for piece in pieces:
        file.write(piece)
    return file


def _verify(call: Call) -> Answer:
    report = verify_log(actor=call.actor)
    said = report.as_json()
    return Answer({"result": _RESULTS[said.pop("exit_code")], "summary": report.summary(), **said})


OPERATIONS: Final = (
    Operation(
        name="ListAuditEntries",
        about=(
            "The entries of the audit log that a search leaves, newest first: those of the own studies and "
            "accounts, or, for who may not read more, of the own acts. That they were read is in the log."
        ),
        scope=Scope.AUDIT,
        needs=_READING,
        parameters=(SEARCH, *PAGING),
        data=ENTRY,
        act=_list,
        is_list=True,
    ),
    Operation(
        name="GetAuditEntry",
        about="One entry with the exact content behind its hash, and its texts unless they were erased.",
        scope=Scope.AUDIT,
        needs=_READING,
        parameters=(Integer("Seq", "The number of the entry.", required=True, least=0, most=2**63 - 1),),
        data=WHOLE,
        act=_get,
    ),
    Operation(
        name="ExportAuditLog",
        about=(
            "The entries that a search leaves as one file, in base64: a ZIP that proves itself, a table, or JSON "
            f"with the exact content behind each hash. At most {EXPORT_LIMIT:,} entries: of more, a table and "
            "JSON hold the newest and say so, and a ZIP is refused. That it was taken away is in the log."
        ),
        scope=Scope.AUDIT,
        needs=(Permission.VIEW_AUDIT,),
        parameters=(
            Choice("Format", "What kind of file.", required=True, words=tuple(KINDS)),
            SEARCH,
            Flag("WorkerIds", "Whether a bundle names workers by ID. Needs the scope read too.", default=False),
            Flag("Names", "Whether a csv names people; if not, their roles stand there.", default=True),
        ),
        data=FILE,
        act=_export,
    ),
    Operation(
        name="VerifyAuditLog",
        about=(
            "Recompute numbers, hashes and tree of the whole log now. That it was verified is in the log. A "
            "log that would take longer than seconds is refused; it is verified on the server."
        ),
        scope=Scope.AUDIT,
        needs=(Permission.VERIFY_AUDIT,),
        parameters=(),
        data=REPORT,
        act=_verify,
    ),
)  # fmt: skip
