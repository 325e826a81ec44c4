"""Where a request really comes from, and what the audit log says about it."""

import uuid
from ipaddress import ip_address
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from qualadmin.audit.types import RequestInfo


class Numbered(HttpRequest):
    """A request that has its number."""

    request_id: str


def number(request: HttpRequest) -> str:
    """Give the request its number, by which logs, entries and answers name it."""
    numbered = cast("Numbered", request)
    numbered.request_id = uuid.uuid4().hex
    return numbered.request_id


def client_ip(request: HttpRequest) -> str | None:
    """The peer, or behind n own proxies the n-th address from the right of X-Forwarded-For.

    Everything further left was written by the sender and is not believed. None when there is no address
    (a unix socket) or it is none.
    """
    candidate = str(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.TRUSTED_PROXIES
    if proxies:
        forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        if len(forwarded) >= proxies:
            candidate = forwarded[-proxies].strip()
    try:
        return str(ip_address(candidate))
    except ValueError:
        return None


def request_info(request: HttpRequest) -> RequestInfo:
    """What audit entries say about a request. The route is the pattern: URLs may one day name something."""
    return RequestInfo(
        id=getattr(request, "request_id", "") or uuid.uuid4().hex,
        ip=client_ip(request),
        method=request.method or "",
        route=_route(request),
        user_agent=request.headers.get("User-Agent", "")[:200],
    )


def _route(request: HttpRequest) -> str:
    try:
        return str((request.resolver_match or resolve(request.path_info)).route)
    except Resolver404:
        return ""
