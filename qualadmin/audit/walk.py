"""Reads the log entry by entry, in slices, and checks each; used to verify the log and before it is signed.

Memory stays flat, writers are not held up, and entries added meanwhile are left for the next time.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from qualadmin.audit import canonical, entry, vocabulary
from qualadmin.audit.compare import Comparison, Shape
from qualadmin.audit.erasure import erased_texts
from qualadmin.audit.findings import Report
from qualadmin.audit.flush import COLUMNS
from qualadmin.audit.tree import Frontier, leaf_hash

SLICE = 1000


class Walk:
    """A reading of the log that begins where `tree` ends and remembers what the next entry must fit to.

    `streams` and `last_time` are those of the entries before. `marks` are sizes at which the root is wanted; they
    are found in `roots` afterwards.
    """

    def __init__(
        self,
        connection: BaseDatabaseWrapper,
        report: Report,
        *,
        tree: Frontier | None = None,
        streams: Mapping[str, int] | None = None,
        last_time: str = "",
        marks: Collection[int] = (),
    ) -> None:
        self.connection = connection
        self.report = report
        self.tree = Frontier() if tree is None else Frontier(tree.size, tree.hashes)
        self.streams: dict[str, int] = dict(streams or {})
        self.last_time = last_time
        self.marks = frozenset(marks)
        self.roots: dict[int, bytes] = {0: Frontier().root()}
        self.next_seq = self.tree.size
        self.last_core_seq: int | None = None
        self.broken = False
        self.comparison = Comparison(connection)
        self.erased: frozenset[int] = frozenset()

    def run(self, size: int, *, first: int = 0, last: int | None = None, quick: bool = False) -> None:
        """Check the entries below `size`: `first` to `last` in full, the others as far as number and tree go."""
        self.erased = frozenset() if quick else erased_texts(self.connection)
        for rows in self._slices(size):
            payloads = {} if quick else self._payloads(rows[0]["seq"], rows[-1]["seq"])
            for row in rows:
                in_full = not quick and first <= row["seq"] and (last is None or row["seq"] <= last)
                self.report.checked += in_full or quick
                self._entry(row, payloads, in_full=in_full)
        if self.next_seq < size:
            self._gap(self.next_seq, size - 1)

    def _slices(self, size: int) -> Iterator[list[dict[str, Any]]]:
        # SQLite's driver would turn a damaged time into an exception; as text it can be compared.
        sqlite = self.connection.vendor == "sqlite"
        times = {"recorded_at", "occurred_at"}
        names = [f"{name} || '' AS {name}" if sqlite and name in times else name for name in COLUMNS]
        statement = (
            f"SELECT {', '.join(names)} FROM audit_entry WHERE seq >= %s AND seq < %s ORDER BY seq LIMIT %s"  # noqa: S608
        )
        start = self.next_seq or -(2**62)
        while rows := self._query(statement, [start, size, SLICE]):
            yield [dict(zip(COLUMNS, row, strict=True)) for row in rows]
            start = rows[-1][0] + 1

    def _payloads(self, first: int, last: int) -> dict[int, tuple[bytes, bytes]]:
        rows = self._query("SELECT seq, salt, body FROM audit_payload WHERE seq BETWEEN %s AND %s", [first, last])
        return {seq: (stored_bytes(salt), stored_bytes(body)) for seq, salt, body in rows}

    def _query(self, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def _entry(
        self, row: Mapping[str, Any], payloads: Mapping[int, tuple[bytes, bytes]], *, in_full: bool
    ) -> None:
        seq = row["seq"]
        if seq != self.next_seq:
            self._gap(self.next_seq, seq - 1)
        self.next_seq = seq + 1
        leaf, core = stored_bytes(row["leaf"]), stored_bytes(row["core"])
        if in_full:
            computed = leaf_hash(core)
            if computed != leaf:
                self.report.add("core_hash_mismatch", seq, "its content does not give its hash")
            leaf = computed
            self._content(seq, core, row, payloads.get(seq))
        self.tree.push(leaf)
        if self.tree.size in self.marks:
            self.roots[self.tree.size] = self.tree.root()
        expected = self.streams.get(row["stream"], 0)
        if row["stream_seq"] != expected:
            detail = f"it is number {row['stream_seq']} of {row['stream']}, expected was {expected}"
            self.report.add("stream_gap", seq, detail)
        self.streams[row["stream"]] = expected + 1

    def _gap(self, first: int, last: int) -> None:
        self.broken = True
        what = f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
        self.report.add("gap", None, what)

    def _content(self, seq: int, core: bytes, row: Mapping[str, Any], payload: tuple[bytes, bytes] | None) -> None:
        try:
            content = canonical.decode(core)
            wrong = self.comparison.differing(content, row)
        except canonical.NotCanonical as error:
            self.report.add("not_canonical", seq, str(error))
            return
        except Shape as error:
            self.report.add("not_canonical", seq, str(error))
            return
        for name in wrong:
            self.report.add("column_mismatch", seq, f"column {name} differs from the content")
        self._order(seq, content)
        if not vocabulary.known(content["action"]):
            self.report.add("unknown_action", seq, f"{content['action']} is not in the vocabulary")
        if content["log"] != settings.AUDIT_ORIGIN:
            self.report.add("foreign_entry", seq, f"it belongs to the log {content['log']}")
        self._payload(seq, content["payload_c"], payload)

    def _order(self, seq: int, content: Mapping[str, Any]) -> None:
        if content["seq"] == self.last_core_seq:
            self.report.add("duplicate_seq", seq, f"its content has the number {content['seq']} a second time")
        self.last_core_seq = content["seq"]
        if content["recorded_at"] < self.last_time:
            self.report.add("order_time", seq, "it was recorded before the entry in front of it")
        self.last_time = content["recorded_at"]

    def _payload(self, seq: int, commitment: str | None, payload: tuple[bytes, bytes] | None) -> None:
        if payload is None:
            if commitment is not None and seq in self.erased:
                self.report.erased += 1
            elif commitment is not None:
                self.report.add("payload_missing_unexplained", seq, "its text is gone and no erasure says why")
        elif seq in self.erased:
            self.report.add("payload_not_erased", seq, "its text is there, though an erasure says that it went")
        elif commitment is None or entry.payload_commitment(*payload) != commitment:
            self.report.add("payload_mismatch", seq, "its text is not the one it was recorded with")


def stored_bytes(value: object) -> bytes:
    """Bytes of a column. A damaged SQLite file may hold text or a number where bytes belong."""
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
