"""How much of a large job is written in one transaction: on SQLite every other save waits for it."""

from typing import Final

AT_ONCE: Final = 1000  # more changes than this are not written while a person waits, but part by part
PART: Final = 250  # changes of one part
LINES: Final = 1000  # lines of a list: they are working data, have no entries and take less time
