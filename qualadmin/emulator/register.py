"""Makes moto know Mechanical Turk. The only file that touches moto's private registry.

Moto looks a call's host up in a list of patterns and then imports `moto.<service>`; it gets one entry in each
place.
"""

from __future__ import annotations

import importlib
import re
import sys

import moto
from moto import backend_index, backends

SERVICE = "mturk"


class RegistrationFailed(RuntimeError):
    """This version of moto finds its services in another way."""


def register() -> None:
    """Register the service; again and again does no harm. Raises RegistrationFailed."""
    try:
        _enter()
    except (ImportError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RegistrationFailed(_advice()) from error


def _enter() -> None:
    package = importlib.import_module("qualadmin.emulator.service")
    urls = importlib.import_module("qualadmin.emulator.service.urls")
    sys.modules[f"moto.{SERVICE}"] = package
    setattr(moto, SERVICE, package)
    known = {(name, pattern.pattern) for name, pattern in backend_index.backend_url_patterns}
    for base in urls.url_bases:
        if (SERVICE, base) not in known:
            backend_index.backend_url_patterns.append((SERVICE, re.compile(base)))
    found: object = backends.get_backend(SERVICE)  # type: ignore[call-overload]
    if found is not getattr(package, f"{SERVICE}_backends"):
        raise RegistrationFailed(_advice())


def _advice() -> str:
    return (
        f"moto {getattr(moto, '__version__', '')} no longer finds services as moto.<name>. "
        "Use the version named in pyproject.toml or adapt qualadmin/emulator/register.py."
    )
