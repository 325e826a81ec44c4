"""How a supervisor learns that what it started works."""

import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self


class Beat:
    """The socket on which `run_worker` says that the heart beats (systemd's notification protocol)."""

    def __init__(self, folder: str) -> None:
        self.address = str(Path(folder) / "notify")
        self._heard = False

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)
        return self

    def __exit__(self, *unused: object) -> None:
        self._socket.close()

    def heard(self) -> bool:
        """True once READY=1 has come."""
        while not self._heard:
            try:
                self._heard = b"READY=1" in self._socket.recv(4096)
            except BlockingIOError:
                break
        return self._heard


def listens(port: int) -> bool:
    """True if something accepts connections on this port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(port: int, path: str) -> bool:
    """True if GET on this machine gives a 2xx answer."""
    if not listens(port):
        return False
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return 200 <= int(response.status) < 300
    except (OSError, urllib.error.URLError):
        return False
