"""The checker finds every bug that is planted, and nothing when none is."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest

from infra import postgres
from infra.faults.check.addresses import ONE_HOLDER
from infra.faults.check.chains import STEPS
from infra.faults.check.decided import DECIDED
from infra.faults.check.doors import OUTCOMES
from infra.faults.check.policies import FOLLOWED
from infra.faults.stage import Stage, stage
from schemas import wire
from schemas.address import ClaimAddress
from schemas.message import Recorded
from schemas.person import Opening
from schemas.resource import ResourceRenamed
from schemas.session import OpenSession, RefreshSession
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


async def two_claim_one_address(scene: Scene) -> None:
    """As two doors ask it for two people at once."""
    address = _digest()
    for _ in range(2):
        await _claim(scene, address)
    await scene.answered()


async def a_thief_refreshes(scene: Scene) -> None:
    """A token of two steps ago is shown, with a next one that is not its own."""
    account = await _claim(scene, _digest())
    session, tokens = str(uuid.uuid4()), [_digest() for _ in range(4)]
    await scene.ask(
        OpenSession(session_id=session, account_id=account, generation=0, methods=("password",), refresh=tokens[0])
    )
    for shown, following in ((0, 1), (1, 2), (0, 3)):
        await scene.ask(RefreshSession(session_id=session, shown=tokens[shown], following=tokens[following]))
    await scene.answered()


async def _claim(scene: Scene, address: str) -> str:
    """Claim an address for an account that is not there yet."""
    account = str(uuid.uuid4())
    opening = Opening(sealed_address="sealed", profile={})
    await scene.ask(ClaimAddress(address=address, account_id=account, opening=opening))
    return account


def _digest() -> str:
    return sha256(uuid.uuid4().bytes).hexdigest()


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
        ("address_without_holder", "worker", two_claim_one_address, ONE_HOLDER),
        ("any_token_refreshes", "worker", a_thief_refreshes, STEPS),
        ("policies_asleep", "worker", two_claim_one_address, FOLLOWED),
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
            two_claim_one_address,
            a_thief_refreshes,
        ):
            await provoke(begun)
            begun.begin_anew()
        findings = await begun.judge(patience=30)
    assert not findings.violations
