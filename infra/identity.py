"""All with which the doors know who asks: keys, what changed just now, and what forms work with."""

import asyncio
from functools import partial
from typing import Any

from redis.asyncio import Redis

from infra import telemetry
from infra.auth.doorkeeper import Doorkeeper
from infra.auth.issuers import Issuers
from infra.auth.known import Known
from infra.auth.passwords import Passwords
from infra.auth.signing import SigningKeys
from infra.auth.tarpit import Tarpit
from infra.auth.tokens import AccessTokens
from infra.ending import ended
from infra.ends import Ends
from infra.limits import Limits
from infra.people import People
from infra.settings import Settings
from projections.door import ReadDoor
from schemas.apikey import NoteUse
from schemas.message import Actor, Asked, CommandMeta
from schemas.problems import Problem
from streams.door import WriteDoor
from streams.forms import Identity, now
from streams.request import random_id

USES_NOTED_EVERY = 30.0
"""Seconds between two looks at which keys were used."""

DOORS = Actor(id="doors")
"""Who notes when a key was used."""

log = telemetry.log(__name__)


class Identities:
    """What begins with the doors and ends with them; `forms` is what forms are given of it."""

    def __init__(
        self, settings: Settings, connection: dict[str, Any], cache: Redis, read: ReadDoor, ends: Ends
    ) -> None:
        people = People(read, ends)
        self.vault = read.vault
        self.keys = SigningKeys(self.vault)
        self.known = Known(connection, people.snapshot, self.vault.forget)
        self.issuers = Issuers(settings.issuers)
        self.tokens = AccessTokens(self.keys, settings.url)
        self.doorkeeper = Doorkeeper(self.tokens, self.issuers, self.known, self.vault, people.key)
        self.doorkeeper.play = settings.dev_login
        self._settings = settings
        self._people = people
        self._passwords = Passwords()
        network = partial(self.vault.secret, "network")
        self.limits = Limits(cache, network, on=settings.rate_limits)
        self._tarpit = Tarpit(cache, network)
        self._noting: asyncio.Task[None] | None = None

    def forms(self, door: WriteDoor) -> Identity:
        return Identity(
            self._settings,
            door,
            self._people,
            self.vault,
            self.known,
            self.doorkeeper,
            self._passwords,
            self._tarpit,
            self.limits,
            self.tokens,
        )

    async def start(self, door: WriteDoor) -> None:
        await self.vault.open()
        await self.keys.start()
        await self.known.start()
        self._noting = asyncio.create_task(self._note_uses(door))

    async def stop(self) -> None:
        if self._noting is not None:
            await ended(self._noting)
        await self.known.stop()
        await self.keys.stop()
        await self.issuers.close()
        self._passwords.close()
        await self.vault.close()

    async def _note_uses(self, door: WriteDoor) -> None:
        """Note which keys were used, all of them together, once in a while."""
        while True:
            await asyncio.sleep(USES_NOTED_EVERY)
            used, self.doorkeeper.used = self.doorkeeper.used, {}
            try:
                left = await _left(door, used)
            except Exception as error:
                left = used
                log.warning("noting uses of keys broke off", exc_info=error)
            if left:
                log.warning("uses of keys not noted yet", keys=len(left))
            self.doorkeeper.used = left | self.doorkeeper.used


async def _left(door: WriteDoor, used: dict[str, int]) -> dict[str, int]:
    """Note uses, and give those that could not be noted. Raises Problem."""
    letters = [await door.letter(_note(key_id, when), None) for key_id, when in used.items()]
    places = await door.asker.ask_all(letters)
    return {key_id: used[key_id] for key_id, place in zip(used, places, strict=True) if isinstance(place, Problem)}


def _note(key_id: str, when: int) -> Asked:
    command_id = random_id()
    meta = CommandMeta(
        id=command_id, type=NoteUse.type, subject=key_id, time=now(), actor=DOORS, correlation_id=command_id
    )
    return Asked(meta, NoteUse(key_id=key_id, used=when))
