"""Which character separates the cells, and whether there are cells or only a list of ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from qualadmin.csvio.headers import has_known_name
from qualadmin.csvio.records import sample_widths
from qualadmin.csvio.worker_ids import looks_like_worker_id

SEPARATORS = (",", ";", "\t", "|")
SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "blank"}
_SAMPLE = 200
_SAMPLE_CHARACTERS = 262_144
_LIST_SEPARATOR = re.compile(r"[,;\t]")
_EXCEL_LINE = re.compile(r'\ufeff?"?sep=([^\r\n])"?[,;\t]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shape:
    """How one separator divides the beginning of a text."""

    separator: str
    width: int
    known_names: bool
    id_share: float
    steady_share: float
    several_ids: bool
    filled_columns: int

    @property
    def is_table(self) -> bool:
        """Several columns in most of the rows, and not simply ids side by side."""
        if self.width < 2 or self.filled_columns < 2:
            return False
        return self.known_names or (self.steady_share > 0.5 and not self.several_ids)

    @property
    def rank(self) -> tuple[bool, bool, float, float, int]:
        return (self.is_table, self.known_names, self.id_share, self.steady_share, self.width)


def excel_separator(text: str) -> tuple[str, int] | None:
    """The separator that Excel's first line ``sep=;`` names, and where the rest begins."""
    found = _EXCEL_LINE.match(text)
    return (found.group(1), found.end()) if found else None


def measure(text: str, separator: str) -> Shape:
    """Divide the first rows with one separator and look at the outcome."""
    sample = sample_widths(text[:_SAMPLE_CHARACTERS], separator, _SAMPLE)
    if not sample:
        return Shape(separator, 0, False, 0.0, 0.0, False, 0)
    known = has_known_name(sample[0])
    width = len(sample[0]) if known else usual_width(sample)
    steady = sum(len(cells) == width for cells in sample) / len(sample)
    ids = [sum(_count_ids(cell) for cell in cells) for cells in sample]
    with_ids = sum(any(map(looks_like_worker_id, cells)) for cells in sample) / len(sample)
    several = sum(count > 1 for count in ids) * 2 >= max(1, sum(count > 0 for count in ids))
    filled = {index for cells in sample for index, cell in enumerate(cells) if cell.strip()}
    return Shape(separator, width, known, with_ids, steady, several, len(filled))


def _count_ids(cell: str) -> int:
    """How many ids a cell holds; more than one where the separators of a list are mixed."""
    return sum(looks_like_worker_id(part) for part in _LIST_SEPARATOR.split(cell))


def best_shape(text: str) -> Shape:
    """The separator that makes most sense; the first in order where two make the same."""
    return max((measure(text, separator) for separator in SEPARATORS), key=lambda shape: shape.rank)


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """The most frequent number of cells; of equals the larger, so that short rows are the faulty ones."""
    counts = Counter(len(cells) for cells in rows)
    return max(counts, key=lambda width: (counts[width], width)) if counts else 0
