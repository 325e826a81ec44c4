"""Telling of keys before they sign: the list of public keys, and the entry that names an old and a new one."""

from collections.abc import Sequence

from django.conf import settings

from qualadmin.audit.intervals import announced_turns
from qualadmin.audit.keys import read_public_keys, write_public_keys
from qualadmin.audit.notes import VerifyKey
from qualadmin.audit.record import record_now
from qualadmin.audit.types import Context


def tell(context: Context, keys: Sequence[VerifyKey]) -> None:
    """Make known one key, or an old and a new one. What is known already is not told again. Raises KeyFault.

    The sealer asks for this too, so that a key whose making was cut off never signs unheard of.
    """
    path = settings.AUDIT_PUBLIC_KEYS_PATH
    known = read_public_keys(path)
    new = [key for key in keys if key not in known]
    if new:
        write_public_keys(path, [*known, *new])
    if len(keys) == 2 and (str(keys[0]), str(keys[1])) not in announced_turns():
        changes = {"vkey": [str(key) for key in keys]}
        record_now(context, "audit.key.rotated", changes=changes)
