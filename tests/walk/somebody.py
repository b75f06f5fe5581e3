"""Somebody at the doors, over HTTP: with an address that nobody else has, a password, and what they were given."""

import asyncio
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

PASSWORD = "eleven kites above the salt marsh"  # noqa: S105 - of nobody
WAIT = {"Prefer": "wait=20"}
PATIENCE = 20.0
"""Seconds within which mail comes and what changed is felt."""


class Somebody:
    """A person; `door` is where they ask."""

    def __init__(self, door: httpx2.AsyncClient, name: str, address: str | None = None) -> None:
        self.door = door
        self.name = name
        self.address = address or f"{name.lower()}.{uuid.uuid4().hex[:12]}@people.example"
        self.account = self.token = self.refresh = ""

    @property
    def shown(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.door.post(path, json=body, headers=WAIT | self.shown | said)

    async def ask(self, command: str, expect: int = 200, **body: Any) -> dict[str, Any]:
        answer = await self.post(f"/v1/commands/{command}", body)
        assert answer.status_code == expect, (command, answer.text)
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, path: str, **query: Any) -> httpx2.Response:
        return await self.door.get(path, params=query, headers=self.shown)

    async def register(self, password: str = PASSWORD) -> None:
        opened = await self.ask("account.open", address=self.address, password=password, display_name=self.name)
        self.account = opened["account_id"]

    async def mailed(self, subject: str, to: str | None = None) -> str:
        """Give the token of the newest mail with such a subject."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            kept = (await self.door.get("/v1/dev/inbox", params={"to": to or self.address})).json()["items"]
            found = [re.search(r'"token": "([^"]+)"', mail["text"]) for mail in kept if subject in mail["subject"]]
            if found and found[-1]:
                return found[-1][1]
            await asyncio.sleep(0.1)
        raise AssertionError(f"no mail came about: {subject}")

    async def sign_in(self, expect: int = 200, password: str = PASSWORD, **more: Any) -> httpx2.Response:
        sent = {"address": self.address, "password": password, **more}
        answer = await self.door.post("/v1/sessions", json=sent)
        assert answer.status_code == expect, answer.text
        if expect == 200:
            found = answer.json()
            self.token, self.refresh = found["access_token"], found.get("refresh_token", "")
        return answer


async def somebody(door: httpx2.AsyncClient, name: str) -> Somebody:
    """Give a person who is registered, verified and signed in."""
    person = Somebody(door, name)
    await person.register()
    await person.ask("account.verify_address", token=await person.mailed(""))
    await felt(lambda: door.post("/v1/sessions", json={"address": person.address, "password": PASSWORD}), 200)
    await person.sign_in()
    return person


async def played(door: httpx2.AsyncClient, name: str, *roles: str) -> Somebody:
    """Give somebody who is signed in for play, with these roles."""
    person = Somebody(door, name)
    answer = await door.post("/v1/dev/login", json={"account": name, "roles": roles})
    person.account, person.token = name, answer.json()["access_token"]
    return person


async def felt(ask: Callable[[], Awaitable[httpx2.Response]], *statuses: int) -> httpx2.Response:
    """Wait until a door answers with one of these statuses."""
    until = time.monotonic() + PATIENCE
    while (answer := await ask()).status_code not in statuses:
        assert time.monotonic() < until, answer.text
        await asyncio.sleep(0.05)
    return answer


def told(answer: httpx2.Response) -> tuple[int, dict[str, str], str]:
    """Give all that an answer says but for what is another of each request: its time and its trace."""
    trace = answer.headers.get("Annal-Request", "")
    kept = {name: value for name, value in answer.headers.items() if name not in ("date", "annal-request")}
    return answer.status_code, kept, answer.text.replace(trace, "") if trace else answer.text
