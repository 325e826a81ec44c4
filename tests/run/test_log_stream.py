"""F-45: nobody reads the log, and nothing waits for it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.security.servers import Server

LINES = 5_000  # of a hundred bytes: eight times what a pipe holds
ROUNDS = 12  # of requests; the pipe is full before the first
TALKS = f"""
import logging.config, multiprocessing, os, sys, time
from qualadmin.logs import logging_config
logging.config.dictConfig(logging_config("INFO"))
log = logging.getLogger("qualadmin.test")

def talk(who):
    began = time.monotonic()
    for number in range({LINES}):
        log.info("%s %d %s", who, number, "x" * 60)
    return time.monotonic() - began

took = talk("parent")
child = os.fork()
if not child:
    took = talk("child")
    print("child", took, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print("parent", took, flush=True)
sys.stdin.readline()
log.info("read again")
"""


@pytest.fixture
def talker() -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-c", TALKS]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        patience = threading.Timer(60, process.kill)  # a log that waits would keep us waiting too
        patience.start()
        yield process
        patience.cancel()
        process.kill()


def test_f45_a_log_that_nobody_reads_holds_up_nobody(talker: "subprocess.Popen[str]") -> None:
    assert talker.stdout
    took = dict(talker.stdout.readline().split() for _ in range(2))
    assert set(took) == {"parent", "child"}
    assert all(float(seconds) < 5 for seconds in took.values()), took  # it would be for ever
    _, said = talker.communicate("\n", timeout=30)
    lines = [json.loads(line) for line in said.splitlines()]
    texts = [line["text"] for line in lines]
    # Lines stay whole and in order, what is missing is said, and the newest is there.
    numbers = [int(text.split()[1]) for text in texts if text.startswith("parent ")]
    assert numbers == sorted(numbers)
    assert numbers[0] == 0
    missing = [int(text.split()[0]) for text in texts if "are missing here" in text]
    assert missing
    assert len(numbers) + sum(missing) == LINES + ("read again" not in texts)


def test_f45_a_page_is_answered_while_nobody_reads_the_log(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while os.write(writer, b"x" * 4096):
            pass
    os.set_blocking(writer, True)
    try:
        with Server(tmp_path, "unread", stderr=writer) as server:
            slowest = 0.0
            for _ in range(ROUNDS):
                began = time.monotonic()
                assert server.request("GET", "/no-such-page/").status in {302, 404}
                assert server.request("POST", "/sign-in/").status == 403  # without a token: an entry, and a line
                slowest = max(slowest, time.monotonic() - began)
            assert slowest < 2
            assert len(server.entries("access.csrf_failed")) == ROUNDS
    finally:
        os.close(reader)
        os.close(writer)
