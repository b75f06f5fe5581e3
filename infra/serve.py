"""How the doors and the projections run as processes of their own; the worker's way is in infra/worker.py."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from infra import telemetry
from infra.ending import STOPPING, leave_within
from infra.ports import refuse_busy
from infra.protocol import KEEP_ALIVE, Bounded
from infra.ready import agree, reach
from infra.settings import Settings, Unusable
from infra.socket import SAID_BYTES, BoundedSocket


class Server(uvicorn.Server):
    """Ends within a known time once it is told to, whoever is away then."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        leave_within(STOPPING)
        super().handle_exit(sig, frame)


def api(settings: Settings) -> None:
    """Serve HTTP until told to stop."""
    _refuse_strangers(settings)
    refuse_busy(settings)
    telemetry.start(settings, "api")
    from infra.api import create  # noqa: PLC0415 - whoever may not listen need not wait for it

    asyncio.run(_prepare(settings))
    Server(config(create(settings), settings)).run()


def config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Say how the doors are served."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=Bounded,
        ws=BoundedSocket,
        ws_max_size=SAID_BYTES,
        ws_per_message_deflate=False,
        # Without proxies to trust, nobody says for another where they are.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=10,
    )


def project(settings: Settings, *, anew: bool) -> None:
    """Write facts into the read models until told to stop."""
    telemetry.start(settings, "project")
    # Imported after the logs are what they shall be.
    from infra import tables  # noqa: PLC0415
    from projections.run import run  # noqa: PLC0415

    asyncio.run(_prepare(settings))
    tables.make(settings, anew=anew)
    uvloop.run(_until_told(run(settings)))


async def _prepare(settings: Settings) -> None:
    await reach(settings)
    await agree(settings)


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)

    def stop() -> None:
        leave_within(STOPPING)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await task


def _refuse_strangers(settings: Settings) -> None:
    """Let only this machine play, and let strangers come only where mail reaches them."""
    if settings.local:
        return
    if settings.dev_login:
        raise Unusable(
            f"Others reach ANNAL_HOST {settings.host} as {settings.url}, and with ANNAL_DEV_LOGIN anybody is whom "
            "they say: leave it out."
        )
    if not settings.smtp_url:
        raise Unusable(
            f"Others reach ANNAL_HOST {settings.host} as {settings.url}, and mail goes nowhere: set ANNAL_SMTP_URL, "
            "so that people can prove their addresses."
        )
