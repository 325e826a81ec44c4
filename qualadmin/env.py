"""Typed readers for the `QUALADMIN_*` environment. Faults are collected, so that a start lists all."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
DATABASE_ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")


class ConfigurationError(Exception):
    """The environment does not describe a service that can start. `problems`: one sentence for each fault."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__(self.text())

    def text(self) -> str:
        """The whole list, for a terminal."""
        lines = [f"  * {problem}" for problem in self.problems]
        first, last = (
            "qualadmin cannot start. These settings need attention:",
            "Nothing was started or changed.",
        )
        return "\n".join([first, *lines, last])


@dataclass(frozen=True)
class Reading:
    """One setting as it was read: what `manage.py config` prints."""

    name: str
    value: str
    given: bool
    secret: bool
    about: str


class Environment:
    """Reads settings by name and remembers each reading and each fault.

    A reader never raises: on a fault it notes a sentence and returns the default (or an empty value), so that
    the remaining settings are still looked at. Call `finish()` after the last reader.
    """

    def __init__(self, source: Mapping[str, str]) -> None:
        self._source = source
        self.readings: dict[str, Reading] = {}
        self.problems: list[str] = []

    def text(
        self,
        name: str,
        default: str | None = None,
        *,
        about: str,
        choices: Iterable[str] = (),
        pattern: str = "",
        missing_ok: bool = True,
    ) -> str:
        """A line of text; `choices` or `pattern` (a whole match) limit it."""
        value = self._take(name, default, about=about, missing_ok=missing_ok)
        allowed = tuple(choices)
        if allowed and value not in allowed:
            self._fault(name, f"is {value!r}; it must be one of {', '.join(allowed)}")
            return default or allowed[0]
        if value and pattern and not re.fullmatch(pattern, value):
            self._fault(name, f"is {value!r}, which does not look right")
        return value

    def secret(
        self, name: str, default: str | None = None, *, about: str, required: bool = False, least: int = 0
    ) -> str:
        """A secret, from NAME or from the file that NAME_FILE names (such as a mounted container secret).

        One that is given must have `least` characters.
        """
        path = self._source.get(f"{name}_FILE", "")
        if path and self._source.get(name):
            self._fault(name, f"is given twice; set {name} or {name}_FILE, not both")
        value = self._source.get(name, "") or (self._read_file(name, Path(path)) if path else "")
        given = bool(value)
        if not value and required and not path:
            self._fault(name, f"is missing ({about}); set it, or {name}_FILE to the path of a file that holds it")
        if 0 < len(value) < least:
            self._fault(name, f"is shorter than {least} characters")
        value = value or (default or "")
        self.readings[name] = Reading(name, value, given=given, secret=True, about=about)
        return value

    def flag(self, name: str, default: bool, *, about: str) -> bool:
        """True or false."""
        value = self._take(name, "true" if default else "false", about=about).lower()
        if value in TRUE:
            return True
        if value not in FALSE:
            self._fault(name, f"is {value!r}; it must be true or false")
            return default
        return False

    def number(self, name: str, default: int, *, about: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        value = self._take(name, str(default), about=about)
        if re.fullmatch(r"[0-9]{1,12}", value) and low <= int(value) <= high:
            return int(value)
        self._fault(name, f"is {value!r}; it must be a whole number from {low} to {high}")
        return default

    def words(self, name: str, default: Iterable[str] = (), *, about: str, missing_ok: bool = True) -> list[str]:
        """A list, separated by commas."""
        value = self._take(name, ",".join(default), about=about, missing_ok=missing_ok)
        return [word.strip() for word in value.split(",") if word.strip()]

    def url(self, name: str, default: str = "", *, about: str, schemes: Iterable[str]) -> str:
        """An address with one of the `schemes`. A password inside is masked by `manage.py config`."""
        value = self._take(name, default, about=about)
        parts = urlsplit(value)
        if value and (parts.scheme not in set(schemes) or not parts.netloc):
            self._fault(name, f"must be an address that starts with {' or '.join(f'{s}://' for s in schemes)}")
            return default
        return value

    def database(self, name: str, default: str, *, about: str) -> dict[str, Any]:
        """Django's database dictionary from `sqlite:////path` or `postgres://user:password@host:port/name`."""
        value = self._take(name, default, about=about)
        try:
            parsed: dict[str, Any] = environ.Env.db_url_config(value)
        except (ValueError, KeyError, TypeError, environ.ImproperlyConfigured):
            parsed = {}
        if parsed.get("ENGINE") not in DATABASE_ENGINES or not parsed.get("NAME"):
            self._fault(name, "must be sqlite:////path/to/file or postgres://user:password@host:port/name")
            return dict(environ.Env.db_url_config(default))
        return parsed

    def email(self, name: str, *, about: str) -> dict[str, Any]:
        """Django's EMAIL_* settings from `smtp+tls://user:password@host:587`; empty where nothing is set."""
        value = self.url(name, about=about, schemes=("smtp", "smtp+tls", "smtp+ssl"))
        try:
            parsed: dict[str, Any] = environ.Env.email_url_config(value) if value else {}
        except ValueError:
            parsed = {}
        if value and not parsed.get("EMAIL_HOST"):
            self._fault(name, "must be smtp+tls://user:password@host:587, smtp+ssl:// or smtp://")
            return {}
        return parsed

    def unknown(self, prefix: str, also_known: Iterable[str]) -> list[str]:
        """Names in the environment that begin with `prefix` and that nobody read: most likely misspelt."""
        known = {*self.readings, *(f"{name}_FILE" for name in self.readings), *also_known}
        return sorted(name for name in self._source if name.startswith(prefix) and name not in known)

    def refuse(self, name: str, why: str) -> None:
        """Note a fault that only shows when settings are read together."""
        self._fault(name, why)

    def finish(self) -> None:
        """Raise ConfigurationError with every fault found, if there is one."""
        if self.problems:
            raise ConfigurationError(self.problems)

    def _take(self, name: str, default: str | None, *, about: str, missing_ok: bool = True) -> str:
        raw = self._source.get(name, "").strip()
        if not raw and not missing_ok and not default:
            self._fault(name, f"is missing ({about})")
        value = raw or (default or "")
        self.readings[name] = Reading(name, value, given=bool(raw), secret=False, about=about)
        return value

    def _read_file(self, name: str, path: Path) -> str:
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            self._fault(f"{name}_FILE", f"names {path}, which cannot be read: {reason}")
            return ""
        if not value:
            self._fault(f"{name}_FILE", f"names {path}, which is empty")
        return value

    def _fault(self, name: str, sentence: str) -> None:
        self.problems.append(f"{name} {sentence}.")


def masked(reading: Reading) -> str:
    """The value as it may be shown: a secret only as set or not set, a password inside an address hidden."""
    if reading.secret:
        return "(set, not shown)" if reading.value else "(not set)"
    return re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:…@", reading.value)
