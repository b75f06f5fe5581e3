"""The people of conversation tests: who they are, what they show at the doors, and how they give it up."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from agent.script import Shows
from infra.settings import Unusable

PASSWORD = "eleven kites above the salt marsh"  # noqa: S105 - of nobody
SCOPES = ("account:own", "conversation:own", "kind:*", "resource:*")
"""What a key of a test's person may: to talk, and what is talked of."""

FELT_WITHIN = 20.0
"""Seconds within which mail comes, and what was given up is felt at the doors."""

LOOK = 0.05
"""Seconds between two looks at whether it is so."""

WAIT = {"Prefer": "wait=20"}
GOOD, REFUSED = 200, 401


class Failed(Exception):  # noqa: N818 - a step fails; no program does
    """A step does not hold."""


class Answer(NamedTuple):
    status: int
    body: Any


class Ask(Protocol):
    """Asks a door something over HTTP, as whoever the token says."""

    async def __call__(
        self, method: str, path: str, token: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer: ...


@dataclass(frozen=True)
class Person:
    """Who speaks: an account, and what it shows at the door.

    Who has an account of their own has an `address` to sign in with; with a key its id, and the sign-in that made it.
    """

    account: str
    token: str
    address: str = ""
    key_id: str = ""
    signed_in: str = ""


People = Callable[[str, Sequence[str], Shows], Awaitable[Person]]
"""Gives somebody by a name that nobody else has, with these roles, and what they show. Raises Unusable, and Failed."""


def players(ask: Ask, token: str) -> People:
    """Let everybody be signed in as they show, and whoever has roles be the account of a token."""

    async def somebody(name: str, roles: Sequence[str], shows: Shows) -> Person:
        if roles and not token:
            raise Failed(f"{name} has the roles {', '.join(roles)}: give --token of an account that has them.")
        if roles:
            return Person(_good(await ask("GET", "/v1/accounts/me", token))["account_id"], token)
        if shows == "play":
            return await _playing(ask, name)
        person = await entered(ask, await _registered(ask, name))
        return person if shows == "session" else await _with_key(ask, person)

    return somebody


async def _playing(ask: Ask, name: str) -> Person:
    answer = await ask("POST", "/v1/dev/login", "", {"account": name})
    if answer.status != GOOD:
        raise Unusable("Nobody can be signed in for play here: run the tests where ANNAL_DEV_LOGIN is true.")
    return Person(answer.body["account_id"], answer.body["access_token"])


# ── with an account of one's own ──────────────────────────────────────────────────────────────────────────────────────


async def _registered(ask: Ask, name: str) -> Person:
    """Open an account, and verify its address with the mail that a service for play keeps. Raises Failed."""
    address = f"{name}@people.example"
    sent = {"address": address, "password": PASSWORD}
    opened = _good(await ask("POST", "/v1/commands/account.open", "", sent, WAIT))
    until = time.monotonic() + FELT_WITHIN
    while (found := await _mailed(ask, address)) is None:
        if time.monotonic() > until:
            raise Failed(f"no mail came for {address}: see that the service keeps mail, as it does for play")
        await asyncio.sleep(LOOK)
    await ask("POST", "/v1/commands/account.verify_address", "", {"token": found}, WAIT)
    return Person(opened["account_id"], "", address)


async def _mailed(ask: Ask, address: str) -> str | None:
    inbox = await ask("GET", f"/v1/dev/inbox?to={address}", "")
    found = [re.search(r'"token": "([^"]+)"', mail["text"]) for mail in inbox.body.get("items", ())]
    return next((each[1] for each in found if each), None)


async def entered(ask: Ask, person: Person) -> Person:
    """Sign in anew, once the address is known to be verified. Raises Failed."""
    if not person.address:
        raise Failed("who is signed in for play stays so; say `shows: session` or `shows: key` of the test case")
    sent = {"address": person.address, "password": PASSWORD}
    answer = await _felt(lambda: ask("POST", "/v1/sessions", "", sent), GOOD)
    return replace(person, token=answer.body["access_token"], key_id="", signed_in="")


async def _with_key(ask: Ask, person: Person) -> Person:
    sent = {"name": "test", "scopes": SCOPES}
    made = _good(await ask("POST", "/v1/commands/apikey.create", person.token, sent, WAIT))
    key, id_ = made["key"], made["key_id"]
    await _felt(lambda: ask("GET", "/v1/accounts/me", key), GOOD)
    return replace(person, token=key, key_id=id_, signed_in=person.token)


async def give_up(ask: Ask, person: Person) -> None:
    """Revoke the key that somebody shows, or leave their session, until no door takes it any more. Raises Failed."""
    if person.key_id:
        await ask("POST", "/v1/commands/apikey.revoke", person.signed_in, {"key_id": person.key_id}, WAIT)
    elif person.address:
        await ask("POST", "/v1/sessions/leave", person.token, {})
    else:
        raise Failed("who is signed in for play stays so; say `shows: session` or `shows: key` of the test case")
    await _felt(lambda: ask("GET", "/v1/accounts/me", person.token), REFUSED)


def _good(answer: Answer) -> Any:
    """Give what a door says that does what it is asked. Raises Failed."""
    if answer.status >= 300:  # noqa: PLR2004 - what HTTP calls no success
        raise Failed(f"a door refuses what the test needs ({answer.status}): {answer.body}")
    return answer.body


async def _felt(ask: Callable[[], Awaitable[Answer]], status: int) -> Answer:
    """Wait until a door answers with a status. Raises Failed."""
    until = time.monotonic() + FELT_WITHIN
    while (answer := await ask()).status != status:
        if time.monotonic() > until:
            raise Failed(f"a door answers {answer.status} still, not {status}: {answer.body}")
        await asyncio.sleep(LOOK)
    return answer
