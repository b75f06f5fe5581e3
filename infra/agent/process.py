"""`annal agent run`: the process of the one who talks, which answers messages as they stand in the journals.

It has the doors in itself, and asks them in the name of whoever it answers; nothing listens to it from outside.
"""

import asyncio
import gc
import hashlib
import signal
from collections.abc import Sequence
from functools import partial

import uvloop
from aiokafka.errors import KafkaError
from threadpoolctl import threadpool_limits

from agent.actions.action import Action
from agent.actions.catalogue import commands, queries
from agent.actions.plugin import Plugin, load
from agent.afterwards import after
from agent.at import At
from agent.doors import passes
from agent.hearing import hear
from agent.line import newest
from agent.moves import Heard
from agent.past import keep_short
from agent.persona import persona
from agent.teaching import taught
from agent.telling import CHANNEL, Event
from agent.things import Things
from agent.turn import ANSWERED, Turns
from agent.understanding.classifier import Classifier, Ranking
from agent.understanding.ids import understood
from infra import kafka, metrics, redis, telemetry
from infra.agent import indexing
from infra.agent.callers import again
from infra.agent.model import listening
from infra.agent.standing import Standing
from infra.agent.webhook import Webhook
from infra.api import Joined, joined
from infra.auth.recent import Recent
from infra.ending import STOPPING, leave_within
from infra.publishing import Publishing
from infra.ready import agree, reach
from infra.settings import Settings
from projections import kind, resource
from projections.door import ReadDoor
from projections.terms import Terms
from schemas.conversation import MessageReceived
from schemas.message import Asked, Outcome, Recorded
from schemas.problems import Problem
from streams.forms import Identity
from streams.policing import Policing
from streams.seeing import NotNow
from streams.visit import ANYBODY

PATIENCE = 10.0
"""Seconds that a step of a turn waits to be decided."""

AT_ONCE = 16
"""Conversations of one partition that are answered at once: most of a turn is waiting, for a model above all."""

SAID_BEFORE = 2_000
"""Messages whose meaning is remembered: people greet, thank and agree in the same few words."""

SEEN = {"resource": resource.projection, "kind": kind.projection}
"""The read models of what people speak of."""

log = telemetry.log(__name__)


def run(settings: Settings) -> None:
    """Answer messages until told to stop by SIGINT or SIGTERM."""
    telemetry.start(settings, "agent")
    # Products of a single message are small: threads that share one wait for one another longer than it takes.
    threadpool_limits(1, user_api="blas")
    uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    await reach(settings)
    await agree(settings)
    doors = joined(settings)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, partial(_stop, stopping))
    async with doors.app.router.lifespan_context(doors.app):
        agent = Agent(settings, doors)
        port, name = settings.agent_port, "ANNAL_AGENT_PORT"
        async with metrics.shown(port, name, agent.health, agent.ready) as addresses:
            await agent.start()
            # What it was taught lives as long as the process, and need not be looked through for what is gone.
            gc.freeze()
            log.info("agent started", metrics=addresses, actions=len(agent.turns.actions))
            await stopping.wait()
            await agent.stop()


def _stop(stopping: asyncio.Event) -> None:
    leave_within(STOPPING)
    stopping.set()


