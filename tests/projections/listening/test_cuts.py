"""A million facts, and hundreds of cuts: whoever connects again with the id they had hears each fact once, in order."""

import asyncio
import random
from dataclasses import dataclass, field

import pytest
from starlette.datastructures import QueryParams

from infra.ending import ended
from projections.listening.asked import asked, beginning
from projections.listening.audience import Audience
from projections.listening.listener import Gone, Listener
from projections.listening.programme import Chunk
from projections.listening.sight import Readers, sight
from projections.reading import Place
from schemas.problems import Problem
from tests.projections.listening.endless import PARTITIONS, VOID_EVERY, Endless, is_void
from tests.projections.listening.hearing import AUDITOR, known, nobody

FACTS = 1_000_000
CUTS = 400
SMALL = 3_000
"""Facts that a ring holds here, so that many fall out of it."""


@dataclass
class Client:
    """Hears facts, and sees at each that it is the one that had to come; `last` is the id that it had last."""

    chance: random.Random
    due: dict[Place, int]
    last: str = "beginning"
    heard: int = 0
    cut_after: int = 0
    asleep: bool = False
    codes: list[str] = field(default_factory=list)

    async def take(self, chunk: Chunk) -> None:
        for event in chunk.events:
            name, self.last, position = event.decode().split(" ")
            if name == "resource.renamed":
                self._hear(position)
        if self.chance.random() < 0.002:
            self.asleep = True
            await asyncio.sleep(0.2)  # long enough for what comes next to fall out of the ring
            self.asleep = False
        if self.heard >= self.cut_after:
            raise ConnectionResetError

    def _hear(self, position: str) -> None:
        domain, partition, offset = position.split(":")
        place = Place(domain, int(partition))
        assert int(offset) == self.due[place], f"{place} was at {self.due[place]} and got {offset}"
        self.due[place] += 2 if is_void(int(offset) + 1) else 1
        self.heard += 1


def form(position: str, name: str, data: bytes) -> bytes:
    return b"%b %b %b" % (name.encode(), position.encode(), data[13 : data.index(b'"', 13)])


def audience(journals: Endless) -> Audience:
    return Audience(journals, journals, Readers(known, nobody))


async def connect(there: Audience, client: Client) -> None:
    """Listen from the last id on until cut; all that a door does but for HTTP."""
    await there.open()
    if len(there.ring._entries) != SMALL:
        there.ring._entries = [None] * SMALL
    may_know = sight(AUDITOR)
    wanted = asked(QueryParams("domain=resource"), client.last, may_know)
    position, _ = await beginning(wanted, there.source, there.ways)

    async def again() -> object:
        return AUDITOR

    programme = there.programme(wanted.filter, may_know, form)
    listener = Listener(there, AUDITOR, programme, position, again, lambda: 0, client.take)  # type: ignore[arg-type]
    try:
        with there.seat("ada"):
            await listener.listen()
    except Gone:
        client.codes.append("cut")
    except Problem as problem:
        client.codes.append(problem.code)


async def grow(journals: Endless, client: Client, chance: random.Random) -> None:
    """Let there be more: as much as is heard, and all there can be while the client sleeps."""
    while journals.shown < journals.size:
        count = PARTITIONS * journals.shown * (VOID_EVERY - 1) // VOID_EVERY
        if client.asleep or count < client.heard + SMALL:
            journals.shown = min(journals.size, journals.shown + chance.randrange(400))
        await asyncio.sleep(0.004)


@pytest.mark.timeout(600)
async def test_a_million_facts_and_hundreds_of_cuts_leave_no_gap_and_no_repeat() -> None:
    chance = random.Random(5)
    size = FACTS * VOID_EVERY // (VOID_EVERY - 1) // PARTITIONS + 2
    journals = Endless(size)
    wanted = PARTITIONS * sum(not is_void(offset) for offset in range(size))
    assert wanted >= FACTS
    client = Client(chance, dict.fromkeys(journals.places(), 0))
    there, growing = audience(journals), asyncio.create_task(grow(journals, client, chance))
    for _ in range(10 * CUTS):
        client.cut_after = min(wanted, client.heard + chance.randrange(1, 2 * FACTS // (CUTS + CUTS // 4)))
        await connect(there, client)
        if client.heard == wanted:
            break
        if chance.random() < 0.05:  # the next door is another process's
            await there.stop()
            there = audience(journals)
    await ended(growing)
    await there.stop()
    assert client.heard == wanted
    assert len(client.codes) >= CUTS, client.codes
    assert "listener_behind" in client.codes
