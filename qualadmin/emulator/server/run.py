"""Starting and ending the server: options, READY line, signals."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from qualadmin.emulator import demo_data, seed
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.errors import Environment
from qualadmin.emulator.journal import Journal, JournalError
from qualadmin.emulator.server.application import Application, report
from qualadmin.emulator.server.http import HttpConnection
from qualadmin.emulator.settings import BadSetting, Settings

DEFAULT_PORT = 8089
# One backlog for a burst of new connections: a client may open a few hundred at once.
_BACKLOG = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on, 0 for a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--state", type=Path, help="file that keeps everything across restarts")
    parser.add_argument("--environment", choices=("sandbox", "production"), default="sandbox")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="time each answer takes")
    parser.add_argument("--rate", type=float, default=0.0, help="calls per second and account, 0 for no limit")
    parser.add_argument("--burst", type=float, default=10.0, help="calls at once before the rate applies")
    parser.add_argument("--seed", help="'demo' for the demo data, or a JSON file")


def run(options: dict[str, Any]) -> int:
    """Serve until SIGTERM or SIGINT. Exit status: 0 ended as asked, 1 could not start or go on."""
    try:
        engine = build_engine(options)
    except (JournalError, BadSetting, seed.BadSeed, demo_data.SampleMissing, OSError, ValueError) as error:
        report(str(error))
        return 1
    return asyncio.run(_serve(engine, options["host"], options["port"]))


def build_engine(options: dict[str, Any]) -> Engine:
    environment: Environment = options.get("environment") or "sandbox"
    settings = Settings()
    settings.update({name: options[name] for name in ("latency_ms", "rate", "burst") if name in options})
    state = options.get("state")
    engine = Engine(environment, settings, Journal(Path(state), environment) if state else None)
    if options.get("seed"):
        seed.plant(engine.world, _seed_description(options["seed"]))
        engine.keep()
    return engine


def _seed_description(name: str) -> dict[str, Any]:
    if name == "demo":
        return demo_data.description()
    content = json.loads(Path(name).read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise seed.BadSeed("The seed must be a JSON object.")
    return content


async def _serve(engine: Engine, host: str, port: int) -> int:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    troubles: list[str] = []
    clients: set[HttpConnection] = set()

    def give_up(text: str) -> None:
        troubles.append(text)
        ended.set()

    application = Application(engine, loop, give_up)
    try:
        server = await loop.create_server(
            lambda: HttpConnection(application, clients), host, port, backlog=_BACKLOG
        )
    except OSError as error:
        report(f"Cannot listen on {host} port {port}: {error.strerror}. Choose another --port.")
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    real_port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"READY http://{host}:{real_port} {engine.world.environment}\n")
    sys.stdout.flush()
    await ended.wait()
    server.close()
    for connection in list(clients):
        connection.close()
    await server.wait_closed()
    for text in troubles:
        report(text)
    return 1 if troubles else 0
