"""Messages for tests, written and confirmed as people do."""

from collections.abc import Sequence

from qualadmin.core.actions.message_recipients import from_ids
from qualadmin.core.actions.messages import confirm_message, draft_message, write_message
from qualadmin.core.models import Message, RequesterAccount, Study, User

SUBJECT, TEXT = "Wave 4 is open", "Dear worker,\n\nwave 4 of our study is open until Friday."


def make_draft(
    person: User, account: RequesterAccount, ids: Sequence[str], *, study: Study | None = None, text: str = TEXT
) -> Message:
    """A draft with its text."""
    found = from_ids(content="\n".join(ids).encode())
    draft = draft_message(actor=person.as_actor(), account=account, recipients=found)
    return write_message(actor=person.as_actor(), message=draft, subject=SUBJECT, text=text, study=study)


def make_message(person: User, account: RequesterAccount, ids: Sequence[str], **more: object) -> Message:
    """A message that was confirmed."""
    draft = make_draft(person, account, ids, **more)  # type: ignore[arg-type]
    return confirm_message(actor=person.as_actor(), message_id=draft.pk, seen=str(draft.audit_id))


def states_of(message: Message) -> dict[str, int]:
    """How many recipients are in each state."""
    found: dict[str, int] = {}
    for state in message.recipients.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
