"""Listeners of a run: they hear facts from the first on, connect again after every cut, and note all they are told."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import orjson

from infra.faults.asking import answer
from infra.faults.check.evidence import Evidence, Listened
from infra.faults.workload import chance

PATIENCE = aiohttp.ClientTimeout(total=None, connect=5, sock_read=40)
"""Whoever hears nothing for so long was forgotten: a door says something every 15 s."""

CUT_AFTER = (0.2, 6.0)
"""Seconds after which a listener hangs up by itself."""

LAST_WORDS = 45.0
"""Seconds until all have heard the last fact, once everything else has caught up."""

Wanted = tuple[str, str, tuple[str, ...], tuple[str, ...]]

ALL: tuple[Wanted, ...] = (
    ("ada", "auditor", (), ()),
    ("ada", "auditor", ("resource",), ()),
    ("ada", "auditor", ("resource",), ("resource.renamed", "resource.tagged")),
    ("ada", "auditor", ("account", "session"), ()),
    ("alice", "member", ("resource",), ()),
)
"""Who listens, in which role, to which domains and types."""


@dataclass
class Listeners:
    """All listeners of a run. While `last` no one hangs up by itself."""

    doors: Sequence[str]
    random: Random
    evidence: Evidence
    last: bool = False
    _shown: list[dict[str, str]] = field(default_factory=list)

    async def begin(self) -> None:
        """Sign in, for play."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            for account, role, domains, types in ALL:
                name = f"{account} {'/'.join(types or domains) or 'everything'}"
                self.evidence.listened.append(Listened(name, domains, types, whole=role == "auditor", account=account))
                self._shown.append(await self._sign_in(session, account, role))

    async def _sign_in(self, session: aiohttp.ClientSession, account: str, role: str) -> dict[str, str]:
        while True:
            asking = session.post(f"{self.doors[0]}/v1/dev/login", json={"account": account, "roles": [role]})
            _, body, _ = await answer(asking)
            if "access_token" in body:
                return {"Authorization": f"Bearer {body['access_token']}"}
            await asyncio.sleep(0.5)

    async def live(self, number: int) -> None:
        """Listen until cancelled, at one door and then at another."""
        listened, shown = self.evidence.listened[number], self._shown[number]
        query = [*(("domain", each) for each in listened.domains), *(("type", each) for each in listened.types)]
        async with aiohttp.ClientSession(timeout=PATIENCE) as session:
            while True:
                door = self.random.choice(list(self.doors))
                asked = [*query, ("since", "beginning")]
                headers = shown | ({"Last-Event-ID": listened.last} if listened.last else {})
                try:
                    async with session.get(f"{door}/v1/facts", params=asked, headers=headers) as response:
                        await self._hear(response, listened)
                except (aiohttp.ClientError, TimeoutError, OSError):
                    listened.cuts += 1
                await asyncio.sleep(self.random.random())

    async def until(self, ends: dict[tuple[str, int], int]) -> list[str]:
        """Wait until all have come to the ends of the journals; name those that have not in time."""
        self.last = True
        until = time.monotonic() + LAST_WORDS
        behind = [each.name for each in self.evidence.listened]
        while behind and time.monotonic() < until:
            await asyncio.sleep(0.5)
            behind = [each.name for each in self.evidence.listened if not each.reached(ends)]
        return [f"the listener {name} has not heard all" for name in behind]

    async def _hear(self, response: aiohttp.ClientResponse, listened: Listened) -> None:
        """Note events until the door or the listener has enough."""
        if response.status != 200:  # noqa: PLR2004 - OK
            listened.refused.append(f"{response.status} {(await response.text())[:300]}")
            return
        over = time.monotonic() + self.random.uniform(*CUT_AFTER)
        event: dict[str, str] = {}
        async for line in response.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                event[name] = value
                continue
            if "data" in event:
                _note(event, listened)
            event = {}
            if not self.last and time.monotonic() > over and chance(self.random, 0.05):
                listened.cuts += 1
                return


def _note(event: dict[str, str], listened: Listened) -> None:
    data: dict[str, Any] = orjson.loads(event["data"])
    if event["event"] == "ended":
        listened.refused.append(f"ended {data['code']}")
    elif event["event"] != "reached":
        listened.facts.append((data["position"], data.get("fact_id", "")))
    listened.last = event["id"]
