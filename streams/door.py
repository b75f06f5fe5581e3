"""The write door without its HTTP: commands are asked, and their outcomes waited for as long as a request says."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from infra import telemetry
from infra.auth import Caller
from schemas.message import Asked, Command, Outcome, Position
from schemas.problems import Problem
from schemas.resource import ChangeResource, RegisterResource
from streams import beyond
from streams.ask import Asker, letter
from streams.kinds import FollowedKinds
from streams.lane import PATIENCE, Letter, unreachable
from streams.waiting import Waiting

log = structlog.get_logger()

HEDGE = 0.5
"""Seconds after which a reply counts as lost, and the read model is asked too."""

GRACE = 1.0
"""Seconds the read model may take to answer at all, when there is no time left to wait."""


class Answered(Protocol):
    """What is known of a command that was answered."""

    def to(self, digest: str | None) -> Outcome: ...


Defined = Callable[[], beyond.Defined]
"""Gives what roles permit now, that are not built in."""

Find = Callable[[Mapping[str, Position], float], Awaitable[Mapping[str, Answered]]]
"""Finds outcomes of commands in what is known, by their ids and places; may wait so many seconds for them."""


class WriteDoor:
    """Asks commands on Kafka; hears outcomes over Redis, or finds them in the read model."""

    def __init__(self, asker: Asker, kinds: FollowedKinds, waiting: Waiting, find: Find, defined: Defined) -> None:
        self.asker = asker
        self.waiting = waiting
        self._kinds = kinds
        self._find = find
        self._defined = defined

    def require_within(self, caller: Caller, command: Command) -> None:
        """Raise Problem for a command that would permit somebody what its asker may not do."""
        beyond.require_within(caller, command, self._defined())

    async def start(self) -> None:
        await self._kinds.start()
        await self.waiting.start()

    async def stop(self) -> None:
        await self.waiting.stop()
        await self._kinds.stop()
        await self.asker.stop()

    async def ask(self, asked: Asked, wait: float) -> tuple[Position, Outcome | None]:
        """Ask a command; say where it stands, and its outcome if that comes within so many seconds. Raises Problem."""
        if not wait:
            return await self.asker.ask(await self.letter(asked, telemetry.traceparent())), None
        until = asyncio.get_running_loop().time() + wait
        with self.waiting.for_outcome(asked) as told:
            place = await self.asker.ask(await self.letter(asked, telemetry.traceparent(), reply=True))
            outcomes = await self.outcomes({asked.meta.id: told}, {asked.meta.id: place}, until)
        return place, outcomes.get(asked.meta.id)

    async def letter(self, asked: Asked, traceparent: str | None, *, reply: bool = False) -> Letter:
        """Make a command ready to be produced. Raises Problem."""
        command = asked.command
        if isinstance(command, RegisterResource | ChangeResource):
            asked = Asked(asked.meta, await self._with_kinds(command))
        return letter(asked, traceparent, self.waiting.channel if reply else None)

    async def outcomes(
        self, told: Mapping[str, asyncio.Future[Outcome]], places: Mapping[str, Position], until: float
    ) -> dict[str, Outcome]:
        """Gather outcomes until a time of the loop's clock: as they are told, else as they are known."""
        loop = asyncio.get_running_loop()
        await asyncio.wait(told.values(), timeout=min(HEDGE, until - loop.time()))
        untold = {command_id: place for command_id, place in places.items() if not told[command_id].done()}
        found: Mapping[str, Outcome] = {}
        if untold:
            looking = asyncio.create_task(self._look(untold, max(until - loop.time(), 0)))
            telling = asyncio.create_task(asyncio.wait([told[command_id] for command_id in untold]))
            await asyncio.wait([looking, telling], return_when=asyncio.FIRST_COMPLETED)
            answered = looking.result() if looking.done() else {}
            found = {command_id: each.to(self.waiting.digest(command_id)) for command_id, each in answered.items()}
            looking.cancel()
            telling.cancel()
        heard = {command_id: future.result() for command_id, future in told.items() if future.done()}
        return {**found, **heard}

    async def _look(self, places: Mapping[str, Position], wait: float) -> Mapping[str, Answered]:
        try:
            async with asyncio.timeout(wait + GRACE):
                return await self._find(places, wait)
        except Exception as error:  # noqa: BLE001 - whoever waits is told that the command is stored, come what may
            log.warning("cannot look up outcomes", error=str(error))
            return {}

    async def _with_kinds(self, command: RegisterResource | ChangeResource) -> Command:
        """Say with a command which kinds the door knew, so that the worker knows them too. Raises Problem."""
        if isinstance(command, ChangeResource):
            return command.unchecked(**{**command.__dict__, "kind_position": self._kinds.position})
        newest = self._kinds.newest(command.kind)
        if newest is None or newest[0] < (command.kind_version or 0):
            newest = await self._defined_just_now(command.kind)
        if newest is None:
            raise Problem(
                "kind_unknown", f"Define the kind '{command.kind}' with kind.define first; there is none yet."
            )
        version, position = newest
        known = {"kind_version": command.kind_version or version, "kind_position": position}
        return command.unchecked(**{**command.__dict__, **known})

    async def _defined_just_now(self, kind: str) -> tuple[int, int] | None:
        """Read the kinds to their end and look again."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._kinds.reach()
        except TimeoutError:
            raise unreachable() from None
        return self._kinds.newest(kind)
