"""Starting and ending the server: options, READY line, signals."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple

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
    parser.add_argument(
        "--port", type=int, help=f"port of a single world, 0 for a free one (default {DEFAULT_PORT})"
    )
    parser.add_argument("--sandbox-port", type=int, help="port of a sandbox; with --production-port two worlds")
    parser.add_argument("--production-port", type=int, help="port of a production world")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--state", type=Path, help="file that keeps everything across restarts")
    parser.add_argument("--environment", choices=("sandbox", "production"), help="of the single world: sandbox")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="time each answer takes")
    parser.add_argument("--rate", type=float, default=0.0, help="calls per second and account, 0 for no limit")
    parser.add_argument("--burst", type=float, default=10.0, help="calls at once before the rate applies")
    parser.add_argument("--seed", help="'demo' for the demo data, or a JSON file")
    parser.add_argument(
        "--access-key",
        action="append",
        default=[],
        metavar="ID:SECRET",
        help="an access key that may call, beside all that begin with AKIADEMO; may be repeated",
    )


class BadOptions(ValueError):
    """Options that do not go together; the text says which."""


class Site(NamedTuple):
    """A world and where it is served."""

    engine: Engine
    port: int


def run(options: dict[str, Any]) -> int:
    """Serve until SIGTERM or SIGINT. Exit status: 0 ended as asked, 1 could not start or go on."""
    try:
        sites = build_sites(options)
    except (JournalError, BadSetting, seed.BadSeed, demo_data.SampleMissing, OSError, ValueError) as error:
        report(str(error))
        return 1
    return asyncio.run(_serve(sites, options["host"]))


def build_sites(options: dict[str, Any]) -> list[Site]:
    """The worlds that the options ask for: one, or a sandbox and a production world that share nothing."""
    ports = _ports(options)
    both = len(ports) > 1
    sites: list[Site] = []
    for environment, port in ports.items():
        state = Path(f"{options['state']}.{environment}") if both and options["state"] else options["state"]
        # No id exists in both environments, so the types and HITs of a seed go into the first world alone.
        sites.append(Site(_build_engine(options, environment, state, seeded=not sites), port))
    return sites


def _ports(options: dict[str, Any]) -> dict[Environment, int]:
    wanted: dict[Environment, int | None] = {
        "sandbox": options["sandbox_port"],
        "production": options["production_port"],
    }
    ports = {environment: port for environment, port in wanted.items() if port is not None}
    if not ports:
        return {options["environment"] or "sandbox": DEFAULT_PORT if options["port"] is None else options["port"]}
    if options["port"] is not None or options["environment"]:
        raise BadOptions(
            "--port and --environment are for a single world. Leave them out where an environment has a port."
        )
    return ports


def _build_engine(
    options: dict[str, Any], environment: Environment, state: Path | None, *, seeded: bool
) -> Engine:
    settings = Settings()
    settings.update({name: options[name] for name in ("latency_ms", "rate", "burst")})
    engine = Engine(environment, settings, Journal(Path(state), environment) if state else None)
    description = _seed_description(options["seed"]) if options["seed"] else {"accounts": {}}
    keys = [
        dict(zip(("access_key", "secret"), given.split(":", 1), strict=False)) for given in options["access_key"]
    ]
    planted = {**description, "access_keys": [*description.get("access_keys", ()), *keys]}
    seed.plant(engine.world, planted if seeded else {"accounts": {}, "access_keys": planted["access_keys"]})
    engine.keep()
    return engine


def _seed_description(name: str) -> dict[str, Any]:
    if name == "demo":
        return demo_data.description()
    content = json.loads(Path(name).read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise seed.BadSeed("The seed must be a JSON object.")
    return content


async def _serve(sites: list[Site], host: str) -> int:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    troubles: list[str] = []
    clients: set[HttpConnection] = set()
    servers: list[asyncio.Server] = []

    def give_up(text: str) -> None:
        troubles.append(text)
        ended.set()

    for engine, port in sites:
        try:
            servers.append(await _listen(Application(engine, loop, give_up), clients, host, port))
        except OSError as error:
            report(f"Cannot listen on {host} port {port}: {error.strerror}. Choose another --port.")
            return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    for site, server in zip(sites, servers, strict=True):
        real_port = server.sockets[0].getsockname()[1]
        sys.stdout.write(f"READY http://{host}:{real_port} {site.engine.world.environment}\n")
    sys.stdout.flush()
    await ended.wait()
    await _end(servers, clients)
    for text in troubles:
        report(text)
    return 1 if troubles else 0


async def _listen(application: Application, clients: set[HttpConnection], host: str, port: int) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: HttpConnection(application, clients), host, port, backlog=_BACKLOG)


async def _end(servers: list[asyncio.Server], clients: set[HttpConnection]) -> None:
    for server in servers:
        server.close()
    for connection in list(clients):
        connection.close()
    for server in servers:
        await server.wait_closed()
