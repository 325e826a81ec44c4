"""Addresses of rows. A page of 250 lines asks for hundreds, and Django's `reverse` searches for each anew."""

import uuid
from functools import lru_cache
from typing import Final

from django.urls import get_script_prefix, reverse

_NUMBER: Final = 31_415_926_535  # stands for a key; nothing else in an address looks like it
_UUID: Final = uuid.UUID("5ca1ab1e-0000-4000-8000-000000000000")


def address_of(name: str, key: int | uuid.UUID) -> str:
    """What `reverse(name, args=[key])` gives. Raises NoReverseMatch for a name that takes no such key."""
    before, after = _around(name, isinstance(key, int), get_script_prefix())
    return f"{before}{key}{after}"


@lru_cache(64)
def _around(name: str, is_number: bool, prefix: str) -> tuple[str, str]:
    """The address before and after the key. The prefix is only there to be told apart."""
    stand_in = _NUMBER if is_number else _UUID
    before, _, after = reverse(name, args=[stand_in]).partition(str(stand_in))
    return before, after
