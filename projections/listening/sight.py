"""What a caller may know of: checked for each fact, as their rights are when they are told it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from infra.auth import Caller
from projections.listening.entry import Entry
from projections.reading import Place
from schemas import account, kind, resource
from schemas.domains import DOMAINS

SUBSCRIBE, AUDIT = "facts:subscribe", "audit:read"

OWN = {
    kind.DOMAIN.name: "kind:read",
    resource.DOMAIN.name: "resource:read",
    account.DOMAIN.name: "account:own",
}
"""The domains of which those may hear who are no auditors, with the permission that it takes."""

Known = Callable[[Mapping[Place, int]], Awaitable[bool]]
"""Waits a while until the read model knows these facts; False if it does not."""

FindReaders = Callable[[Sequence[str]], Awaitable[dict[str, frozenset[str]]]]
"""Gives the readers of resources by their ids, as the read model knows them."""


@dataclass(frozen=True)
class Sight:
    """Facts of these domains; of all subjects if `account` is None, else those that this account may read."""

    domains: tuple[str, ...]
    account: str | None = None

    def sees(self, entry: Entry) -> bool:
        """Say whether a fact of one of the domains may be known; of a resource its readers must be."""
        match entry.place.domain:
            case _ if self.account is None:
                return True
            case "resource":
                return self.account in entry.readers and entry.happened
            case "account":
                return entry.subject == self.account and entry.happened
            case _:
                return entry.happened

    def must_know_readers(self, entry: Entry) -> bool:
        return self.account is not None and entry.place.domain == "resource"


def sight(caller: Caller) -> Sight:
    """Say what a caller may know of. Raises Problem for who may not listen at all."""
    caller.require(SUBSCRIBE)
    if caller.may(AUDIT):
        return Sight(tuple(domain.name for domain in DOMAINS))
    return Sight(tuple(domain for domain, permission in OWN.items() if caller.may(permission)), caller.actor.id)


class Readers:
    """Looks up who may read the resources that facts are about: once for all who are told of them."""

    def __init__(self, known: Known, find: FindReaders) -> None:
        self._known = known
        self._find = find
        self._looking = asyncio.Lock()

    async def know(self, entries: Sequence[Entry], since: float) -> bool:
        """Let facts of resources have readers as they are now, or were since a time of the loop's clock.

        False if the read model lacks some of the facts.
        """
        wanted: dict[Place, int] = {}
        for entry in _stale(entries, since):
            wanted[entry.place] = max(entry.offset, wanted.get(entry.place, -1))
        # All wait at once: if they took turns at that, those who come last would be silent for too long.
        if not await self._known(wanted):
            return False
        async with self._looking:
            now = asyncio.get_running_loop().time()
            stale = _stale(entries, since)
            if stale:
                found = await self._find(list({entry.subject for entry in stale}))
            for entry in stale:
                entry.readers, entry.readers_known_at = found.get(entry.subject, frozenset()), now
            return True


def _stale(entries: Sequence[Entry], since: float) -> list[Entry]:
    return [entry for entry in entries if entry.readers_known_at < since]
