"""Names under which the emulator's controls answer.

Whoever owns a domain can point one of its names at 127.0.0.1, and a browser then lets that site's pages read and
send here as if it were their own server. Nobody can do that with an address, `localhost`, or a name without a dot.
"""

from __future__ import annotations

import re

REFUSAL = (
    "The controls answer under an IP address, localhost or a name without a dot, as in http://127.0.0.1:8089/."
)
_OWN = re.compile(r"([0-9.]+|\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_-]+)(:[0-9]+)?", re.ASCII)


def is_own_name(host: str) -> bool:
    """`host` is the Host header, with or without a port."""
    return _OWN.fullmatch(host) is not None
