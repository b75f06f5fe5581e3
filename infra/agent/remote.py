"""Asks the doors from a terminal as anybody does: over HTTP, with a token or a key."""

from typing import Any

import aiohttp
import orjson

from infra.settings import Unusable

PATIENCE = 40.0
"""Seconds; doors wait no longer than 30 for anything."""


async def ask(url: str, token: str, method: str, path: str, body: Any = None) -> Any:
    """Give what a door answers. Raises Unusable for a refusal, and while nobody answers."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    sent = orjson.dumps(body) if body is not None else None
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session,
            session.request(method, f"{url}{path}", data=sent, headers=headers) as response,
        ):
            answer = orjson.loads(await response.read())
    except (aiohttp.ClientError, OSError, TimeoutError, orjson.JSONDecodeError) as error:
        raise Unusable(
            f"No door of Annal answers at {url} ({type(error).__name__}): name another with --url."
        ) from None
    if not response.ok:
        raise Unusable(answer.get("detail") or f"The door answers {response.status}.")
    return answer