class Agent:
    """All that one agent process holds."""

    def __init__(self, settings: Settings, doors: Joined) -> None:
        self._kept = settings.cache_dir / "agent"
        self._cache = redis.client(settings)
        self._publishing = Publishing(self._cache)
        self._ranks: Classifier | None = None
        self._said_before = Recent[bytes, Ranking](SAID_BEFORE)
        self._listening = listening(settings)
        plugins = load(settings.agent_plugins)
        actions = abilities(doors, plugins)
        connection = kafka.connection(settings)
        self._knowledge = indexing.Knowledge(settings, connection, doors.read, doors.ends)
        self._standing = Standing(doors.read, partial(newest, doors.ends))
        self.turns = Turns(
            app=doors.app,
            ask=partial(self._ask, doors.identity),
            again=partial(again, doors.identity),
            person=doors.identity.vault.known,
            stands=self._standing.find,
            rank=self._rank,
            seen=Things(partial(_reached, doors.read)).seen,
            hears=self._hears,
            character=persona,
            actions=actions,
            search=self._knowledge.search,
            tell=self._tell,
            after=partial(after, [each for plugin in plugins for each in plugin.evaluators]),
        )
        self._policing = (
            Policing(connection, "agent", (MessageReceived,), self._see_to, at_once=AT_ONCE, hearing=self._standing),
            self._knowledge.policing,
        )
        self._webhook: Webhook | None = None
        if settings.agent_webhook_url:
            self._webhook = Webhook(settings, connection, doors.identity.vault.newest)

    async def start(self) -> None:
        self._ranks = await asyncio.to_thread(taught, self.turns.actions, self._kept)
        await self._knowledge.start()
        for policing in self._policing:
            await policing.start()
        if self._webhook is not None:
            await self._webhook.policing.start()

    async def stop(self) -> None:
        if self._webhook is not None:
            await self._webhook.stop()
        await asyncio.gather(*(policing.stop() for policing in self._policing))
        await self._knowledge.stop()
        if self._listening is not None:
            await self._listening.model.close()
        await self._publishing.stop()
        await self._cache.aclose()

    def health(self) -> dict[str, str]:
        at_work = (*self._policing, *((self._webhook.policing,) if self._webhook is not None else ()))
        return {policing.name: policing.waits_for or "at work" for policing in at_work}

    def ready(self) -> bool:
        return self._ranks is not None and all(policing.waits_for is None for policing in self._policing)

    async def _see_to(self, recorded: Recorded) -> None:
        try:
            await self._take(recorded)
        except BaseException as error:
            self._standing.doubt(recorded.meta.subject)
            if not isinstance(error, Problem):
                raise
            if error.code != ANSWERED:
                raise NotNow(error.detail) from error

    async def _take(self, recorded: Recorded) -> None:
        """Answer a message, also where a rule of ours breaks or refuses. Raises Problem for what passes."""
        try:
            await self.turns.take(recorded)
        except (KafkaError, OSError):
            raise
        except Exception as error:
            if isinstance(error, Problem) and (error.code == ANSWERED or passes(error.status)):
                raise
            log.exception("a turn failed", message=recorded.meta.id)
            await self.turns.give_up(recorded, error)

    async def _ask(self, identity: Identity, asked: Asked) -> Outcome:
        """Record a step of a turn. Raises Problem while what became of it is not known."""
        _, outcome = await identity.door.ask(asked, PATIENCE)
        if outcome is None:
            raise Problem("too_busy", "A step of the turn is not decided yet.")
        self._standing.stepped(outcome)
        return outcome

    def _tell(self, conversation_id: str, events: Sequence[Event]) -> None:
        self._publishing.tell(CHANNEL + conversation_id, *events)

    async def _rank(self, text: str) -> Ranking:
        assert self._ranks is not None  # noqa: S101 - nothing is followed before
        # By its digest: what people said stays nowhere.
        said = hashlib.blake2b(text.encode(), digest_size=16).digest()
        ranking = self._said_before.get(said)
        if ranking is None:
            ranking = await asyncio.to_thread(understood, self._ranks, text)
            self._said_before.keep(said, ranking)
        return ranking

    async def _hears(self, at: At, ranking: Ranking) -> Heard:
        words = await asyncio.to_thread(hear, at, ranking)
        if self._listening is not None:
            return await self._listening.hear(at, words)
        await keep_short(at)
        return words


def _reached(read: ReadDoor, domain: str) -> str:
    return read.position(Terms(ANYBODY, {}, 0, ""), SEEN[domain])


def abilities(doors: Joined, plugins: Sequence[Plugin]) -> list[Action]:
    """Give all that the agent can do: what the doors offer, and what plugins bring."""
    brought = [action for plugin in plugins for action in plugin.actions]
    return [*commands(), *queries(doors.app.openapi()), *brought]
