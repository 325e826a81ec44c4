"""What one person gets into a bundle of the log: the entries they may read, names of workers, texts, a report."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string

from qualadmin.audit.bundle.archive import TooLarge
from qualadmin.audit.bundle.writing import STATEMENT, WHOLE_LOG, Contents, Subject, write_bundle
from qualadmin.audit.intervals import TWO_SIGNATURES
from qualadmin.audit.models import AuditCheckpoint, AuditEntry, AuditHead
from qualadmin.core.actions.audit_log import EXPORT_LIMIT, record_bundle_exported, record_export_broken_off
from qualadmin.core.actions.workers import workers_visible_to
from qualadmin.core.actor import Actor
from qualadmin.core.errors import Conflict
from qualadmin.core.pseudonyms import pseudonym
from qualadmin.csvio import SafeCsvWriter

from .audit_export import HEADER, row_of
from .audit_names import Names
from .audit_scope import SYSTEM, reads_everything
from .audit_words import lines_of
from .filters import separate
from .handing_over import HandedOver, nameless_file

KEY_CHANGES: Final = 20
REPORT_ROWS: Final = 2_000  # more than anybody reads in a browser; the CSV has all
#: What may be a worker id: longer words in capitals, and shorter ones with a digit, also where typed small.
_MAYBE_ID: Final = re.compile(r"\bA[A-Z0-9]{9,63}\b|\b[aA](?=[a-zA-Z]*[0-9])[a-zA-Z0-9]{5,63}\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for. `filter` is the address's; `given` its filters, by key."""

    actor: Actor
    names: Names
    filter: str
    given: Mapping[str, str]
    worker_ids: bool
    at: str  # RFC 3339


def contents_of(asked: Asked, entries: Any) -> Contents:
    """The bundle of these entries, which must be those that the person may see."""
    size, notes = _checkpoints()
    complete = _complete(asked)
    return Contents(
        log=settings.AUDIT_ORIGIN,
        size=size,
        notes=notes,
        entries=entries,
        added=_statement(asked, size) if complete and complete != [WHOLE_LOG] else None,
        complete=complete,
        filter=asked.filter,
        exported_by=asked.actor.label,
        exported_at=asked.at,
        names=lambda subjects: _names(asked, subjects),
        withheld=lambda text: not asked.worker_ids and _MAYBE_ID.search(text) is not None,
        reading=lambda rows: _for_people(asked, size, rows),
        worker_ids=asked.worker_ids,
    )


def _checkpoints() -> tuple[int, list[tuple[int, str]]]:
    """The length of the tree, and its notes: the newest, and those signed by two keys, which lead from old to new.

    A log that nobody signed yet is exported at its full length, and verify.py says that nobody signed.
    """
    newest = AuditCheckpoint.objects.order_by("-size").values_list("size", "note").first()
    if newest is None:
        return AuditHead.objects.values_list("size", flat=True).first() or 0, []
    changed = AuditCheckpoint.objects.filter(size__lt=newest[0], note__regex=TWO_SIGNATURES).order_by("-size")
    return newest[0], [*sorted(changed.values_list("size", "note")[:KEY_CHANGES]), newest]


def _complete(asked: Asked) -> list[str]:
    """The streams of which these filters leave nothing out."""
    if asked.given.keys() - {"stream"}:
        return []
    if "stream" in asked.given:
        return list(separate(asked.given["stream"]))
    return [WHOLE_LOG] if reads_everything(asked.actor) else [name for name, _ in asked.names.streams]


def _statement(asked: Asked, size: int) -> AuditEntry | None:
    """The newest entry that says how many entries each stream has; it is in the log of the installation."""
    if SYSTEM not in dict(asked.names.streams):
        return None
    return AuditEntry.objects.filter(action=STATEMENT, seq__lt=size).newest().first()


def _names(asked: Asked, subjects: Sequence[Subject]) -> dict[Subject, str]:
    """Worker ids where they were asked for and may be seen, pseudonyms else: one for each study and account."""
    known: dict[UUID, str] = {}
    if asked.worker_ids:
        rows = workers_visible_to(asked.actor).filter(pk__in={key for key, _ in subjects}, worker_id__isnull=False)
        known = {key: name for key, name in rows.values_list("pk", "worker_id") if name}
    return {(key, stream): known.get(key) or pseudonym(key, stream) for key, stream in subjects}


def _for_people(
    asked: Asked, size: int, rows: Callable[[], Iterator[AuditEntry]]
) -> Iterable[tuple[str, Iterable[bytes]]]:
    """report.html and entries.csv."""
    yield "entries.csv", SafeCsvWriter(HEADER).stream(row_of(entry) for entry in rows())
    yield "report.html", _report(asked, size, rows)


def _report(asked: Asked, size: int, rows: Callable[[], Iterator[AuditEntry]]) -> Iterator[bytes]:
    first = list(islice(rows(), REPORT_ROWS + 1))
    shown = first[:REPORT_ROWS]
    context = {
        "asked": asked,
        "log": settings.AUDIT_ORIGIN,
        "size": size,
        "lines": lines_of(shown, {}, dict(asked.names.streams)),
        "names": _names(asked, list({(entry.subject, entry.stream) for entry in shown if entry.subject})),
        "more": len(first) > REPORT_ROWS,
        "most": REPORT_ROWS,
    }
    yield render_to_string("audit/report.html", context).encode()


def made_bundle(contents: Contents, actor: Actor) -> HandedOver:
    """The ZIP, with its entry in the log. Raises Conflict, and frees the file whatever happens."""
    file = nameless_file()
    try:
        manifest = write_bundle(file, contents)
        handed = HandedOver(file)
        length, digest = handed.length, handed.sha256
        exported = record_bundle_exported(actor=actor, manifest=manifest, length=length, sha256=digest)
    except TooLarge:
        file.close()
        raise too_large() from None
    except BaseException:
        file.close()
        raise
    handed.broken_off = partial(record_export_broken_off, actor=actor, exported=exported, length=length)
    return handed


def too_large() -> Conflict:
    """A bundle that would hold too much."""
    return Conflict(
        f"A bundle holds at most {EXPORT_LIMIT:,} entries and 2 GiB, and this one would hold more. "
        "Nothing was exported. Choose a study, an account or a span of days.",
        code="too_large",
    )
