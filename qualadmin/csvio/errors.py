"""The one exception of this package."""

from __future__ import annotations


class InputRefused(Exception):
    """The whole file or text cannot be used. Faults of single rows are reported as lines instead.

    ``message`` is for the user: what is wrong, where, what to do. ``line`` is the 1-based line of the
    file, if there is one place to point at. ``code`` is stable and for programs and tests.
    """

    def __init__(self, message: str, *, code: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.line = line
