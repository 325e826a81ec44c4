"""What can go wrong between us and Amazon, as classes.

``outcome`` says what a caller must do with the change it was carrying:

=========  ==========================================================================================
refused    Amazon said no for good: the change failed
throttled  Amazon said "too fast": nothing happened, send it again later and slower
account    Amazon refused these credentials: nothing happened, pause the account
not_sent   the request never left: nothing happened, it may be sent again
unknown    it may or may not have happened: read back before anything else
=========  ==========================================================================================

``str(error)`` and ``for_people`` never hold Amazon's own text, because that text repeats worker ids. It is in
``message``, shortened and escaped, for the protected part of an audit entry only.
"""

from typing import ClassVar, Literal

from qualadmin.mturk.types import CallRecord, Identity

Outcome = Literal["refused", "throttled", "account", "not_sent", "unknown"]

MESSAGE_LIMIT = 1_000
"""Characters kept of a message of Amazon's, after escaping."""


def printable(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """Return ``text`` with everything that is not printable escaped, cut to ``limit`` characters."""
    kept = text[:limit]  # first, so that a message of megabytes costs nothing
    escaped = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in kept)
    return escaped[:limit]


class MTurkError(Exception):
    """Any call that did not end in a clear success."""

    outcome: ClassVar[Outcome] = "unknown"
    permanent: ClassVar[bool] = False
    """Sending the very same call again cannot help."""
    for_people: str = "Amazon gave an answer we do not understand."

    def __init__(self, call: CallRecord, message: str = "") -> None:
        self.call = call
        self.message = printable(message)
        super().__init__(call, self.message)

    @property
    def code(self) -> str | None:
        """Amazon's error code, such as ``RequestError``, or the name of the network failure."""
        return self.call.code

    @property
    def turk_code(self) -> str | None:
        return self.call.turk_code

    @property
    def http_status(self) -> int | None:
        return self.call.http_status

    @property
    def request_id(self) -> str | None:
        return self.call.aws_request_id

    def __str__(self) -> str:
        codes = ", ".join(part for part in (self.turk_code or self.code, self.request_id) if part)
        return f"{self.for_people} ({codes})" if codes else self.for_people

    def __repr__(self) -> str:
        return f"<{type(self).__name__} code={self.code!r} turk_code={self.turk_code!r} call={self.call!r}>"


class Refused(MTurkError):
    outcome = "refused"
    permanent = True
    for_people = "Amazon refused this. Nothing was changed."


class QualificationNotHeld(Refused):
    for_people = "The worker never held this qualification. Nothing was changed."


class QualificationRevoked(Refused):
    for_people = "The worker's qualification is already revoked. Nothing was changed."


class TypeNotFound(Refused):
    for_people = (
        "Amazon does not know this qualification type. "
        "It may have been deleted, or it belongs to another environment."
    )


class HitNotFound(Refused):
    for_people = (
        "Amazon does not know this HIT. It may have been deleted (Amazon does so by itself after 120 days), or it "
        "belongs to another environment."
    )


class TypeAlreadyExists(Refused):
    for_people = "The account already has a qualification type with this name. Choose another name."


class TypeBeingDeleted(Refused):
    for_people = "This qualification type is being deleted at Amazon. It cannot be used any more."


class RequestGone(Refused):
    for_people = "This request is no longer waiting. It may have been answered elsewhere."


class WorkerNotKnown(Refused):
    for_people = "Amazon does not know this worker in this environment. Check the worker ID."


class NotOwner(Refused):
    for_people = "This belongs to another requester. Only its owner may do this."


class InvalidInput(Refused):
    for_people = "Amazon says that something in this request is not valid. Nothing was changed."


class Throttled(MTurkError):
    outcome = "throttled"
    for_people = "Amazon asked us to slow down. Nothing was changed; it will be sent again."


class AccessRefused(MTurkError):
    outcome = "account"
    for_people = (
        "Amazon refused the account's credentials or its rights. Nothing was changed. "
        "A manager should check the account's access."
    )


class AccountNotLinked(AccessRefused):
    for_people = (
        "This AWS account is not linked to an Amazon Mechanical Turk requester in this environment. "
        "Nothing was changed. A manager should link it on the requester website."
    )


class WrongAccount(AccessRefused):
    """The credentials are good, and somebody else's than the account's."""

    def __init__(self, found: Identity, *, expected: str) -> None:
        super().__init__(found.call or CallRecord(None, None, None, None, 0, 0))
        self.for_people = (
            f"The credentials belong to AWS account {found.aws_account_id}, not to {expected}. "
            "Nothing was sent. A manager should check the profile or role."
        )


class NotSent(MTurkError):
    outcome = "not_sent"
    for_people = "Amazon could not be reached. Nothing was sent."


class IdentityNotKnown(NotSent):
    """Amazon did not say whose credentials these are, so the call that was wanted was not made."""

    for_people = "Amazon did not say to whom the account's credentials belong. Nothing was sent; try again."


class CredentialsMissing(NotSent):
    """No credentials, or none that can be read: a setting is wrong on this machine."""

    for_people = (
        "The account's credentials were not found on this machine. Nothing was sent. "
        "A manager should check the account's profile or role."
    )


class InvalidParameters(NotSent):
    """botocore refused the parameters before sending: a mistake in this program, or in an id it was given."""

    permanent = True
    for_people = "The request was not valid and was not sent. Check the IDs."


class Unknown(MTurkError):
    outcome = "unknown"
    for_people = "No clear answer came from Amazon. We do not know yet whether it was done; we will check."


class NoAnswer(Unknown):
    """A read without a clear answer. It changed nothing and may be asked again."""

    for_people = "No clear answer came from Amazon. Nothing was changed; try again."


class ListingBroken(NoAnswer):
    """Amazon's pages went round in a circle or did not end. What was read so far is not the whole list."""

    for_people = "Amazon's list did not come to an end. It was read only in part; try again later."
