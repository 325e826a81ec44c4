"""What the check page says. Headline, tiles and button take their numbers from here, so they can't differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from qualadmin.core.actions.jobs import TYPED_COUNT_FROM
from qualadmin.core.models import GIVES, Environment, Job, Preview, PreviewRow, Verb

from .statuses import Look, look_of
from .words import grouped

PLACES: Final = {
    Environment.EMULATOR: "in the emulator",
    Environment.SANDBOX: "in sandbox",
    Environment.PRODUCTION: "in production",
}
#: Row classes of the stylesheet, and the sign at the head of the row.
GROUPS: Final = {
    PreviewRow.Group.NEW: ("new", "+"),
    PreviewRow.Group.SCORE: ("change", "~"),
    PreviewRow.Group.SAME: ("same", "="),
    PreviewRow.Group.REVOKE: ("revoke", "−"),
    PreviewRow.Group.REJECT: ("reject", "−"),
    PreviewRow.Group.PROBLEM: ("bad", "!"),
    PreviewRow.Group.LEFT: ("left", "≠"),
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A group with its count; the link filters the lines below."""

    label: str
    value: int
    url: str
    current: bool
    attention: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many would be granted and taken away, and the sentences made of it."""

    grants: int
    revokes: int
    requests: int
    several_types: bool
    environment: Environment
    needs_approval: bool = False
    undoes: bool = False
    rejects: int = 0
    accepts: bool = False  # what is granted was asked for by the workers themselves

    @property
    def total(self) -> int:
        return self.grants + self.revokes + self.rejects

    @property
    def headline(self) -> str:
        if not self.total:
            return "Nothing is left to undo" if self.undoes else "Nothing to do in this list"
        if self.rejects:
            return f"Check before rejecting {self._requests(self.rejects)}"
        if self.accepts:
            return f"Check before accepting {self._requests(self.grants)}"
        if self.grants and self.revokes:
            return f"Check before granting {grouped(self.grants)} and taking away {grouped(self.revokes)}"
        if self.grants:
            return f"Check before granting {self._counted(self.grants)}"
        return f"Check before taking away from {self._counted(self.revokes)}"

    @property
    def button(self) -> str:
        deed = self._deed
        return f"Ask to {deed[0].lower()}{deed[1:]}" if self.needs_approval else deed

    @property
    def _deed(self) -> str:
        place = PLACES[self.environment]
        if self.rejects:
            return f"Reject {self._requests(self.rejects)} {place}"
        if self.accepts:
            return f"Accept {self._requests(self.grants)} {place}"
        if self.grants and self.revokes:
            return f"Grant {grouped(self.grants)} and take away {grouped(self.revokes)} {place}"
        if self.grants:
            return f"Grant {self._counted(self.grants)} {place}"
        return f"Take away from {self._counted(self.revokes)} {place}"

    @property
    def must_type(self) -> bool:
        """In production, more workers than a slip of the mouse should reach."""
        return self.environment == Environment.PRODUCTION and self.total > TYPED_COUNT_FROM

    @staticmethod
    def _requests(count: int) -> str:
        return f"{grouped(count)} request{'s' if count != 1 else ''}"

    def _counted(self, count: int) -> str:
        noun = "qualification" if self.several_types and self.grants else "worker"
        return f"{grouped(count)} {noun}{'s' if count != 1 else ''}"


def tally_of(preview: Preview, *, needs_approval: bool = False) -> Tally:
    counts = preview.counts
    return Tally(
        grants=counts.get("new", 0) + counts.get("score", 0),
        revokes=counts.get("revoke", 0),
        requests=counts.get("requests", 0),
        several_types=len(preview.options.get("types", {})) > 1,
        environment=Environment(preview.account.environment),
        needs_approval=needs_approval,
        undoes=preview.source == Preview.Source.UNDO,
        rejects=counts.get("reject", 0),
        accepts=preview.verb == Verb.ACCEPT,
    )


def tiles_of(preview: Preview, chosen: str) -> list[Tile]:
    """The groups. Choosing the one that is shown leads back to all lines."""
    tiles = []
    for group in PreviewRow.Group:
        if group not in _groups_of(preview):
            continue
        count = preview.counts.get(group.value, 0)
        current = chosen == group.value
        tiles.append(
            Tile(
                label=group.label,
                value=count,
                url="?" if current else f"?group={group.value}",
                current=current,
                attention=group is PreviewRow.Group.PROBLEM,
                note="skipped" if group is PreviewRow.Group.SAME and count else "",
            )
        )
    return tiles


def _groups_of(preview: Preview) -> set[PreviewRow.Group]:
    """The groups that lines of such a list can be in."""
    group = PreviewRow.Group
    match preview.verb:
        case Verb.ACCEPT:
            return {group.NEW, group.SCORE, group.PROBLEM}
        case Verb.REJECT:
            return {group.REJECT, group.PROBLEM}
    left = {group.LEFT} if preview.source == Preview.Source.UNDO else set()
    return {group.NEW, group.SCORE, group.SAME, group.REVOKE, group.PROBLEM} | left


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table."""

    row: PreviewRow
    style: str
    sign: str
    look: Look

    @property
    def note(self) -> str:
        """What stands in the last column: why, or at least what."""
        if self.row.group == PreviewRow.Group.SCORE:
            # From what to what stands in the columns beside it.
            return f"{self.look.word}. {self.row.why}" if self.row.why else self.look.word
        return self.row.why or self.look.word

    @property
    def column(self) -> str:
        """The column at fault, where naming it says something that the note does not say."""
        column = self.row.column
        return "" if column == "column 1" or self.row.why.startswith(column) else column

    @property
    def can_be_accepted(self) -> bool:
        """A correction is proposed and not used yet."""
        return bool(self.row.proposal and not self.row.worker_id)

    @property
    def was_corrected(self) -> bool:
        return bool(self.row.proposal and self.row.worker_id)


