"""A few people who want the same few addresses; whoever gets one lives with it for a while.

They are slow, for each password costs a processor a tenth of a second.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import aiohttp

from infra.faults.asking import asking_session
from infra.faults.check.evidence import Evidence
from infra.faults.person import Person
from infra.faults.workload import chance

PEOPLE = 4
ADDRESSES = 3
RIVALS = (1, 1, 2, 3)
"""How many ask for an address at once, one as often as the other."""

START_PATIENCE = 60.0

PATIENCE = 25.0
"""Seconds: whoever failed to sign in waits up to ten."""

COME_BACK = 60
"""Sessions that are tried once more at the end."""


@dataclass
class People:
    """All people of a run. `over` are the newest tokens of sessions that have ended for sure."""

    doors: Sequence[str]
    random: Random
    evidence: Evidence
    over: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=count)
    _addresses: list[str] = field(default_factory=list)
    _settled: list[Person] = field(default_factory=list)
    _session: aiohttp.ClientSession = field(init=False)

    def __post_init__(self) -> None:
        self._addresses = [self._address() for _ in range(ADDRESSES)]

    async def begin(self) -> None:
        """Open the first account, which is an administrator's and needs no proof, and one for each to begin with."""
        self._session = asking_session(PATIENCE)
        async with asyncio.timeout(START_PATIENCE):
            await self._person(self._address()).register()
            while len(self._settled) < PEOPLE:
                person = self._person(self._address())
                if await person.register() and await person.verify():
                    self._settled.append(person)

    async def end(self) -> None:
        await self._session.close()

    async def live(self) -> None:
        """Live with an account, and then register, and live with that, again and again until cancelled."""
        await self._settled.pop().live()
        while True:
            place = self.random.randrange(ADDRESSES)
            rivals = [self._person(self._addresses[place]) for _ in range(self.random.choice(RIVALS))]
            has = await asyncio.gather(*(person.register() for person in rivals))
            for person in (person for person, had in zip(rivals, has, strict=True) if had):
                if await person.verify():
                    await person.live()
            # One that nobody lives with is held for a day.
            if not any(has) and chance(self.random, 0.2):
                self._addresses[place] = self._address()
            await asyncio.sleep(1 + self.random.random() * 4)

    async def come_back(self) -> None:
        """Show tokens of sessions that ended long ago, when all has caught up."""
        for token in self.random.sample(self.over, min(COME_BACK, len(self.over))):
            await self._person("").come_back(token)

    def _person(self, address: str) -> Person:
        name, asking = f"person-{next(self._numbers)}", self._session
        return Person(name, address, asking, list(self.doors), self.random, self.evidence.exchanges, self.over)

    def _address(self) -> str:
        return f"wanted-{next(self._numbers)}@people.example"
