"""Somebody without a browser: gets the emulator's pages, reads their token, posts their forms, keeps cookies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from typing import NamedTuple
from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"


class Seen(NamedTuple):
    status: int
    headers: dict[str, str]
    html: str

    @property
    def notice(self) -> str:
        found = re.search(r'<p class="notice [a-z]+" role="[a-z]+">(.*?)</p>', self.html, re.DOTALL)
        return unescape(found[1]) if found else ""

    @property
    def text(self) -> str:
        """The page without its markup."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.html)).split())


class Surfer:
    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self.cookies: dict[str, str] = {}

    def get(self, path: str = "", **headers: str) -> Seen:
        """`path` below /_emulator/."""
        return self._send("GET", f"/_emulator/{path}", None, headers)

    def post(self, path: str, fields: Mapping[str, object], **headers: str) -> Seen:
        """Load the page, then post its form with the token it carries, and follow where that leads. A page with
        no form at the moment is posted to from an older view of it, with the token of the start page."""
        pattern = r'name="token" value="([^"]+)"'
        token = re.search(pattern, self.get(path).html) or re.search(pattern, self.get().html)
        content = {"token": token[1] if token else "", **fields}
        body = urlencode(content, doseq=True)
        seen = self._send("POST", f"/_emulator/{path}", body, {"content-type": FORM, **headers})
        if seen.status == 303:
            return self._send("GET", seen.headers["location"], None, {})
        return seen

    def _send(self, method: str, target: str, body: str | None, headers: dict[str, str]) -> Seen:
        connection = HTTPConnection(*self._address, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, target, body=body, headers=sent)
            response = connection.getresponse()
            html = response.read().decode()
        finally:
            connection.close()
        self._keep_cookies(response)
        return Seen(response.status, {name.lower(): value for name, value in response.getheaders()}, html)

    def _keep_cookies(self, response: HTTPResponse) -> None:
        for line in response.headers.get_all("Set-Cookie", []):
            assert "HttpOnly" in line
            assert "SameSite=Strict" in line
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0;" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