def lines_of(rows: list[PreviewRow]) -> Iterator[Line]:
    for row in rows:
        style, sign = GROUPS[PreviewRow.Group(row.group)]
        yield Line(row, style, sign, look_of(style))


def requests_sentence(tally: Tally, type_name: str) -> str:
    """What a grant means for those who have asked themselves; "" where nobody has."""
    count = tally.requests
    if not count:
        return ""
    who = "1 of these workers has asked" if count == 1 else f"{grouped(count)} of these workers have asked"
    return (
        f"{who} for {type_name} themselves. Granting does not answer the request: it stays. "
        "Accepting it later may change the score; rejecting it leaves the score."
    )


def facts_of(preview: Preview, tally: Tally, type_names: list[str]) -> list[tuple[str, str]]:
    """Terms and texts beside the button."""
    facts = [("Type" if len(type_names) == 1 else "Types", ", ".join(type_names) or "–")]
    if preview.verb in GIVES and preview.score is not None:
        facts.append(("Score for all", grouped(preview.score)))
    if preview.options.get("by_key"):
        facts.append(("Score", "What the key makes of each one’s answers"))
    if preview.origin and not tally.undoes:
        facts.append(("Selected", preview.origin))
    facts.append(("Account", preview.account.name))
    facts.append(("Study", str(preview.study) if preview.study else "None"))
    if tally.grants and (end := end_words(preview)):
        facts.append(("Held", end))
    if tally.rejects:
        facts.append(("The workers read", "Your reason" if preview.revoke_reason else "No reason"))
    if tally.grants and not tally.accepts:
        facts.append(("E-mail", "Yes, from Amazon" if preview.notify else "No"))
    if tally.revokes:
        facts.append(("Taken away", "With a reason they read" if preview.revoke_reason else "Silently"))
    return facts


def end_words(one: Preview | Job) -> str:
    """How long what is granted is held: `until 2026-12-31 (UTC)`; "" for without an end."""
    if one.hold_until is not None:
        return f"Until {one.hold_until.isoformat()} ({settings.TIME_ZONE}), then taken away silently"
    if one.hold_days is not None:
        days = f"{grouped(one.hold_days)} day{'s' if one.hold_days != 1 else ''}"
        return f"{days} after the day of the grant ({settings.TIME_ZONE}), then taken away silently"
    return ""


def emails_of(preview: Preview, tally: Tally) -> list[str]:
    """The e-mail choices said again, in full; empty where nobody gets one."""
    sentences = []
    if tally.grants and preview.notify:
        sentences.append(f"Amazon will e-mail {_each(tally.grants)} about the new qualification or score.")
    if tally.revokes and preview.revoke_reason:
        sentences.append(f"Amazon will e-mail {_each(tally.revokes)} it is taken from, with your reason.")
    return sentences


def _each(count: int) -> str:
    return "the 1 worker" if count == 1 else f"each of the {grouped(count)} workers"
