"""The checker finds every bug that is planted, and nothing when none is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from infra import postgres
from infra.faults.check.decided import DECIDED
from infra.faults.check.doors import OUTCOMES
from infra.faults.stage import Stage, stage
from schemas import wire
from schemas.message import Recorded
from schemas.resource import ResourceRenamed
from tests.faults.scene import Scene, scene

Provoke = Callable[[Scene], Awaitable[None]]


async def a_stalled_writer_appends_late(scene: Scene) -> None:
    """Its records stand in the journal a second time, and the owner goes on."""
    await scene.register()
    await scene.answered()
    await scene.append((await scene.records())[-1])
    await scene.rename("two")
    await scene.answered()
    await scene.rename("three")
    await scene.answered()


async def another_release_appends_late(scene: Scene) -> None:
    """A writer that lost its partition had decided something else."""
    await scene.register()
    await scene.known("one")
    (record,) = await scene.records()
    meta = wire.decode_fact(record.value).meta
    other = meta.model_copy(update={"id": "never", "type": ResourceRenamed.type, "version": 9, "command_id": "never"})
    await scene.append(record, value=wire.encode_fact(Recorded(other, ResourceRenamed(name="never"))))
    await scene.rename("two")
    await scene.known("two")


async def commands_come_before_the_worker(scene: Scene) -> None:
    """Faust forgets records that arrive while a partition is being opened."""
    await scene.stop_worker()
    await scene.register()
    await scene.rename("early")
    scene.worker.start()
    await scene.insist("late")


async def the_state_is_lost(scene: Scene) -> None:
    await scene.register()
    await scene.answered()
    await scene.stop_worker(forget=True)
    scene.worker.start()
    await scene.rename("two")
    await scene.answered()


async def a_command_is_repeated(scene: Scene) -> None:
    await scene.register()
    await scene.rename("two", "the same id")
    await scene.rename("three")
    await scene.answered()
    await scene.rename("two", "the same id")
    await scene.rename("four")
    await scene.answered()


async def a_projection_dies_while_it_writes(scene: Scene) -> None:
    """A row is locked, so that it and its connection end before it has written that."""
    await scene.register()
    await scene.known("one")
    async with _locked(scene):
        await scene.rename("two")
        await scene.answered()
        await asyncio.sleep(2)
        await scene.projection.end()
    scene.projection.start()
    scene.begin_anew()
    await scene.register()
    await scene.known("one")


@asynccontextmanager
async def _locked(scene: Scene) -> AsyncIterator[None]:
    connection = await postgres.connect(scene.stage.settings)
    async with connection, connection.transaction():
        await connection.execute("SELECT FROM resource WHERE resource_id = %s FOR UPDATE", [scene.resource])
        yield
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("bugs"), {"worker": 1, "project": 1}) as there:
        yield there


@pytest.mark.parametrize(
    ("bug", "role", "provoke", "promise"),
    [
        ("no_chain", "worker", a_stalled_writer_appends_late, DECIDED),
        ("no_chain", "project", another_release_appends_late, "table history"),
        ("no_seek", "worker", commands_come_before_the_worker, DECIDED),
        ("append_before_fold", "worker", the_state_is_lost, DECIDED),
        ("no_comparison", "worker", a_stalled_writer_appends_late, OUTCOMES),
        ("reply_before_acknowledge", "worker", a_stalled_writer_appends_late, OUTCOMES),
        ("no_ids_seen", "worker", a_command_is_repeated, DECIDED),
        ("position_apart", "project", a_projection_dies_while_it_writes, "table resource"),
    ],
)
async def test_the_checker_finds(small: Stage, bug: str, role: str, provoke: Provoke, promise: str) -> None:
    async with scene(small, bug, role) as begun:
        await provoke(begun)
        findings = await begun.judge(patience=3)
    assert findings.wrong.get(promise), findings.violations


async def test_without_a_bug_the_same_is_no_harm(small: Stage) -> None:
    async with scene(small) as begun:
        for provoke in (
            a_stalled_writer_appends_late,
            another_release_appends_late,
            commands_come_before_the_worker,
            the_state_is_lost,
            a_command_is_repeated,
            a_projection_dies_while_it_writes,
        ):
            await provoke(begun)
            begun.begin_anew()
        findings = await begun.judge(patience=30)
    assert not findings.violations
