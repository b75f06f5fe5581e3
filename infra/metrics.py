"""Shows the metrics and the health of a process that has no door of its own, on a loopback port."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from infra.settings import Unusable

HOST = "127.0.0.1"


@asynccontextmanager
async def shown(
    port: int, name: str, health: Callable[[], dict[str, str]], ready: Callable[[], bool]
) -> AsyncIterator[list[str]]:
    """Serve /metrics, /healthz and /readyz while the block runs, and give the addresses.

    `name` is the setting that chose the port. Health answers 200 as long as the process does: one that waits for a
    server is not helped by being started again. /readyz answers 503 until it does its work. Raises Unusable when the
    port is taken.
    """

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response(health())

    async def readyz(_: web.Request) -> web.Response:
        well = ready()
        return web.json_response({"ready": well, **health()}, status=200 if well else 503)

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/healthz", healthz), web.get("/readyz", readyz)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            raise Unusable(f"Port {port} of {HOST} is in use: set {name} to another, or to 0 for any.") from error
        yield [f"http://{host}:{port}" for host, port in runner.addresses]
    finally:
        await runner.cleanup()
