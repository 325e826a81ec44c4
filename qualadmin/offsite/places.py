"""What a place for notes must do."""

from collections.abc import Iterator
from typing import Protocol


class Unreachable(Exception):
    """The place cannot be written to or read now. Trying again later may help."""


class Conflict(Exception):
    """Another note of this size is published already. Trying again never helps; somebody must look."""


class Place(Protocol):
    """Notes by size. A note that is there stays as it is."""

    @property
    def name(self) -> str:
        """How the place is called on pages and in the log."""

    def put(self, size: int, note: str) -> None:
        """Publish; the same note a second time changes nothing. Raises Unreachable or Conflict."""

    def notes(self) -> Iterator[tuple[str, str]]:
        """Name and text of every note there. Raises Unreachable."""


def file_name(size: int) -> str:
    """Twenty digits, so that names sort like sizes."""
    return f"{size:020d}.note"
