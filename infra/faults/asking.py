"""Asking at the doors: who asks is signed in for play, and an answer is its status, body and Location."""

import asyncio
from typing import Any

import aiohttp
import orjson

PATIENCE = 12.0
"""Seconds until a client gives up on an answer."""


def asking_session(patience: float = PATIENCE) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=patience))


async def answer(asking: Any) -> tuple[int, dict[str, Any], str | None]:
    """Give status, body and Location; status 0 when there is no answer."""
    try:
        async with asking as response:
            return response.status, orjson.loads(await response.read() or b"{}"), response.headers.get("Location")
    except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError):
        return 0, {}, None


async def in_play(session: aiohttp.ClientSession, door: str, account: str) -> dict[str, str]:
    """Sign in for play, and give the header that shows it; it is good for a day, at every door."""
    while True:
        status, body, _ = await answer(session.post(f"{door}/v1/dev/login", json={"account": account}))
        if status == 200:  # noqa: PLR2004 - OK
            return {"Authorization": f"Bearer {body['access_token']}"}
        await asyncio.sleep(0.5)
