"""Pseudonyms: what a worker is called towards people who may not see worker IDs, and in files that are passed on.

Each study has a key of its own, so one worker has one pseudonym within it and another in every other study. What
belongs to no study goes by the account. The keys are made from a secret outside the database; what is encoded is
our own number of the worker, never the ID: the key alone finds nobody among IDs that somebody collected elsewhere,
and a worker who was erased keeps the name.
"""

import hmac
import re
from base64 import b32encode
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.conf import settings

PREFIX: Final = "W-"
LENGTH: Final = 10  # letters of base32: 50 bits, so that two of a million workers share one once in 2,000 studies
PSEUDONYM: Final = re.compile(r"W-[A-Z2-7]{10}")
_KEY_OF: Final = b"qualadmin/pseudonym/v1\0"
_ERASED: Final = b"qualadmin/erased/v1\0"


def pseudonym(worker: UUID, stream: str) -> str:
    """`W-` and ten letters for the worker of this number, within one stream of the log (`study:sleep`)."""
    digest = hmac.digest(_key(settings.PSEUDONYM_KEY, stream), worker.bytes, "sha256")
    return PREFIX + b32encode(digest[:10]).decode()[:LENGTH]


def erased_digest(worker_id: str) -> str:
    """By what an erased worker's ID is known again: it cannot be computed, nor tried out, without the key."""
    return hmac.digest(settings.PSEUDONYM_KEY.encode(), _ERASED + worker_id.encode(), "sha256").hex()


@lru_cache(maxsize=1_000)
def _key(secret: str, stream: str) -> bytes:
    return hmac.digest(secret.encode(), _KEY_OF + stream.encode(), "sha256")
