"""Writing a bundle. What is in it is said by `Contents`; the format is what verify.py reads.

Every file is made by a reading of its own, in slices by number: memory stays flat, and no query lasts.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from qualadmin.audit import canonical
from qualadmin.audit.models import AuditEntry, AuditPayload

from .archive import Archive

SCHEMA: Final = "qualadmin/bundle/v1"
WHOLE_LOG: Final = "the whole log"
STATEMENT: Final = "audit.checkpoint.prepared"
SLICE: Final = 900  # rows of one query; SQLite's oldest limit of parameters is 999
LEAVES_SLICE: Final = 10_000
FOLDER: Final = Path(__file__).parent
T = TypeVar("T")
#: A worker as one study or account knows it: our number of it, and the stream.
Subject = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a bundle.

    `entries` are those that were asked for and that the reader may see, `added` one more that states the counts of
    the streams. `size` is the length of the tree, that of the newest of `notes` if there is one. `complete` names
    streams of which no entry is left out. `names` gives what workers are called, `withheld` says whether a text
    stays out, `reading` makes the files that are for people.
    """

    log: str
    size: int
    entries: "QuerySet[AuditEntry]"
    filter: str
    exported_by: str
    exported_at: str
    names: Callable[[Sequence[Subject]], Mapping[Subject, str]]
    withheld: Callable[[str], bool]
    reading: Callable[[Callable[[], Iterator[AuditEntry]]], Iterable[tuple[str, Iterable[bytes]]]]
    notes: Sequence[tuple[int, str]] = ()
    added: AuditEntry | None = None
    complete: Sequence[str] = ()
    worker_ids: bool = False


@dataclass(slots=True)
class Tally:
    """What was written, counted on the way. `withheld` counts texts that are there but not for this reader."""

    entries: int = 0
    texts: int = 0
    withheld: int = 0
    subjects: set[tuple[bytes, str]] = field(default_factory=set)  # number and stream


def write_bundle(file: BinaryIO, contents: Contents) -> dict[str, Any]:
    """Write the ZIP and return its manifest. Raises archive.TooLarge."""
    with Archive(file) as archive:
        tally = _write_files(archive, contents)
        manifest = _manifest(contents, tally, archive.hashes)
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        archive.add("manifest.json", [text.encode()])
    return manifest


def _write_files(archive: Archive, contents: Contents) -> Tally:
    tally = Tally()
    archive.add("README.txt", [(FOLDER / "README.txt").read_bytes()])
    archive.add("verify.py", [(FOLDER / "verify.py").read_bytes()])
    for size, note in contents.notes:
        archive.add(f"checkpoints/{size:020}.note", [note.encode()])
    archive.add("leaves.bin", _leaves(contents.size), packed=False)
    archive.add("entries.jsonl", _entries(contents, tally))
    archive.add("payloads.jsonl", _texts(contents, tally))
    archive.add("subjects.jsonl", _subjects(contents, tally))
    for name, pieces in contents.reading(lambda: _rows(contents)):
        archive.add(name, pieces)
    return tally


def _manifest(contents: Contents, tally: Tally, hashes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "log": contents.log,
        "size": contents.size,
        "filter": contents.filter,
        "complete": list(contents.complete),
        "exported_by": contents.exported_by,
        "exported_at": contents.exported_at,
        "entries": tally.entries,
        "added": [contents.added.seq] if contents.added else [],
        "texts": tally.texts,
        "texts_withheld": tally.withheld,
        "workers": len({number for number, _ in tally.subjects}),
        "worker_ids": contents.worker_ids,
        "files": dict(hashes),
    }


def slices(items: Iterable[T], number: int = SLICE) -> Iterator[list[T]]:
    """The items in lists of that many."""
    rest = iter(items)
    while part := list(islice(rest, number)):
        yield part


def _rows(contents: Contents) -> Iterator[AuditEntry]:
    """The entries, oldest first, the added one in its place."""
    return _in_order(contents, lambda part: list(part), lambda entry: entry.seq)


def _columns(contents: Contents, *names: str) -> Iterator[tuple[Any, ...]]:
    """The same as plain values, which costs a fifth; the first is the number."""
    return _in_order(contents, lambda part: list(part.values_list("seq", *names)), lambda row: row[0])


def _in_order(
    contents: Contents, read: "Callable[[QuerySet[AuditEntry]], list[T]]", number: Callable[[T], int]
) -> Iterator[T]:
    after, added = -1, []
    if contents.added:
        added = read(AuditEntry.objects.filter(pk=contents.added.seq))
    while part := read(contents.entries.filter(seq__gt=after, seq__lt=contents.size).order_by("seq")[:SLICE]):
        for one in part:
            if added and number(added[0]) <= number(one):
                if number(added[0]) < number(one):
                    yield added[0]
                added = []
            yield one
        after = number(part[-1])
    yield from added


def _leaves(size: int) -> Iterator[bytes]:
    for start in range(0, size, LEAVES_SLICE):
        part = AuditEntry.objects.filter(seq__gte=start, seq__lt=min(start + LEAVES_SLICE, size)).order_by("seq")
        yield b"".join(bytes(leaf) for leaf in part.values_list("leaf", flat=True))


def _entries(contents: Contents, tally: Tally) -> Iterator[bytes]:
    for _, core, subject, stream in _columns(contents, "core", "subject", "stream"):
        tally.entries += 1
        if subject:
            tally.subjects.add((subject.bytes, sys.intern(stream)))
        yield bytes(core) + b"\n"  # the very bytes behind the hash; canonical JSON has no line ends


def _texts(contents: Contents, tally: Tally) -> Iterator[bytes]:
    for part in slices(seq for (seq,) in _columns(contents)):
        for text in AuditPayload.objects.filter(seq__in=part).order_by("seq"):
            body = bytes(text.body)
            if contents.withheld(body.decode(errors="replace")):
                tally.withheld += 1
                continue
            tally.texts += 1
            yield b'{"body":%b,"salt":"%b","seq":%d}\n' % (body, bytes(text.salt).hex().encode(), text.seq)


def _subjects(contents: Contents, tally: Tally) -> Iterator[bytes]:
    for part in slices((UUID(bytes=number), stream) for number, stream in sorted(tally.subjects)):
        names = contents.names(part)
        for one in part:
            subject, stream = one
            yield canonical.encode({"name": names[one], "stream": stream, "subject": subject.hex}) + b"\n"


__all__ = ["SCHEMA", "STATEMENT", "WHOLE_LOG", "Contents", "Subject", "slices", "write_bundle"]
