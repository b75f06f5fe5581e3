"""Somebody at the doors: has an address that others want too, signs in, goes on for a while, and leaves."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from infra.faults.asking import answer
from infra.faults.check.evidence import Exchange
from infra.faults.workload import chance

NEVER = "nobody ever had this one, said the walrus"
"""A password that nobody ever has."""

TRIES = 5
MAILED_WITHIN = 60.0
WAIT = {"Prefer": "wait=8"}
OK, PENDING, REFUSED, SERVER = 200, 202, 401, 500


@dataclass
class Person:
    """One person, who notes all exchanges in `exchanges`.

    `passwords` are those of which the last one that a door took is not known; `over` takes the newest tokens of
    sessions that have ended for sure.
    """

    name: str
    address: str
    session: aiohttp.ClientSession
    doors: list[str]
    random: Random
    exchanges: list[Exchange]
    over: list[str]
    account: str = ""
    passwords: list[str] = field(default_factory=list)
    former: list[str] = field(default_factory=list)
    access: str = ""
    session_id: str = ""
    tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.passwords = [f"seven lamps on the quay, {self.name}"]

    # ── beginning ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def register(self) -> bool:
        """Ask for an account, perhaps twice at once or under an Idempotency-Key; again while there is no answer."""
        headers = {"Idempotency-Key": f"register-{self.name}"} if chance(self.random, 0.6) else {}
        sent = {"address": self.address, "password": self.passwords[0]}
        for _ in range(TRIES):
            at_once = 2 if chance(self.random, 0.3) else 1
            asking = [self._command("register", "account.open", sent, **headers) for _ in range(at_once)]
            heard = await asyncio.gather(*asking)
            for each in heard:
                if each.status == OK and "account_id" in each.body:
                    self.account = each.body["account_id"]
            if self.account or all(map(_understood, heard)):
                break
            await self._rest()
        return bool(self.account)

    async def verify(self) -> bool:
        """Show the token of the newest mail."""
        token = await self._mailed()
        heard = await self._insist("verify", "account.verify_address", {"token": token}) if token else None
        return heard is not None and heard.status == OK

    async def _mailed(self) -> str | None:
        until = time.monotonic() + MAILED_WITHIN
        while time.monotonic() < until:
            await asyncio.sleep(1)
            asking = self.session.get(f"{self._door()}/v1/dev/inbox", params={"to": self.address})
            _, body, _ = await answer(asking)
            mails = [mail["text"] for mail in body.get("items", ()) if mail["account_id"] == self.account]
            found = re.search(r'"token": "([^"]+)"', mails[-1]) if mails else None
            if found is not None:
                return found[1]
        return None

    # ── going on ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def live(self) -> None:
        """Do one thing after the other, most often go on."""
        for _ in range(self.random.randrange(8, 20)):
            if not self.tokens and not await self.sign_in():
                return
            acts = {
                self.refresh: 14,
                self._refresh_at_once: 3,
                self._be_robbed: 2,
                self._mistype: 1,
                self._revoke: 1,
                self._change_password: 1,
                self.sign_in: 1,
            }
            (act,) = self.random.choices(list(acts), list(acts.values()))
            await act()
            await self._rest()
        if chance(self.random, 0.7) and (self.tokens or await self.sign_in()):
            heard = await self._insist("close", "account.close", {"account_id": self.account})
            self._leave(sure=heard.status == OK)

    async def sign_in(self) -> bool:
        """Sign in with what may be the password, until a door has it."""
        for n in range(TRIES):
            password = self.passwords[-1 - n % len(self.passwords)]
            sent = {"address": self.address, "password": password}
            heard = await self._send("sign in", "/v1/sessions", sent)
            if heard.status == OK:
                self.tokens, self.session_id = [heard.body["refresh_token"]], heard.body["session_id"]
                self.access = heard.body["access_token"]
                return True
            await self._rest()
        return False

    async def refresh(self) -> None:
        """Show the newest token, again and again while there is no answer."""
        for _ in range(TRIES):
            if self._step(await self._refresh(self.tokens[-1])):
                return
            await self._rest()

    async def _refresh_at_once(self) -> None:
        shown = self.tokens[-1]
        for heard in await asyncio.gather(self._refresh(shown), self._refresh(shown)):
            self._step(heard)

    async def come_back(self, token: str) -> None:
        """Show a token of long ago."""
        for _ in range(TRIES):
            if _understood(await self._send("come back", "/v1/sessions/refresh", {"refresh_token": token})):
                return
            await self._rest()

    def _step(self, heard: Exchange) -> bool:
        """Take what a door says to a token; say whether it said anything."""
        if heard.status == OK:
            self.access = heard.body["access_token"]
            if heard.body["refresh_token"] not in self.tokens:
                self.tokens.append(heard.body["refresh_token"])
        elif heard.status == REFUSED:
            self._leave(sure=False)
        return _understood(heard)

    async def _be_robbed(self) -> None:
        """Have an older token shown by a thief."""
        if len(self.tokens) > 2:  # noqa: PLR2004 - one that is neither the newest nor the one before
            await self._refresh(self.random.choice(self.tokens[:-2]), thief=True)

    async def _mistype(self) -> None:
        """Show a password that is wrong, or not right any more."""
        wrong = self.random.choice([NEVER, *self.former])
        await self._send("sign in", "/v1/sessions", {"address": self.address, "password": wrong})

    async def _revoke(self) -> None:
        heard = await self._insist("revoke", "session.revoke", {"session_id": self.session_id})
        self._leave(sure=heard.status == OK)

    async def _change_password(self) -> None:
        """Have another password; without an answer, any of them may be it."""
        new = f"{self.passwords[0]} {len(self.former) + len(self.passwords)}"
        sent = {"current": self.passwords[-1], "password": new}
        heard = await self._command("change password", "account.set_password", sent)
        if heard.status == OK:
            self.former += self.passwords
            self.passwords = [new]
        elif not _understood(heard):
            self.passwords.append(new)
        self._leave(sure=heard.status == OK)

    def _leave(self, *, sure: bool) -> None:
        if sure and self.tokens:
            self.over.append(self.tokens[-1])
        self.tokens = []

    # ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _refresh(self, token: str, *, thief: bool = False) -> Exchange:
        return await self._send("refresh", "/v1/sessions/refresh", {"refresh_token": token}, thief=thief)

    async def _insist(self, asks: str, command: str, sent: dict[str, Any]) -> Exchange:
        heard = await self._command(asks, command, sent)
        for _ in range(TRIES):
            if _understood(heard):
                break
            await self._rest()
            heard = await self._command(asks, command, sent)
        return heard

    async def _command(self, asks: str, command: str, sent: dict[str, Any], **headers: str) -> Exchange:
        shown = {"Authorization": f"Bearer {self.access}"} if self.access else {}
        return await self._send(asks, f"/v1/commands/{command}", sent, WAIT | shown | headers)

    async def _send(
        self, asks: str, path: str, sent: dict[str, Any], headers: dict[str, str] | None = None, *, thief: bool = False
    ) -> Exchange:
        asked, status = time.monotonic(), 0
        body: dict[str, Any] = {}
        try:
            status, body, _ = await answer(self.session.post(f"{self._door()}{path}", json=sent, headers=headers))
        finally:
            # Also what the end of the run cuts off.
            heard = Exchange(self.name, asks, sent, status, body, asked, time.monotonic(), thief)
            self.exchanges.append(heard)
        return heard

    def _door(self) -> str:
        return self.random.choice(self.doors)

    async def _rest(self) -> None:
        await asyncio.sleep(0.2 + self.random.random() * 1.5)


def _understood(heard: Exchange) -> bool:
    """Say whether a door said what became of it."""
    return 0 < heard.status < SERVER and heard.status != PENDING
