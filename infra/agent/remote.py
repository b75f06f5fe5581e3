"""Asks the doors from a terminal as anybody does: over HTTP, with a token or a key."""

from typing import Any

import aiohttp
import orjson

from infra.settings import Unusable

PATIENCE = 40.0
"""Seconds; doors wait no longer than 30 for anything."""

WAIT = "wait=30"


class Refused(Unusable):
    """A door refused what it was asked; `status` is what HTTP says of it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


async def ask(url: str, token: str, method: str, path: str, body: Any = None) -> Any:
    """Give what a door answers, of a command what became of it. Raises Refused, and Unusable if nobody answers."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Prefer": WAIT}
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
        raise Refused(response.status, answer.get("detail") or f"The door answers {response.status}.")
    return answer
