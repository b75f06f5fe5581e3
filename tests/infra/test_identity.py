"""Which keys were used is noted once in a while, whatever goes wrong in between."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Self, cast

import pytest

from infra import kafka, redis
from infra.auth.vault import Vault
from infra.ending import ended
from infra.ends import Ends
from infra.identity import Identities
from infra.settings import Settings
from projections.door import ReadDoor
from schemas.apikey import NoteUse
from schemas.message import Asked
from schemas.problems import Problem
from streams.door import WriteDoor

AWAY = Problem("not_ready", "Ask again in a moment.")


class Door:
    """A door that breaks first, then cannot reach Kafka for the last key, then does what it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, int]] = []
        self.done = asyncio.Event()

    @property
    def asker(self) -> Self:
        return self

    async def letter(self, asked: Asked, _: None) -> Asked:
        return asked

    async def ask_all(self, letters: Sequence[Asked]) -> list[Problem | None]:
        uses = [each.command for each in letters if isinstance(each.command, NoteUse)]
        self.asked.append({use.key_id: use.used for use in uses})
        if len(self.asked) == 1:
            raise ZeroDivisionError
        if len(self.asked) == 2:
            return [*[None] * (len(letters) - 1), AWAY]
        self.done.set()
        return [None] * len(letters)


@pytest.fixture
async def identities(tmp_path: Path) -> AsyncIterator[Identities]:
    """What nothing has begun of, and no server is behind."""
    settings = Settings(
        data_dir=tmp_path,
        kafka_bootstrap="127.0.0.1:1",
        postgres_url="postgresql://x@127.0.0.1:1/x",
        redis_url="redis://127.0.0.1:1",
    )
    connection, cache = kafka.connection(settings), redis.client(settings)
    ends = Ends(connection)
    read = ReadDoor(settings, cache, ends, vault=Vault(settings))
    yield Identities(settings, connection, cache, read, ends)
    await cache.aclose()


async def test_uses_that_could_not_be_noted_are_noted_the_next_time(
    identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.identity.USES_NOTED_EVERY", 0.01)
    identities.doorkeeper.used = {"one": 1, "two": 2}
    door = Door()
    noting = asyncio.create_task(identities._note_uses(cast("WriteDoor", door)))
    await asyncio.wait_for(door.done.wait(), 5)
    await ended(noting)
    assert door.asked[:2] == [{"one": 1, "two": 2}] * 2
    assert door.asked[2] == {"two": 2}
    assert identities.doorkeeper.used == {}


async def test_a_key_that_was_used_again_meanwhile_is_noted_as_used_last(
    identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.identity.USES_NOTED_EVERY", 0.01)

    class Meanwhile(Door):
        async def ask_all(self, letters: Sequence[Asked]) -> list[Problem | None]:
            identities.doorkeeper.used.setdefault("one", 9)
            return await super().ask_all(letters)

    door = Meanwhile()
    identities.doorkeeper.used = {"one": 1}
    noting = asyncio.create_task(identities._note_uses(cast("WriteDoor", door)))
    await asyncio.wait_for(door.done.wait(), 5)
    await ended(noting)
    assert door.asked[:2] == [{"one": 1}, {"one": 9}]
