"""Headers every answer carries, and the two clocks of a session."""

import time
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

# Everything a browser may offer a page, and no page of ours asks for. Names that Chromium does not know are left
# out: it warns of them on every page.
PERMISSIONS_POLICY: Final = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture",
        "encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer",
        "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get",
        "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip
SIGNED_IN_AT: Final = "signed_in_at"
SEEN_AT: Final = "seen_at"
SEEN_STEP_SECONDS: Final = 60  # how exactly the last click is remembered; a write for every click costs more
POLLING: Final = "HX-Polling"  # sent by pages that ask again by themselves: no click, so no sign of life


class SecurityHeadersMiddleware:
    """Permissions-Policy and CORP everywhere; `no-store` on each page that may show somebody's data.

    Static files keep their far-future caching: whitenoise answers them before a session is looked at.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Django's own middleware sits further in, where what is refused at the door never comes.
        response.headers.setdefault("X-Frame-Options", "DENY")
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class SessionLimitMiddleware:
    """Ends a session that is idle too long, or too old however busy it is.

    A signed-in session without stamps gets them now. `logout` flushes the session and the stamps with it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            self._hold(request, int(time.time()))
        return self.get_response(request)

    def _hold(self, request: HttpRequest, now: int) -> None:
        session = request.session
        started, seen = session.get(SIGNED_IN_AT, now), session.get(SEEN_AT, now)
        if now - started >= settings.SESSION_ABSOLUTE_SECONDS or now - seen >= settings.SESSION_IDLE_SECONDS:
            logout(request)
            return
        if SIGNED_IN_AT not in session:
            session[SIGNED_IN_AT] = now
        clicked = POLLING not in request.headers
        if SEEN_AT not in session or (clicked and now - seen >= SEEN_STEP_SECONDS):
            session[SEEN_AT] = now
