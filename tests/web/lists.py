"""Somebody at the pages of the main job: fills in forms as a browser would, with everything hidden in them."""

import re
from html import unescape
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import Change, Job, Preview, PreviewRow, Qualification, RequesterAccount, User, Worker

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
GOOD = ("A1GOODWORKER01", "A2GOODWORKER02", "A3GOODWORKER03")
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?')


class Someone:
    """A signed-in person with an account in use."""

    def __init__(self, client: Client, user: User, account: RequesterAccount) -> None:
        self.client, self.user = client, user
        client.force_login(user)
        self.use(account)

    def use(self, account: RequesterAccount) -> None:
        """Switch the account in use, as another tab would."""
        session = self.client.session
        session["account"] = str(account.pk)
        session.save()

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def fragment(self, path: str) -> Any:
        return self.client.get(path, headers={"HX-Request": "true"})

    def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields of the page's own forms."""
        response = self.get(path)
        assert response.status_code == 200, response.status_code
        return hidden_of(response)

    def send(self, path: str, *, to: str | None = None, **answers: Any) -> Any:
        """Open `path`, fill in `answers`, send the form (to another address, if its button says so)."""
        fields = self.hidden(path) | answers
        return self.client.post(to or path, {key: value for key, value in fields.items() if value is not None})

    def grant(self, **answers: Any) -> str:
        """Through the form up to the check page. Returns its address."""
        return went_on(self.send("/grant/", **answers))

    def upload(self, name: str, content: bytes, verb: str = "grant") -> Any:
        return self.send("/bulk/", file=SimpleUploadedFile(name, content, "text/csv"), verb=verb)

    def upload_sample(self, name: str) -> str:
        """A file of docs/samples. Returns the address of its columns page."""
        return went_on(self.upload(name, (SAMPLES / name).read_bytes()))

    def columns(self, path: str, **answers: Any) -> Any:
        """Answer the columns page; what is not said stays as the page proposes it."""
        return self.client.post(path, filled_in(self.get(path)) | answers)

    def confirm(self, path: str, **answers: Any) -> Any:
        """Press the button of a check page."""
        return self.send(path, **answers)


def went_on(response: Any) -> str:
    """Where a form led to."""
    assert response.status_code == 302, (response.status_code, text_of(response)[:3000])
    return str(response.headers["Location"])


def hidden_of(response: Any) -> dict[str, str]:
    return {name: unescape(value) for name, value in _HIDDEN.findall(response.content.decode())}


def filled_in(response: Any) -> dict[str, Any]:
    """All fields of the page as a browser would send them untouched."""
    html = response.content.decode()
    fields: dict[str, Any] = dict(hidden_of(response))
    for name, body in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', html, re.S):
        chosen = re.search(r'<option value="([^"]*)"[^>]*? selected', body)
        fields[name] = chosen.group(1) if chosen else ""
    for name, value in re.findall(
        r'<input type="(?:checkbox|radio)" name="(\w+)" value="([^"]*)"[^>]* checked', html
    ):
        fields.setdefault(name, []).append(unescape(value))
    for name, value in re.findall(r'<input type="text" name="(\w+)"(?: value="([^"]*)")?', html):
        fields[name] = unescape(value)
    for name, value in re.findall(r'<textarea name="(\w+)".*?>\n?(.*?)</textarea>', html, re.S):
        fields[name] = unescape(value)
    return {name: value for name, value in fields.items() if not name.startswith("accept")}


def text_of(response: Any) -> str:
    """The page's main part as a person reads it."""
    html = response.content.decode()
    main = re.search(r"<main.*?</main>", html, re.S)
    plain = re.sub(
        r"<(?:script|style|svg).*?</(?:script|style|svg)>", "", main.group(0) if main else html, flags=re.S
    )
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", plain)).split())


def everything() -> dict[str, int]:
    """How many rows there are of everything a page of the main job could change."""
    models = (Preview, PreviewRow, Job, Change, Worker, Qualification)
    return {model.__name__: model.objects.count() for model in models}


def entries_of(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


__all__ = ["GOOD", "SAMPLES", "Someone", "entries_of", "everything", "filled_in", "text_of", "went_on"]
