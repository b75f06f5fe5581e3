"""The door of listeners without its HTTP: lets them in, stays with them, and says why they must go."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import HTTPConnection

from infra.auth import Caller, caller, shown
from infra.auth.doorkeeper import network_of
from infra.ending import ended
from infra.ends import Ends
from infra.outsiders import Outsiders
from infra.settings import Settings
from projections import resource
from projections.audit_http import Note
from projections.door import ReadDoor
from projections.listening import metrics
from projections.listening.asked import asked, beginning
from projections.listening.audience import Audience
from projections.listening.listener import Give, Gone, Listener
from projections.listening.programme import Form
from projections.listening.sight import Readers, sight
from projections.listening.source import Journals
from projections.listening.waypoint import Waypoints
from projections.reading import Place
from schemas.problems import Problem

KNOWN_WITHIN = 1.0
"""Seconds that are waited for the read model to have a fact before it is looked around."""

STUCK = 15.0
"""Seconds after which a connection is cut that takes nothing."""


class Doorkeeping(Protocol):
    """Who knows who asks."""

    async def who(self, authorization: str, network: str | None) -> Caller: ...


@dataclass(frozen=True)
class ListeningDoor:
    """Where listeners come in; `changes` counts what was heard of who may ask what.

    That somebody begins to listen who may know all is noted first.
    """

    audience: Audience
    keeper: Doorkeeping
    changes: Callable[[], int]
    outsiders: Outsiders
    note: Note
    origins: Sequence[str] = ()

    async def start(self) -> None:
        await self.outsiders.start()

    async def stop(self) -> None:
        await self.outsiders.stop()
        await self.audience.stop()

    def seat(self, connection: HTTPConnection) -> AbstractContextManager[None]:
        """Keep room for a listener while the block runs. Raises Problem if there is none, or nobody asks."""
        return self.audience.seat(caller(connection).actor.id)

    async def listener(self, connection: HTTPConnection, form: Form, how: str, give: Give) -> Listener:
        """Make a listener of what a request asks for. Raises Problem."""
        asking = caller(connection)
        may_know = sight(asking)
        last = connection.headers.get("last-event-id")
        wanted = asked(connection.query_params, last, may_know)
        if may_know.account is None:
            said = {name: connection.query_params.getlist(name) for name in connection.query_params}
            await self.note(asking, connection.url.path, said | ({"last-event-id": [last]} if last else {}))
        await self.audience.open()
        position, since = await beginning(wanted, self.audience.source, self.audience.ways)
        programme = self.audience.programme(wanted.filter, may_know, form)
        again = self._again(connection.scope, asking)
        return Listener(self.audience, asking, programme, position, again, self.changes, give, since, how)

    async def attend(self, listener: Listener, gone: Awaitable[Any]) -> Problem | None:
        """Let a listener listen until it is gone, or must go: then the problem says why."""
        listening, leaving = asyncio.ensure_future(listener.listen()), asyncio.ensure_future(gone)
        self.audience.listeners.add(listener)
        try:
            await asyncio.wait({listening, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.audience.listeners.discard(listener)
            await ended(listening, leaving)
        if listening.cancelled() or isinstance(error := listening.exception(), Gone):
            metrics.ENDED.labels("stuck" if listener.stuck(STUCK) else "left").inc()
            return None
        if not isinstance(error, Problem):
            assert error is not None  # noqa: S101 - listening ends by an error alone
            raise error
        metrics.ENDED.labels(error.code).inc()
        return error

    def _again(self, scope: Any, asking: Caller) -> Callable[[], Awaitable[Caller]]:
        authorization, network = shown(scope), network_of(scope)

        async def again() -> Caller:
            return asking if authorization is None else await self.keeper.who(authorization, network)

        return again


def listening_door(  # noqa: PLR0913, PLR0917 - everything that it stands between
    settings: Settings,
    connection: dict[str, Any],
    ends: Ends,
    read: ReadDoor,
    keeper: Doorkeeping,
    changes: Callable[[], int],
    closing: Callable[[], bool],
    note: Note,
) -> ListeningDoor:
    """Make the door on the journals and read models that there are."""

    async def known(facts: Mapping[Place, int]) -> bool:
        return await read.positions.wait(resource.projection.name, facts, KNOWN_WITHIN)

    async def readers(ids: Sequence[str]) -> dict[str, frozenset[str]]:
        return await read.ask(lambda asking: resource.readers(asking, ids))

    audience = Audience(Journals(connection, ends), Waypoints(read.ask), Readers(known, readers), closing)
    return ListeningDoor(audience, keeper, changes, Outsiders(settings), note, settings.cors_origins)
