"""The outbox: mails Amazon would have sent to workers."""

from __future__ import annotations

from functools import partial

from qualadmin.emulator.packed import look
from qualadmin.emulator.page.frame import empty, moment, search, section, table
from qualadmin.emulator.page.html import Child, Html, fragment, tag
from qualadmin.emulator.page.log import Log, leaf, older_are_left, pager
from qualadmin.emulator.page.visit import Page, Visit
from qualadmin.emulator.records import Mail


def show(visit: Visit) -> Html:
    log = _log(visit)
    shown = leaf(visit, log)
    if shown.rows:
        body: Child = table("Mails, newest first", ("When", "To", "About", "Text"), map(_row, shown.rows))
    elif older_are_left(log, shown):
        body = empty("None of these mails is to this worker. Go on with the older ones.")
    elif log.filtered:
        body = empty("No mail to this worker yet.")
    else:
        body = empty("No mail yet. Granting with SendNotification sends one.")
    return fragment(mine_only(visit), section("Outbox", body, pager(visit, log, shown), note=_NOTE))


def _log(visit: Visit) -> Log[Mail]:
    outbox, mine = visit.world.outbox, bool(visit.query.get("mine")) and visit.worker_id is not None

    def wanted(mail: Mail) -> bool:
        return not mine or mail.worker_id == visit.worker_id

    return Log(partial(look, outbox, wanted), 1, len(outbox), mine)


def _row(mail: Mail) -> tuple[Child, ...]:
    return moment(mail.at), tag("code", mail.worker_id), mail.kind.capitalize(), mail.text


_NOTE = "None of these left this machine. Newest first."


def mine_only(visit: Visit, *fields: Child) -> Html | None:
    """The filter for the worker chosen, with other fields beside it."""
    if visit.worker_id is None:
        return search(visit, *fields) if fields else None
    box = tag("input", type="checkbox", name="mine", value="1", checked=bool(visit.query.get("mine")))
    return search(visit, *fields, tag("label", box, f" Only about {visit.worker_id}", class_="check"))


PAGE = Page("Mail", show, {})
