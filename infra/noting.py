"""Puts on record what auditors read, before they are told it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from infra.admin import MACHINE
from infra.auth import Caller
from infra.auth.vault import Vault
from infra.doors import Doors, doors
from infra.ready import agree, reach
from infra.repair.ground import operator
from infra.settings import Settings, Unusable
from schemas.audit import NoteReading
from schemas.message import Asked, CommandMeta
from schemas.problems import Problem
from streams.door import WriteDoor
from streams.forms import now
from streams.request import random_id

PATIENCE = 5.0
"""Seconds that noting may take."""

NOT_NOTED = "reading_not_noted"

OPERATOR = Caller(MACHINE, (frozenset({"*"}),))
"""Who reads at the machine itself; what is noted names whoever sits there."""


class Noting:
    """Notes readings by the way that all commands go."""

    def __init__(self, door: WriteDoor, vault: Vault) -> None:
        self._door = door
        self._vault = vault

    async def note(self, caller: Caller, path: str, asked: Mapping[str, Sequence[str]]) -> None:
        """Note a reading and wait until it is a fact. Raises Problem, and then nothing is to be told."""
        command_id, account_id = random_id(), caller.actor.id
        said: dict[str, list[str]] = {name: list(values) for name, values in asked.items()}
        if "address" in said:  # which is personal
            person = await self._vault.person(account_id)
            said["address"] = [person.seal("network", value) for value in said["address"]]
        command = NoteReading(account_id=account_id, reading=command_id, path=path, asked=said)
        meta = CommandMeta(
            id=command_id,
            type=NoteReading.type,
            subject=account_id,
            time=now(),
            actor=caller.actor,
            correlation_id=command_id,
        )
        _, outcome = await self._door.ask(Asked(meta, command), PATIENCE)
        if outcome is None or outcome.status != "accepted":
            told = "What auditors read is put on record first, and this could not be; ask again."
            raise Problem(NOT_NOTED, told, headers={"Retry-After": "1"})


@asynccontextmanager
async def noted(settings: Settings, command: str, asked: Mapping[str, Any]) -> AsyncIterator[Doors]:
    """Note what a command such as `annal export` reads at this machine, then give the doors, their vault not open.

    Raises Unusable, also for a Problem within the block.
    """
    await reach(settings)
    await agree(settings)
    said = {name: _words(value) for name, value in asked.items() if value} | {"by": [operator()]}
    try:
        async with doors(settings) as there:
            await Noting(there.write, there.read.vault).note(OPERATOR, f"/{command.replace(' ', '/')}", said)
            yield there
    except Problem as problem:
        todo = " See that a worker runs." if problem.code == NOT_NOTED else ""
        raise Unusable(problem.detail + todo) from problem


async def note(settings: Settings, command: str, asked: Mapping[str, Any]) -> None:
    """Note what a command reads at this machine, which it does without the doors. Raises Unusable."""
    async with noted(settings, command, asked):
        pass


def _words(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, Sequence) and not isinstance(value, str) else [str(value)]
