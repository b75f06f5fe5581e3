"""Clients at the doors: they post, repeat themselves, give up, read what they wrote, and note what they are told."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import aiohttp
import orjson

from infra.faults.asking import PATIENCE, answer, asking_session, in_play
from infra.faults.check.evidence import Evidence, Read, Told
from infra.faults.workload import ACCOUNTS, NEWCOMER, Wish, Workload, anything, chance, invoice

START_PATIENCE = 60.0
TRIES = 4
ACCEPTED = 200

Defined = dict[tuple[str, int], int]
"""Where each version of each kind that clients know of was defined, as an offset in `kind.facts`."""


@dataclass
class Clients:
    """All clients of a run, and what they share."""

    doors: Sequence[str]
    workload: Workload
    random: Random
    evidence: Evidence
    defined: Defined = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    pause: float = 0.05
    _shown: dict[str, dict[str, str]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=count)
    _acknowledged: deque[tuple[str, Told]] = field(default_factory=lambda: deque(maxlen=300))

    async def begin(self) -> None:
        """Sign in, define the kinds that all else is about, and be sure that it is done."""
        async with asking_session() as session, asyncio.timeout(START_PATIENCE):
            for account in (*ACCOUNTS, NEWCOMER):
                self._shown[account] = await in_play(session, self.doors[0], account)
            for command in (anything(), invoice(0)):
                while (command.kind, 1) not in self.defined:
                    wish = Wish("alice", command)
                    await self._post(session, wish, f"define-{command.kind}", {"Prefer": "wait=10"})

    async def live(self) -> None:
        """Ask and read until cancelled."""
        async with asking_session() as session:
            while True:
                if chance(self.random, 0.02):
                    await self._upload(session)
                elif self._acknowledged and chance(self.random, 0.2):
                    await self._look_up(session)
                else:
                    await self._request(session)
                await asyncio.sleep(self.random.random() * 2 * self.pause)

    async def read(self, session: aiohttp.ClientSession, door: str, resource: str, actor: str, **at: Any) -> Read:
        """Get a resource; `at` may say `position` and the `least` version that stands there."""
        headers = dict(self._shown[actor])
        if "position" in at:
            headers["Annal-Min-Position"] = at["position"]
        status, body, _ = await answer(session.get(f"{door}/v1/resources/{resource}", headers=headers))
        return Read(resource, actor, at.get("least", 0), status, body)

    async def _request(self, session: aiohttp.ClientSession) -> None:
        """Ask for something until there is an answer, and sometimes once more."""
        wish = self.workload.wish()
        key = f"key-{next(self._numbers)}" if chance(self.random, 0.8) else None
        headers = self._headers(wish)
        for _ in range(TRIES if key else 1):
            told = await self._post(session, wish, key, headers)
            if told.status and told.status < 500:  # noqa: PLR2004 - it was understood
                break
            await asyncio.sleep(self.random.random())
        if key and chance(self.random, 0.15):
            again = wish if chance(self.random, 0.7) else self._other(wish)
            await self._post(session, again, key, headers)

    def _headers(self, wish: Wish) -> dict[str, str]:
        headers = {}
        if chance(self.random, 0.5):
            headers["Prefer"] = "wait=5"
        version = self.versions.get(wish.command.subject)
        if version and chance(self.random, 0.2):
            headers["If-Match"] = f'"{version}"'
        return headers

    def _other(self, wish: Wish) -> Wish:
        """Ask for something else of the same sort from the same thing."""
        field_name = {"name": "another name", "tags": ("another",), "account": NEWCOMER}
        for name, value in field_name.items():
            if hasattr(wish.command, name):
                return Wish(wish.actor, wish.command.model_copy(update={name: value}))
        return wish

    async def _post(self, session: aiohttp.ClientSession, wish: Wish, key: str | None, headers: dict[str, str]) -> Told:
        door = self.random.choice(self.doors)
        given = {**self._shown[wish.actor], "Content-Type": "application/json", **headers}
        if key:
            given["Idempotency-Key"] = key
        patience = self.random.random() * 0.1 if chance(self.random, 0.03) else PATIENCE
        timeout = aiohttp.ClientTimeout(total=patience)
        address, sent = f"{door}/v1/commands/{wish.command.type}", orjson.dumps(_body(wish))
        asking = session.post(address, data=sent, headers=given, timeout=timeout)
        name = self._name(wish, key)
        with self._noting([name]):
            status, body, location = await answer(asking)
        told = Told(name, status, body, location)
        await self._heard(session, door, wish, told)
        return told

    async def _look_up(self, session: aiohttp.ClientSession) -> None:
        """Ask what became of a command that was acknowledged a moment ago, or a while."""
        actor, told = self.random.choice(self._acknowledged)
        address = f"{self.random.choice(self.doors)}{told.location}"
        status, body, _ = await answer(session.get(address, headers=self._shown[actor]))
        self.evidence.looked_up.append(Told(told.request, status, body, told.location))

    async def _upload(self, session: aiohttp.ClientSession) -> None:
        """Send many commands in one body."""
        wishes = [self.workload.wish() for _ in range(self.random.randrange(2, 40))]
        wishes = [Wish(wishes[0].actor, wish.command) for wish in wishes]
        keys = [f"key-{next(self._numbers)}" for _ in wishes]
        lines = [
            orjson.dumps({"type": wish.command.type, "body": _body(wish), "idempotency_key": key})
            for wish, key in zip(wishes, keys, strict=True)
        ]
        shown = self._shown[wishes[0].actor]
        headers = {**shown, "Content-Type": "application/x-ndjson", "Prefer": "wait=5"}
        door = self.random.choice(self.doors)
        asking = session.post(f"{door}/v1/commands", data=b"\n".join(lines), headers=headers)
        names = [self._name(wish, key) for wish, key in zip(wishes, keys, strict=True)]
        with self._noting(names):
            answers = await _lines(asking, len(lines))
        for name, line in zip(names, answers, strict=True):
            body = line.get("outcome") or line.get("problem") or {}
            self.evidence.told.append(Told(name, line["status"], body, line.get("location")))

    async def _heard(self, session: aiohttp.ClientSession, door: str, wish: Wish, told: Told) -> None:
        """Note an answer, and read what was written, when it says where it stands."""
        self.evidence.told.append(told)
        outcome = told.body
        if told.location is not None:
            self._acknowledged.append((wish.actor, told))
        if told.status != ACCEPTED or outcome.get("status") != "accepted":
            return
        subject, position = outcome["subject"], outcome["position"]
        if wish.command.type == "kind.define":
            self.defined[subject, outcome["version"]] = int(position.rpartition(":")[2])
            return
        self.versions[subject] = outcome["version"]
        if chance(self.random, 0.5):
            at = {"position": position, "least": outcome["version"]}
            self.evidence.reads.append(await self.read(session, door, subject, wish.actor, **at))

    @contextmanager
    def _noting(self, names: Sequence[str]) -> Iterator[None]:
        """Note requests that the end of the run cuts off."""
        try:
            yield
        except asyncio.CancelledError:
            self.evidence.told += [Told(name, 0, {}) for name in names]
            raise

    def _name(self, wish: Wish, key: str | None) -> str:
        """Name a request: with a key, its repeats have the same name."""
        return f"{wish.actor} {key or f'once-{next(self._numbers)}'} {wish.command.type} {wish.command.subject}"


def _body(wish: Wish) -> dict[str, Any]:
    return wish.command.model_dump(mode="json", exclude_none=True)


async def _lines(asking: Any, number: int) -> list[dict[str, Any]]:
    """Give the answer to each line of an upload; status 0 for all when there is none."""
    try:
        async with asking as response:
            text = await response.read()
            if response.status == ACCEPTED:
                return [orjson.loads(line) for line in text.splitlines()]
    except (aiohttp.ClientError, TimeoutError, OSError):
        pass
    return [{"status": 0}] * number
