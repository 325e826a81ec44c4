"""How a message stands, in numbers and sentences."""

from qualadmin.core.models import Message

from .words import grouped

State = Message.State


class MailProgress:
    """One look at a message. Asks nothing of the database."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.is_open = message.state == State.RUNNING or (
            message.state == State.STOPPED and message.finished_at is None
        )
        self.ended = message.total - message.planned
        self.percent = 100 * self.ended // message.total if message.total else 100

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What stands above the bar."""
        one = self.message
        facts = [("Mailed", grouped(one.done)), ("Not mailed", grouped(one.failed))]
        facts += [("Not known", grouped(one.unknown))] if one.unknown else []
        facts += [("Given up", grouped(one.cancelled))] if one.cancelled else []
        return [*facts, ("Still to be sent", grouped(one.planned))]

    @property
    def tone(self) -> str:
        """The colour of the bar."""
        if self.is_open:
            return ""
        one = self.message
        reached = one.state == State.FINISHED and one.done and not one.unknown
        return "done" if reached else "halted"

    @property
    def sentence(self) -> str:
        """`400 of 1,200 workers, a hundred with each call.`"""
        one = self.message
        if self.is_open:
            rests = " It goes on by itself in a while: Amazon did not take the last call." if one.tries else ""
            return f"{grouped(self.ended)} of {_workers(one.total)}, up to a hundred with each call.{rests}"
        if one.state == State.FINISHED and one.done == one.total:
            return "Everybody was mailed." if one.total > 1 else "The worker was mailed."
        if not one.done:
            return "Nobody is known to have been mailed. The lines below say why."
        return f"{grouped(one.done)} of {_workers(one.total)} mailed. The lines below say why others were not."


def _workers(count: int) -> str:
    return f"{grouped(count)} worker{'s' if count != 1 else ''}"
