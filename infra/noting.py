"""Puts on record what auditors read, before they are told it."""

from collections.abc import Mapping, Sequence

from infra.auth import Caller
from infra.auth.vault import Vault
from schemas.audit import NoteReading
from schemas.message import Asked, CommandMeta
from schemas.problems import Problem
from streams.door import WriteDoor
from streams.forms import now
from streams.request import random_id

PATIENCE = 5.0
"""Seconds that noting may take."""


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
            raise Problem("reading_not_noted", told, headers={"Retry-After": "1"})
