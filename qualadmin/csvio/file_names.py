"""File names: those of people are only shown, those of downloads are made by the program."""

from __future__ import annotations

import re
import unicodedata

from qualadmin.csvio.characters import is_invisible

_NOT_SAFE = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_STEM = 60


def shown_file_name(name: str, limit: int = 80) -> str:
    """An uploaded file's name for display and records: no folder, no control or hidden characters, cut.

    It still has to be escaped where it is shown, and no path is ever made of it.
    """
    last = re.split(r"[/\\]", name[-4096:])[-1]
    hidden = {"Cc", "Cs", "Co", "Zl", "Zp"}
    visible = "".join(char for char in last if not is_invisible(char) and unicodedata.category(char) not in hidden)
    visible = " ".join(visible.split())
    if not visible.strip("."):
        return "file without a name"
    return visible if len(visible) <= limit else f"{visible[: limit - 9]}…{visible[-8:]}"


def download_name(*parts: str, extension: str = "csv") -> str:
    """An ASCII file name from words of the program, safe inside ``Content-Disposition``."""
    joined = "-".join(parts)
    plain = unicodedata.normalize("NFKD", joined[:1000]).encode("ascii", errors="ignore").decode("ascii")
    stem = _NOT_SAFE.sub("-", plain).strip("-").lower()[:_LONGEST_STEM].strip("-")
    # The prefix also keeps away from names such as "con", which Windows reserves.
    return f"qualadmin-{stem or 'export'}.{_NOT_SAFE.sub('', extension) or 'csv'}"
