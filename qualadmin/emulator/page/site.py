"""From a request to a page: which one, who may, what to say, what to remember.

A web page in somebody's browser can post forms to any port of this machine. So a form is taken only from
this address and with the token that our own pages carry; `server.names` sees to it that this address is ours.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from qualadmin.emulator.control import ControlError
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.page import (
    calls,
    clock,
    hits,
    mail,
    misbehave,
    qualifications,
    reset,
    tests,
    work,
    workers,
)
from qualadmin.emulator.page.frame import document, empty
from qualadmin.emulator.page.html import Html
from qualadmin.emulator.page.visit import HOME, PREFIX, Done, Notice, Page, Visit
from qualadmin.emulator.server.http import HttpRequest

PAGES: dict[str, Page] = {
    HOME: workers.PAGE,
    f"{PREFIX}qualifications": qualifications.PAGE,
    f"{PREFIX}test": tests.PAGE,
    f"{PREFIX}hits": hits.PAGE,
    f"{PREFIX}work": work.PAGE,
    f"{PREFIX}mail": mail.PAGE,
    f"{PREFIX}calls": calls.PAGE,
    f"{PREFIX}clock": clock.PAGE,
    f"{PREFIX}misbehave": misbehave.PAGE,
    f"{PREFIX}reset": reset.PAGE,
}
_STYLE = (Path(__file__).parent / "style.css").read_bytes()
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    # Not "no-referrer": browsers would then send "Origin: null" with our own forms.
    ("Referrer-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
]
_WORKER_ID = re.compile(r"A[A-Z0-9]{1,63}", re.ASCII)


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Site:
    """All pages of one environment."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._token = secrets.token_urlsafe(24)

    @staticmethod
    def has(path: str) -> bool:
        """Whether a path belongs to the pages; the others under /_emulator/ are the JSON interface's."""
        return path in ("/_emulator", HOME) or path.startswith(PREFIX)

    def answer(self, request: HttpRequest) -> Answer:
        url = urlsplit(request.target)
        if url.path == "/_emulator":
            return Answer(308, [("Location", HOME)], b"")
        if url.path == f"{PREFIX}style.css":
            return Answer(
                200, [("Content-Type", "text/css; charset=utf-8"), ("Cache-Control", "no-cache")], _STYLE
            )
        if request.method not in ("GET", "POST"):
            return _plain(405, "Pages are read with GET, and their forms sent with POST.")
        memory = _Memory(request)
        visit = Visit(self._engine, url.path, self._token, dict(parse_qsl(url.query)), worker_id=memory.worker_id)
        page = PAGES.get(url.path)
        if page is None:
            return _page(visit, 404, "Not found", empty("There is no such page here."), memory)
        if request.method == "POST":
            return self._act(page, visit, request, memory)
        visit.notice = memory.said
        return _show(page, visit, 200, memory, forgets=memory.said is not None)

    def _act(self, page: Page, visit: Visit, request: HttpRequest, memory: _Memory) -> Answer:
        try:
            visit.form = self._form(request)
            action = page.actions.get(visit.sent("do"))
            if action is None:
                raise ControlError(400, "This button is not known. Load the page again.")
            done = action(visit)
        except ControlError as error:
            visit.notice = Notice("refused", error.message)
            return _show(page, visit, error.status, memory)
        return _go_on(done, visit, memory)

    def _form(self, request: HttpRequest) -> dict[str, list[str]]:
        headers = request.headers
        if headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
            raise ControlError(415, "Send the form as a browser does.")
        host = headers.get("host", "")
        own = headers.get("origin", f"http://{host}") in (f"http://{host}", f"https://{host}")
        if not own or headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise ControlError(403, "This form came from another page. Nothing was changed.")
        try:
            form = parse_qs(request.body.decode(), keep_blank_values=True, max_num_fields=1000)
        except ValueError:
            raise ControlError(400, "The form could not be read. Nothing was changed.") from None
        if not secrets.compare_digest(form.get("token", [""])[0].encode(), self._token.encode()):
            text = "This page is from before the emulator was started. Nothing was changed; please do it again."
            raise ControlError(403, text)
        return form


class _Memory:
    """What the browser keeps for us: the worker chosen, and what the next page has to say. Cookies do not know
    ports, so their names do: another emulator may run beside this one."""

    def __init__(self, request: HttpRequest) -> None:
        port = request.headers.get("host", "").rpartition(":")[2]
        self._worker = f"emulator_worker_{port if port.isdigit() else '80'}"
        self._said = f"emulator_said_{port if port.isdigit() else '80'}"
        pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
        kept = {name: unquote(value) for name, _, value in pairs}
        worker_id = kept.get(self._worker, "")
        self.worker_id = worker_id if _WORKER_ID.fullmatch(worker_id) else None
        self.said = Notice("done", kept[self._said]) if kept.get(self._said) else None

    def keep_worker(self, worker_id: str) -> tuple[str, str]:
        return self._cookie(self._worker, worker_id, 365 * 86_400)

    def keep_said(self, text: str) -> tuple[str, str]:
        return self._cookie(self._said, text[:400], 60)

    def forget_said(self) -> tuple[str, str]:
        return self._cookie(self._said, "", 0)

    @staticmethod
    def _cookie(name: str, value: str, seconds: int) -> tuple[str, str]:
        return "Set-Cookie", f"{name}={quote(value)}; Path={HOME}; Max-Age={seconds}; HttpOnly; SameSite=Strict"


def _show(page: Page, visit: Visit, status: int, memory: _Memory, *, forgets: bool = False) -> Answer:
    return _page(visit, status, page.title, page.show(visit), memory, forgets=forgets)


def _page(visit: Visit, status: int, title: str, body: Html, memory: _Memory, *, forgets: bool = False) -> Answer:
    headers = [*_HEADERS, memory.forget_said()] if forgets else _HEADERS
    return Answer(status, headers, document(visit, title, body))


def _go_on(done: Done, visit: Visit, memory: _Memory) -> Answer:
    """Back to a page by GET, so that loading it again repeats nothing."""
    back = f"{visit.path}?{urlencode(visit.query)}" if visit.query else visit.path
    headers = [("Location", done.path or back), memory.keep_said(done.text)]
    if done.worker_id is not None:
        headers.append(memory.keep_worker(done.worker_id))
    return Answer(303, headers, b"")


def _plain(status: int, text: str) -> Answer:
    return Answer(status, [("Content-Type", "text/plain; charset=utf-8")], f"{text}\n".encode())
