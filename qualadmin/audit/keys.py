"""The two files of a signing key: the private half for the sealer alone, and the list of public keys beside it.

While a key is being replaced the private file has two lines, old then new, and the next checkpoint is signed by
both. The public list keeps every key there was, oldest first.
"""

import stat
from collections.abc import Sequence
from pathlib import Path

from qualadmin.audit.durable import write_whole
from qualadmin.audit.notes import NoteFault, SigningKey, VerifyKey


class KeyFault(NoteFault):
    """A key file is missing, readable by others, or does not hold keys. The text says what to do."""


def read_signing_keys(path: Path) -> list[SigningKey]:
    """One key, or old and new. Raises KeyFault."""
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise KeyFault(
            f"The signing key {path} cannot be read ({why}). Make one: manage.py audit_keygen"
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeyFault(
            f"Others may read the signing key {path}. Nothing is signed. Replace it: audit_keygen --rotate"
        )
    try:
        keys = [SigningKey.from_text(line) for line in lines if line.strip()]
    except NoteFault as fault:
        raise KeyFault(f"{path}: {fault}") from None
    if not 1 <= len(keys) <= 2:
        raise KeyFault(f"{path} holds {len(keys)} keys. It holds one, or two while a key is being replaced.")
    return keys


def write_signing_keys(path: Path, keys: Sequence[SigningKey], *, new: bool = False) -> None:
    """Replace the file in one step, readable by its owner alone. `new` raises KeyFault if it is there already."""
    content = "".join(f"{key.to_text()}\n" for key in keys).encode()
    if new and path.exists():
        raise KeyFault(f"{path} is there already. To replace the key: manage.py audit_keygen --rotate")
    write_whole(path, content, mode=0o600)


def read_public_keys(path: Path) -> list[VerifyKey]:
    """Oldest first; empty if there is no such file. Raises KeyFault."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFault(f"The public keys {path} cannot be read: {error}") from None
    try:
        return [VerifyKey.from_text(line) for line in lines if line.strip()]
    except NoteFault as fault:
        raise KeyFault(f"{path}: {fault}") from None


def write_public_keys(path: Path, keys: Sequence[VerifyKey]) -> None:
    """The list, readable by everybody."""
    write_whole(path, "".join(f"{key}\n" for key in keys).encode(), mode=0o644)
