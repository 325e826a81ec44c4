"""Writing to the log: `from qualadmin.audit import record as audit`, then `audit.transaction(context)`.

An entry can be recorded only inside such a transaction, and is written as its last step: if the change is
rolled back there is no entry, and if the entry cannot be written there is no change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError, connections
from django.db import transaction as database
from django.db.backends.base.base import BaseDatabaseWrapper

from qualadmin.audit import canonical, refused
from qualadmin.audit.entry import ContextText, Draft, draft
from qualadmin.audit.flush import flush
from qualadmin.audit.types import AuditError, Context, EntryRefused, Target, Who

# The buffer belongs to the database transaction, so it lives where Django keeps the transaction's own state.
_BUFFER = "_qualadmin_audit_buffer"


#: Asked with the names of what is about to be recorded; raises to refuse the whole transaction.
Gate = Callable[[frozenset[str]], None]
_gates: list[Gate] = []


def add_gate(gate: Gate) -> None:
    """Have `gate` asked before each outermost transaction writes its entries. Adding it twice is harmless.

    No audited row changes without an entry, so this is the one place that all changes pass.
    """
    if gate not in _gates:
        _gates.append(gate)


class Buffer:
    """Entries of one outermost transaction, waiting for their numbers."""

    __slots__ = ("drafts", "numbers", "origin_and_app")

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.numbers: dict[UUID, int] = {}
        app = {"version": settings.APP_VERSION, "commit": settings.APP_COMMIT}
        self.origin_and_app = (canonical.text(settings.AUDIT_ORIGIN), canonical.text(app))


class Transaction:
    """What `transaction` yields."""

    __slots__ = ("_buffer", "_closed", "_texts")

    def __init__(self, context: Context, buffer: Buffer) -> None:
        self._texts = ContextText.of(context)
        self._buffer = buffer
        self._closed = False

    @property
    def context(self) -> Context:
        """Who is responsible for the entries recorded here."""
        return self._texts.context

    def record(
        self,
        action: str,
        *,
        target: Target | None = None,
        stream: str = "system",
        subject: UUID | None = None,
        changes: Mapping[str, Sequence[Any]] | None = None,
        outcome: str = "ok",
        reason_code: str | None = None,
        job: object = None,
        item: object = None,
        attempt: int | None = None,
        parent: UUID | int | None = None,
        aws: Mapping[str, Any] | None = None,
        payload: Mapping[str, Any] | None = None,
        occurred_at: datetime | None = None,
        on_behalf_of: Who | None = None,
        approved_by: Who | None = None,
    ) -> UUID:
        """Note one fact and return the id of its entry, for the `audit_id` of the rows it explains.

        `changes` is `{field: [before, after]}`. `payload` takes what may have to be erased: free text, anything
        a person typed. `aws["ms"]` is in whole milliseconds. Raises AuditError for anything the vocabulary
        does not know, and once the transaction is over.
        """
        if self._closed:
            raise AuditError("This transaction is over; nothing more can be recorded in it.")
        new = draft(
            self._texts,
            self._buffer.origin_and_app,
            action,
            target=target,
            stream=stream,
            subject=subject,
            changes=changes,
            outcome=outcome,
            reason_code=reason_code,
            job=job,
            item=item,
            attempt=attempt,
            parent=parent,
            aws=aws,
            payload=payload,
            occurred_at=occurred_at,
            on_behalf_of=on_behalf_of,
            approved_by=approved_by,
        )
        self._buffer.drafts.append(new)
        return new.id

    def seq_of(self, entry_id: UUID) -> int:
        """The number of an entry, once the outermost transaction has written it. Raises KeyError before."""
        return self._buffer.numbers[entry_id]


@contextmanager
def transaction(
    context: Context, *, durable: bool = False, using: str = DEFAULT_DB_ALIAS
) -> Iterator[Transaction]:
    """`transaction.atomic()` whose entries are written last. Nested use joins the outer one.

    An inner transaction that fails is a savepoint rolled back: its changes and its entries vanish together.
    `durable=True` raises RuntimeError unless leaving really commits.
    """
    connection = connections[using]
    with database.atomic(using=using, durable=durable):
        outer: Buffer | None = getattr(connection, _BUFFER, None)
        buffer = outer or Buffer()
        mark = len(buffer.drafts)
        tx = Transaction(context, buffer)
        if outer is None:
            setattr(connection, _BUFFER, buffer)
        try:
            yield tx
            if connection.needs_rollback:
                del buffer.drafts[mark:]
            elif outer is None and buffer.drafts:
                actions = frozenset(one.action for one in buffer.drafts)
                for gate in _gates:
                    gate(actions)
                buffer.numbers = _written(connection, buffer.drafts)
        except BaseException:
            del buffer.drafts[mark:]
            raise
        finally:
            tx._closed = True
            if outer is None:
                delattr(connection, _BUFFER)


def _written(connection: BaseDatabaseWrapper, drafts: Sequence[Draft]) -> dict[UUID, int]:
    """The numbers of the entries. A database that refuses them is another matter than one that does not answer.

    And than an IntegrityError of the change itself, which actions take for a name that is taken, and the like.
    """
    try:
        return flush(connection, drafts)
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, AuditError) as error:
        refused.note()
        raise EntryRefused(f"The audit log did not take the entry: {error}") from error


def record_now(context: Context, action: str, *, using: str = DEFAULT_DB_ALIAS, **parts: Any) -> UUID:
    """One entry in its own committed transaction: for denials and failed sign-ins, which change nothing else.

    Takes what `Transaction.record` takes. Raises RuntimeError inside another transaction, which could still be
    rolled back.
    """
    with transaction(context, durable=True, using=using) as tx:
        return tx.record(action, **parts)
