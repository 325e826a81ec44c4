"""Tags for what every page shows: icons, states, times, numbers, links that keep the rest of the address."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import heroicons
from django import template
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from qualadmin.core import days
from qualadmin.web.addresses import address_of
from qualadmin.web.statuses import look_of
from qualadmin.web.words import UNKNOWN, grouped, since

register = template.Library()
_SINGULARS: Final = {"entries": "entry", "people": "person", "studies": "study"}
DRAWN: Final = 256  # icons kept: more than all pages show


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """A heroicon as inline SVG, hidden from screen readers: words always stand beside it.

    An unknown name raises heroicons.IconDoesNotExist.
    """
    return _drawn(str(name) + "", size)


@lru_cache(DRAWN)
def _drawn(name: str, size: int) -> SafeString:
    """The icon's markup. A page of fifty rows shows a hundred; drawing each anew took an eighth of its time."""
    # Attributes only, no style and no script inside, so the strict content policy holds. Drawn small, the lines
    # of the 24-pixel original need more weight to stay as strong as the letters beside them.
    attributes: dict[str, object] = {"aria-hidden": "true", "stroke-width": "2" if size <= 16 else "1.75"}
    return SafeString(heroicons._render_icon("outline", name, size, attributes))


@register.simple_tag
def pill(state: Any, label: str = "") -> SafeString:
    """A state as icon, word and colour. `state` is the stored value; `label` replaces its usual word."""
    return _pill(str(state) + "", str(label) + "")


@lru_cache(DRAWN)
def _pill(state: str, label: str) -> SafeString:
    look = look_of(state)
    return format_html('<span class="pill {}">{}{}</span>', look.tone, icon(look.icon, 16), label or look.word)


@register.filter
def number(value: int | None) -> str:
    """1234 as `1,234`; nothing known as `–`, which is never the same as 0. For people, never for `value=`."""
    return UNKNOWN if value is None else grouped(value)


@register.simple_tag
def counted(value: int | None, singular: str, plural: str = "") -> str:
    """`1 worker`, `2 workers`, `1,234 workers`."""
    noun = singular if value == 1 else (plural or f"{singular}s")
    return f"{number(value)} {noun}"


@register.filter
def noun_of(plural: str, results: Any) -> str:
    """`plural`, or its singular where the list has one row in all: `1 entry`, `1 of 12 entries`."""
    if (results.total or results.count).number != 1:
        return plural
    return _SINGULARS.get(plural, plural.removesuffix("s"))


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago: `just now`, `5 min ago`, `3 h ago`, `2 days ago`; a coming moment as `in 5 min`."""
    return UNKNOWN if moment is None else since(moment, timezone.now())


@register.filter
def iso(moment: datetime) -> str:
    """A moment for `datetime=`: seconds and offset, no microseconds (HTML allows no more than three digits)."""
    return timezone.localtime(moment).isoformat(timespec="seconds")


@register.filter
def day(moment: datetime) -> str:
    """The day of a moment in the reader's zone as `2026-11-23`; far cheaper than Django's `date` in long lists."""
    return timezone.localtime(moment).date().isoformat()


@register.filter
def last_day(end: datetime) -> str:
    """The last day before something ends, in the zone of the installation: `2026-12-31`."""
    return days.last_day(end).isoformat()


@register.filter
def clock(moment: datetime) -> str:
    """The time of a moment in the reader's zone as `14:05`."""
    return timezone.localtime(moment).isoformat(timespec="minutes")[11:16]


@register.simple_tag
def when(moment: datetime | None, age: bool = True, day: datetime | None = None) -> str:
    """A moment in the reader's zone as `2026-11-23 14:05`, with its age beside it unless `age=False`.

    On the day of `day` it is `14:05:09` instead.
    """
    if moment is None:
        return UNKNOWN
    local = timezone.localtime(moment)
    stamp = local.isoformat(" ", "seconds")
    same_day = day is not None and timezone.localtime(day).date() == local.date()
    html = time_tag(local, stamp[11:19] if same_day else stamp[:16])
    return SafeString(f'{html} <span class="ago">{ago(moment)}</span>') if age else html


def time_tag(local: datetime, text: str, more: str = "") -> SafeString:
    """`text` for a moment in the reader's zone; pointed at, it says the second, the zone, and `more`.

    Long lists draw a hundred thousand characters of these: string formatting takes a tenth of the time that a
    template of its own takes.
    """
    iso = local.isoformat(timespec="seconds")
    title = escape(f"{iso[:10]} {iso[11:19]} {timezone.get_current_timezone_name()}{more}")
    return SafeString(f'<time class="nowrap" datetime="{iso}" title="{title}">{escape(text)}</time>')


@register.simple_tag
def zone() -> str:
    """The name of the zone times are shown in, for table heads: `Europe/Berlin`."""
    return timezone.get_current_timezone_name()


@register.simple_tag(takes_context=True)
def qs(context: RequestContext, **changes: Any) -> str:
    """This page's query with some keys replaced; a key given as None or "" is left out."""
    query = context["request"].GET.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if value not in (None, ""):
            query[key] = str(value)
    encoded = query.urlencode()
    return f"?{encoded}" if encoded else "?"


@register.filter
def get(mapping: Mapping[str, Any], key: str) -> Any:
    """`mapping[key]`, or None where there is no such key."""
    return mapping.get(key)


@register.simple_tag(takes_context=True)
def worker(context: RequestContext, worker: Any, stream: str, link: bool = True) -> SafeString:
    """A worker in a study or account: the id with a copy button, or the pseudonym for people who may not see ids.

    The link names the worker by a number that is the same in all studies, so a pseudonym has none, save that of
    an erased worker towards people who see ids.
    """
    sees_ids = bool(context.get("shows_worker_ids", False))
    shows_id = bool(sees_ids and worker.worker_id)
    link = link and sees_ids
    name = escape(worker.worker_id if shows_id else worker.pseudonym_in(stream))
    classes = "mono" if shows_id else "mono nowrap"
    url = escape(address_of("worker-detail", worker.pk)) if link else ""
    html = f'<a class="{classes}" href="{url}">{name}</a>' if link else f'<span class="{classes}">{name}</span>'
    return SafeString(
        f'<span class="wid">{html}{_COPY.format(name, icon("square-2-stack"))}</span>' if shows_id else html
    )


_COPY: Final = '<button class="copy" type="button" data-copy="{0}" aria-label="Copy {0}" title="Copy">{1}</button>'


@register.simple_tag
def row_url(name: str, key: int | uuid.UUID) -> str:
    """`{% url name key %}` for rows of long lists: the URLs are looked through once, not for each row."""
    return address_of(name, key)


@register.inclusion_tag("components/_guard.html", takes_context=True)
def form_guard(context: RequestContext) -> dict[str, Any]:
    """What each form that changes something carries: token, form key, account, environment, person."""
    request = context["request"]
    return {
        "csrf_token": context.get("csrf_token"),
        "account": getattr(request, "account", None),
        "person": getattr(request, "user", None),
        "form_key": context.get("form_key") or new_form_key(),
    }


def new_form_key() -> str:
    """A key under which the outcome of one form is kept, so that sending it twice does it once."""
    return uuid.uuid4().hex
