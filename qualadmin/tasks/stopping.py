"""How a long task learns that its cluster is to end.

django-q2 tells only its own loops; a task that runs is not interrupted. The watchdog therefore leaves a note
in the state folder, and a drain looks for it before it claims more work. A file and not a row, because it
concerns the processes of this machine alone and must work when the database is busy.
"""

from pathlib import Path

from django.conf import settings


def _note() -> Path:
    return Path(settings.VAR_DIR) / f"cluster-{settings.CLUSTER_NAME}.stopping"


def asked() -> bool:
    """True if the task should finish what it has in hand and claim nothing more. One `stat` call."""
    return _note().exists()


def ask() -> None:
    """Leave the note."""
    _note().parent.mkdir(parents=True, exist_ok=True)
    _note().touch()


def clear() -> None:
    """Take the note away: a new cluster starts."""
    _note().unlink(missing_ok=True)
