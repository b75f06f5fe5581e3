"""What a person may see and speak of: their newest resources and kinds, read with their own rights."""

from asyncio import Task, create_task, gather, shield
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from agent.doors import Doors
from agent.slots import Gazetteer, Thing
from infra.auth.recent import Recent
from schemas.message import Position

MOST = 200
MOST_KEPT = 500
_SEEN = (("resource", "/v1/resources"), ("kind", "/v1/kinds"))
_ACCOUNTS = "account:read"

Reached = Callable[[str], str]
"""Says how far the read model of a domain is, as the answers of its list do."""


class _Kept(NamedTuple):
    """What a person saw, and how far the read model was."""

    position: str
    things: list[Thing]


class _Known(NamedTuple):
    """A gazetteer, and what it was made of."""

    made_of: Sequence[list[Thing]]
    gazetteer: Gazetteer


class Things:
    """Reads what people see, and remembers it for as long as its read model does not move."""

    def __init__(self, reached: Reached) -> None:
        self._reached = reached
        self._kept = Recent[Hashable, _Kept](MOST_KEPT)
        self._reading: dict[Hashable, Task[list[Thing]]] = {}
        self._known = Recent[Hashable, _Known](MOST_KEPT)

    async def seen(self, doors: Doors) -> Gazetteer:
        """Give the things, each as it is now."""
        *remembered, accounts = await gather(*(self._of(doors, *each) for each in _SEEN), _accounts(doors))
        if accounts:
            return Gazetteer([*(thing for things in remembered for thing in things), *accounts])
        known = self._known.get(_who(doors))
        if known is None or any(one is not other for one, other in zip(known.made_of, remembered, strict=True)):
            known = _Known(remembered, Gazetteer(thing for things in remembered for thing in things))
            self._known.keep(_who(doors), known)
        return known.gazetteer

    async def _of(self, doors: Doors, domain: str, path: str) -> list[Thing]:
        if not doors.caller.may(f"{domain}:read"):
            return []
        name, position = (*_who(doors), domain), self._reached(domain)
        if not position or not _knows(position, domain, doors.reached):
            return await self._read(doors, domain, path)
        kept = self._kept.get(name)
        if kept is not None and position == kept.position:
            return kept.things
        # Another turn may be reading the same.
        reading = self._reading.get((name, position))
        if reading is None:
            reading = self._reading[name, position] = create_task(self._read(doors, domain, path))
            reading.add_done_callback(partial(self._is_read, (name, position)))
        return await shield(reading)

    def _is_read(self, reading: Hashable, task: Task[list[Thing]]) -> None:
        del self._reading[reading]
        if not task.cancelled():
            task.exception()  # it was told to whom it concerns, if they wait still

    async def _read(self, doors: Doors, domain: str, path: str) -> list[Thing]:
        answer = await doors.get(path, {"limit": MOST})
        if not answer.good:
            return []
        things = [_thing(domain, row) for row in answer.body["items"]]
        self._kept.keep((*_who(doors), domain), _Kept(answer.headers.get("annal-position", ""), things))
        return things


async def seen(doors: Doors) -> Gazetteer:
    """Give the things as they are now, and remember nothing."""
    return await Things(lambda _: "").seen(doors)


def _who(doors: Doors) -> tuple[Hashable, ...]:
    """Two who may not do the same do not see the same, though they be one."""
    return doors.caller.actor.id, doors.caller.grants


def _knows(position: str, domain: str, wanted: Sequence[str]) -> bool:
    """Say whether a position is as far as all those that are wanted of a domain."""
    had = [Position.parse(each) for each in position.split(",") if each]
    offsets = {(each.domain, each.partition): each.offset for each in had}
    of_it = (each for each in map(Position.parse, wanted) if each.domain == domain)
    return all(offsets.get((each.domain, each.partition), -1) >= each.offset for each in of_it)


def _thing(domain: str, row: Mapping[str, Any]) -> Thing:
    id_ = row.get(f"{domain}_id") or row[domain]
    kind = row["kind"] if domain == "resource" else ""
    return Thing(domain, id_, row.get("name") or id_, kind, row.get("position") or "")


async def _accounts(doors: Doors) -> list[Thing]:
    if not doors.caller.may(_ACCOUNTS):
        return []
    answer = await doors.get("/v1/accounts", {"limit": MOST})
    found: list[Thing] = []
    for row in answer.body["items"] if answer.good else ():
        names = (row.get("address"), row.get("name"), row.get("profile", {}).get("display_name"))
        found += [Thing("account", row["account_id"], name, "", row.get("position")) for name in names if name]
    return found
