"""What one worker sees of a world: types to ask for, what they hold, what they have asked for."""

from __future__ import annotations

from collections.abc import Iterator

from qualadmin.emulator.holders import Grant
from qualadmin.emulator.records import QualificationType, Request
from qualadmin.emulator.world import World


def open_types(world: World) -> list[QualificationType]:
    """Types workers can ask for, newest first."""
    rows = [row for row in world.types.values() if _is_open(row)]
    return sorted(rows, key=lambda row: row.created_at, reverse=True)


def _is_open(row: QualificationType) -> bool:
    return not row.is_system and row.status == "Active" and row.deleted_at is None


def held(world: World, worker_id: str) -> Iterator[tuple[QualificationType, Grant]]:
    """Granted and revoked qualifications of types that are still there."""
    for type_id, row in world.types.items():
        grant = world.grant(type_id, worker_id)
        if grant is not None and row.deleted_at is None:
            yield row, grant


def asked(world: World, worker_id: str) -> list[Request]:
    """The worker's own requests, oldest first."""
    return sorted(world.request_book.of_worker(worker_id), key=lambda row: row.submitted_at)
