"""How long the agent takes to answer, with a command asked and waited for, and how many messages it answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter, process_time
from typing import Self
from uuid import uuid4

import aiohttp
import orjson
import psutil
from rich.console import Console

from agent.understanding.embedding import read
from infra.agent.indexing import index_all
from infra.bench import facts
from infra.bench.bed import Bed
from infra.bench.client import HOST
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import percentile
from infra.bench.signing_in import at_work
from infra.embedded.process import Child
from infra.ready import unready_behind
from infra.settings import Unusable

WARM, TURNS = 10, 100
"""Renamings of one conversation; those said first are not counted."""

TALKING, WARMING, SECONDS = 32, 60.0, 20.0
"""Conversations at once; those of the first minute are not counted: Kafka compiles itself so long."""

READ = 50
"""Messages that are read for the floor."""

PATIENCE = 30.0
"""Seconds that an answer may take."""

THINGS = 50
"""Resources that the person may see."""

SAID = ("hello", "show me my resources", "rename {thing} to {name}")
"""What is said in turn where many talk; each renaming is one that nobody said before."""


@measures(
    Row("agent.first.p95", "Message that has a resource renamed → first words of the answer", "ms", at_most=150),
    Row("agent.turn.p95", "The same → the turn is on record", "ms", at_most=500),
    Row("agent.turns", "Turns a second of one process: greetings, lists and renamings in turn", "turns/s", at_least=50),
    Row("agent.process", "The same for each second that the agent's process has a core", "turns/s"),
    patience=300,
)
async def talking(bed: Bed) -> Sequence[Reading]:
    """Over HTTP, as a client has it: what is said is posted, what is answered is heard over server-sent events.

    Of one turn the floor is the renaming asked without the agent. Of many it is the transformer alone, which reads the
    renamings; other messages were said before.
    """
    await facts.none(bed)
    async with at_work(bed), _session(bed) as session:
        bed.say("what the agent looks up is indexed")
        await index_all(bed.settings, Console(quiet=True), anew=False)
        agent = bed.command("agent", "run")
        with bed.running(agent):
            bed.say("the agent starts")
            agent.wait_ready(lambda: unready_behind(bed.settings, agent=True) is None, PATIENCE * 4)
            things = await _things(session)
            async with _Talk(session) as talk:
                for n in range(WARM + bed.rounds(TURNS)):
                    bed.say(f"renaming, time {n}")
                    await talk.turn(SAID[2].format(thing=things[n % len(things)], name=f"Number {n}"))
            bed.say("the same without the agent")
            asked = [await _renamed(session, things[n % len(things)], n) for n in range(bed.rounds(TURNS))]
            bed.say(f"{TALKING} conversations at once")
            await _talks(session, things, "warm", bed.seconds(WARMING))
            cores, began = _cores(agent), perf_counter()
            turns = await _talks(session, things, "Number", bed.seconds(SECONDS))
            seconds, cores = perf_counter() - began, _cores(agent) - cores
    firsts, whole = zip(*talk.taken[WARM:], strict=True)
    floor = 1000 * percentile(asked, 0.95)
    return [
        Reading(1000 * percentile(firsts, 0.95), floor),
        Reading(1000 * percentile(whole, 0.95), floor),
        Reading(turns / seconds),
        Reading(turns / cores, len(SAID) / _read(things[0])),
    ]


def _cores(agent: Child) -> float:
    """Give the seconds that a process had cores so far, all its threads together."""
    assert agent.process is not None  # noqa: S101 - it runs
    times = psutil.Process(agent.process.pid).cpu_times()
    return times.user + times.system


def _read(thing: str) -> float:
    """Give the seconds of a core that the transformer takes for a renaming."""
    began = process_time()
    for n in range(READ):
        read([SAID[2].format(thing=thing, name=f"Number 0.{n}")])
    return (process_time() - began) / READ


@asynccontextmanager
async def _session(bed: Bed) -> AsyncIterator[aiohttp.ClientSession]:
    url, shown = f"http://{HOST}:{bed.settings.port}", {"Authorization": f"Bearer {bed.token}"}
    limit = aiohttp.ClientTimeout(total=None, sock_read=PATIENCE)
    async with aiohttp.ClientSession(
        url, headers=shown, timeout=limit, connector=aiohttp.TCPConnector(limit=0)
    ) as session:
        yield session


async def _ask(session: aiohttp.ClientSession, command: str, **body: object) -> None:
    async with session.post(
        f"/v1/commands/{command}",
        data=orjson.dumps(body),
        headers={"Content-Type": "application/json", "Prefer": "wait=20"},
    ) as answer:
        if not answer.ok:
            raise Unusable(f"{command} is refused: {await answer.text()}")
        await answer.read()


async def _renamed(session: aiohttp.ClientSession, thing: str, n: int) -> float:
    """Rename a thing without the agent, and give the seconds that it takes."""
    began = perf_counter()
    await _ask(session, "resource.rename", resource_id=thing, name=f"Name {n}")
    return perf_counter() - began


async def _things(session: aiohttp.ClientSession) -> list[str]:
    things = [f"thing-{n}-{uuid4().hex[:6]}" for n in range(THINGS)]
    kind = f"talked{uuid4().hex[:6]}"
    await _ask(session, "kind.define", kind=kind, json_schema={"type": "object"})
    for thing in things:
        await _ask(session, "resource.register", resource_id=thing, kind=kind, name=thing, attributes={})
    return things


class _Talk:
    """A conversation, and of each turn the seconds to the first words and to its end."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.taken: list[tuple[float, float]] = []
        self._session = session
        self._id = str(uuid4())
        self._stream: aiohttp.ClientResponse | None = None

    async def __aenter__(self) -> Self:
        await _ask(self._session, "conversation.open", conversation_id=self._id)
        self._stream = await self._session.get(f"/v1/conversations/{self._id}/events")
        await self._stream.content.readline()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()

    async def turn(self, text: str) -> None:
        """Say something and hear the answer to its end."""
        assert self._stream is not None  # noqa: S101 - it was entered
        began, first = perf_counter(), 0.0
        saying = asyncio.create_task(_ask(self._session, "conversation.say", conversation_id=self._id, text=text))
        async for line in self._stream.content:
            if not line.startswith(b"data: "):
                continue
            kind = json.loads(line[6:])["type"]
            if kind == "TEXT_MESSAGE_CONTENT" and not first:
                first = perf_counter() - began
            if kind == "RUN_ERROR":
                raise Unusable("The agent failed at a turn: its log says why.")
            if kind == "RUN_FINISHED":
                break
        await saying
        self.taken.append((first, perf_counter() - began))


async def _talks(session: aiohttp.ClientSession, things: Sequence[str], name: str, seconds: float) -> int:
    """Let many talk at once, each as soon as they were answered; give the turns. Things are called by that name."""
    until = perf_counter() + seconds

    async def talk_on(number: int) -> int:
        async with _Talk(session) as talk:
            while perf_counter() < until:
                n = number + len(talk.taken)
                await talk.turn(SAID[n % len(SAID)].format(thing=things[n % len(things)], name=f"{name} {number}.{n}"))
            return len(talk.taken)

    return sum(await asyncio.gather(*map(talk_on, range(TALKING))))
