"""Amazon's qualification API in our words: typed values in, frozen values and typed errors out.

Verbs that change something are sent once and return the evidence of the call. All raise ``MTurkError``.
Behaviour by Amazon's reference for API version 2017-01-17.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import xform_name

from qualadmin.mturk import reading
from qualadmin.mturk.calls import Answer, invoke, watch
from qualadmin.mturk.errors import QualificationNotHeld, QualificationRevoked
from qualadmin.mturk.pages import PAGE_SIZE, Page, read_page, read_pages
from qualadmin.mturk.types import (
    AssignmentStatus,
    Balance,
    CallRecord,
    Identity,
    MailRefusal,
    NotHeld,
    QualificationStatus,
    RemoteAssignment,
    RemoteHit,
    RemoteQualification,
    RemoteRequest,
    RemoteType,
    Revoked,
    Score,
    TypeStatus,
)

if TYPE_CHECKING:
    from types_boto3_mturk.client import MTurkClient
    from types_boto3_sts.client import STSClient


Value = TypeVar("Value")


class QualificationGateway:
    """The verbs of one requester account. Safe to share between threads, as boto3's clients are.

    ``client_mutate`` must not retry on its own; ``client_identity`` is absent where there is no STS (the
    emulator).
    """

    def __init__(
        self,
        client_read: "MTurkClient",
        client_mutate: "MTurkClient",
        client_identity: "STSClient | None" = None,
    ) -> None:
        retries: dict[str, Any] = getattr(client_mutate.meta.config, "retries", None) or {}
        if retries.get("total_max_attempts") != 1:
            raise ValueError("The client for changes must send each request once (total_max_attempts=1).")
        for client in (client_read, client_mutate, client_identity):
            if client is not None:
                watch(client)
        self._read = client_read
        self._mutate = client_mutate
        self._identity = client_identity

    # The account

    def balance(self) -> Balance:
        """Return the account's balance: the customary test that credentials and link work."""
        return _value(reading.balance, self._ask(self._read.get_account_balance))

    def identity(self) -> Identity | None:
        """Return whose credentials are in use, or ``None`` where nobody can say (the emulator)."""
        if self._identity is None:
            return None
        return _value(reading.identity, self._ask(self._identity.get_caller_identity))

    # Qualification types

    def create_type(
        self,
        *,
        name: str,
        description: str,
        status: TypeStatus = TypeStatus.ACTIVE,
        keywords: str | None = None,
        retry_delay_seconds: int | None = None,
        auto_granted: bool = False,
        auto_granted_value: int | None = None,
        test: str | None = None,
        answer_key: str | None = None,
        test_duration_seconds: int | None = None,
    ) -> tuple[RemoteType, CallRecord]:
        """Create a type. Name and keywords are final. After ``Unknown`` look it up with ``type_named``."""
        answer = self._change(
            self._mutate.create_qualification_type,
            Name=name,
            Description=description,
            QualificationTypeStatus=status.value,
            Keywords=keywords,
            RetryDelayInSeconds=retry_delay_seconds,
            AutoGranted=auto_granted,
            AutoGrantedValue=auto_granted_value,
            Test=test,
            AnswerKey=answer_key,
            TestDurationInSeconds=test_duration_seconds,
        )
        return _value(reading.created_type, answer, mutating=True), answer.call

    def update_type(
        self,
        type_id: str,
        *,
        description: str | None = None,
        status: TypeStatus | None = None,
        retry_delay_seconds: int | None = None,
        auto_granted: bool | None = None,
        auto_granted_value: int | None = None,
        test: str | None = None,
        answer_key: str | None = None,
        test_duration_seconds: int | None = None,
    ) -> tuple[RemoteType, CallRecord]:
        """Change a type; what is ``None`` stays. A test sent without its answer key loses the key it had."""
        answer = self._change(
            self._mutate.update_qualification_type,
            QualificationTypeId=type_id,
            Description=description,
            QualificationTypeStatus=status.value if status else None,
            RetryDelayInSeconds=retry_delay_seconds,
            AutoGranted=auto_granted,
            AutoGrantedValue=auto_granted_value,
            Test=test,
            AnswerKey=answer_key,
            TestDurationInSeconds=test_duration_seconds,
        )
        return _value(reading.created_type, answer, mutating=True), answer.call

    def delete_type(self, type_id: str) -> CallRecord:
        """Begin to delete the type: it takes Amazon up to 48 hours, and as long the name stays taken.

        Who holds it keeps it. Sent again it raises ``TypeBeingDeleted``, and once it is gone ``TypeNotFound``.
        """
        return self._change(self._mutate.delete_qualification_type, QualificationTypeId=type_id).call

    def get_type(self, type_id: str) -> RemoteType:
        """Return the type. Raises ``TypeNotFound``."""
        answer = self._ask(self._read.get_qualification_type, QualificationTypeId=type_id)
        return _value(reading.created_type, answer)

    def types(self, *, owned: bool = True, query: str | None = None) -> Iterator[RemoteType]:
        """Yield types, inactive ones too. Without ``owned`` that is every requester's: tens of thousands.

        ``query`` is Amazon's fuzzy search in name and keywords, and its index lags up to a minute behind.
        """

        def fetch(token: str | None) -> Answer:
            return self._ask(
                self._read.list_qualification_types,
                MustBeRequestable=False,  # true would leave out Amazon's own types, and none of ours
                MustBeOwnedByCaller=owned,
                Query=query,
                MaxResults=PAGE_SIZE,
                NextToken=token,
            )

        return read_pages(fetch, "QualificationTypes", reading.remote_type)

    def type_named(self, name: str) -> RemoteType | None:
        """Return the account's own type of exactly this name. A type just created may not be listed yet."""
        return next((found for found in self.types() if found.name == name), None)

    def hits_requiring(self, type_id: str) -> Iterator[RemoteHit]:
        """Yield the account's HITs that require the type, whatever their status, 100 a call."""

        def fetch(token: str | None) -> Answer:
            return self._ask(
                self._read.list_hits_for_qualification_type,
                QualificationTypeId=type_id,
                MaxResults=PAGE_SIZE,
                NextToken=token,
            )

        return read_pages(fetch, "HITs", reading.remote_hit)

    # Qualifications

    def associate(self, type_id: str, worker_id: str, value: int, notify: bool) -> CallRecord:
        """Give the worker the qualification, or change its value. ``notify`` makes Amazon mail the worker."""
        return self._change(
            self._mutate.associate_qualification_with_worker,
            QualificationTypeId=type_id,
            WorkerId=worker_id,
            IntegerValue=value,
            SendNotification=notify,  # always said: left out, Amazon mails the worker
        ).call

    def disassociate(self, type_id: str, worker_id: str, reason: str | None) -> CallRecord:
        """Take the qualification away. Amazon mails ``reason`` to the worker; without one it mails nothing.

        Raises ``QualificationNotHeld`` or ``QualificationRevoked`` when there was nothing to take.
        """
        return self._change(
            self._mutate.disassociate_qualification_from_worker,
            QualificationTypeId=type_id,
            WorkerId=worker_id,
            Reason=_said(reason),
        ).call

    def score(self, type_id: str, worker_id: str) -> Score:
        """Return what Amazon holds for this worker now: the qualification, ``NotHeld`` or ``Revoked``."""
        try:
            answer = self._ask(self._read.get_qualification_score, QualificationTypeId=type_id, WorkerId=worker_id)
        except QualificationNotHeld as error:
            return NotHeld(error.call)
        except QualificationRevoked as error:
            return Revoked(error.call)
        return _value(reading.scored, answer)

    def holders(
        self, type_id: str, status: QualificationStatus = QualificationStatus.GRANTED
    ) -> Iterator[RemoteQualification]:
        """Yield every worker with this status, 100 a call. Changed meanwhile, one may come twice or never."""
        return read_pages(self._holders(type_id, status), "Qualifications", reading.remote_qualification)

    def holder_page(
        self, type_id: str, status: QualificationStatus, token: str | None = None
    ) -> Page[RemoteQualification]:
        """One page of `holders`, to go on with later. Amazon may refuse a token that is old: then begin again."""
        return read_page(self._holders(type_id, status), token, "Qualifications", reading.remote_qualification)

    def _holders(self, type_id: str, status: QualificationStatus) -> Callable[[str | None], Answer]:
        return lambda token: self._ask(
            self._read.list_workers_with_qualification_type,
            QualificationTypeId=type_id,
            Status=status.value,  # always said: there is no "both", and left out Amazon lists the granted ones
            MaxResults=PAGE_SIZE,
            NextToken=token,
        )

    # Work that was handed in: where worker ids come from

    def hits(self) -> Iterator[RemoteHit]:
        """Yield the account's HITs, 100 a call, save those deleted (by itself Amazon does so after 120 days)."""
        return read_pages(self._hits, "HITs", reading.remote_hit)

    def hit_page(self, token: str | None = None) -> Page[RemoteHit]:
        """One page of `hits`, to go on with later."""
        return read_page(self._hits, token, "HITs", reading.remote_hit)

    def assignments(
        self, hit_id: str, statuses: Collection[AssignmentStatus] = tuple(AssignmentStatus)
    ) -> Iterator[RemoteAssignment]:
        """Yield what was handed in for a HIT of the account. Raises ``HitNotFound``, ``NotOwner``."""
        return read_pages(self._assignments(hit_id, statuses), "Assignments", reading.remote_assignment)

    def assignment_page(
        self, hit_id: str, statuses: Collection[AssignmentStatus], token: str | None = None
    ) -> Page[RemoteAssignment]:
        """One page of `assignments`, to go on with later."""
        return read_page(self._assignments(hit_id, statuses), token, "Assignments", reading.remote_assignment)

    def _hits(self, token: str | None) -> Answer:
        return self._ask(self._read.list_hits, MaxResults=PAGE_SIZE, NextToken=token)

    def _assignments(self, hit_id: str, statuses: Collection[AssignmentStatus]) -> Callable[[str | None], Answer]:
        return lambda token: self._ask(
            self._read.list_assignments_for_hit,
            HITId=hit_id,
            AssignmentStatuses=[one.value for one in statuses],
            MaxResults=PAGE_SIZE,
            NextToken=token,
        )

    # Workers' own requests

    def requests(self, type_id: str | None = None) -> Iterator[RemoteRequest]:
        """Yield the requests that wait for an answer, of one type or of all the account's types."""

        def fetch(token: str | None) -> Answer:
            return self._ask(
                self._read.list_qualification_requests,
                QualificationTypeId=type_id,
                MaxResults=PAGE_SIZE,
                NextToken=token,
            )

        return read_pages(fetch, "QualificationRequests", reading.remote_request)

    def accept_request(self, request_id: str, value: int) -> CallRecord:
        """Grant what the worker asked for, with this value. It replaces a value the worker already has."""
        return self._change(
            self._mutate.accept_qualification_request, QualificationRequestId=request_id, IntegerValue=value
        ).call

    def reject_request(self, request_id: str, reason: str | None) -> CallRecord:
        """Turn the request down. The worker can read ``reason``. A qualification already held stays."""
        return self._change(
            self._mutate.reject_qualification_request, QualificationRequestId=request_id, Reason=_said(reason)
        ).call

    # Whatever else can be read

    def pass_on(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return Amazon's own answer to a call that only reads, as JSON has it: times are seconds since 1970.

        ``operation`` is Amazon's name of it. Raises ``ValueError`` for one that may change something.
        """
        if not operation.startswith(("Get", "List")):
            raise ValueError(f"{operation} may change something.")
        answer = self._ask(getattr(self._read, xform_name(operation)), **parameters)
        plain: dict[str, Any] = _plain(answer.payload)
        plain.pop("ResponseMetadata", None)
        return plain

    # E-mails to workers

    def notify_workers(
        self, subject: str, text: str, worker_ids: Collection[str]
    ) -> tuple[list[MailRefusal], CallRecord]:
        """Mail up to 100 workers; return those Amazon did not mail. Only who has done work for the account can be.

        Sent again it mails again, and nothing tells afterwards who was mailed: never repeat it after ``Unknown``.
        """
        answer = self._change(
            self._mutate.notify_workers, Subject=subject, MessageText=text, WorkerIds=list(worker_ids)
        )
        return _value(reading.mail_refusals, answer, mutating=True), answer.call

    # ``Any``: boto3's typed methods differ in their keywords, which mypy cannot pass on.

    def _ask(self, method: Any, **parameters: Any) -> Answer:
        return invoke(lambda: method(**_given(parameters)), mutating=False)

    def _change(self, method: Any, **parameters: Any) -> Answer:
        return invoke(lambda: method(**_given(parameters)), mutating=True)


def _plain(value: Any) -> Any:
    """What botocore read, as it came over the wire."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.timestamp()
    return value


def _given(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def _value(reader: reading.Reader[Value], answer: Answer, *, mutating: bool = False) -> Value:
    return reading.read(reader, answer.payload, answer.call, mutating=mutating)


def _said(reason: str | None) -> str | None:
    """A blank reason is none: sent, it could make Amazon mail an empty message."""
    return reason if reason and reason.strip() else None
