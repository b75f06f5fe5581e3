"""What is told to end ends, also when the first word is lost on it."""

import asyncio
from contextlib import suppress

import pytest

from infra import ending
from infra.ending import ended


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "AGAIN", 0.01)


async def deaf(times: int) -> None:
    """Go on as if nothing was, so many times; as whoever closes a consumer of aiokafka at the wrong moment."""
    for _ in range(times):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
    await asyncio.sleep(60)


async def broken() -> None:
    raise RuntimeError("before anybody asked")


async def test_whoever_misses_the_first_word_hears_the_next() -> None:
    tasks = [asyncio.create_task(deaf(times)) for times in range(3)]
    await asyncio.sleep(0)
    await asyncio.wait_for(ended(*tasks), 5)
    assert all(task.cancelled() for task in tasks)


async def test_what_has_ended_already_is_left_as_it_is() -> None:
    task = asyncio.create_task(broken())
    await asyncio.wait([task])
    await ended(task)
    assert isinstance(task.exception(), RuntimeError)


async def test_nothing_to_end_is_no_trouble() -> None:
    await ended()
