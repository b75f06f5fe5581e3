"""Moves a version of a read model forward to places in the journals, and no further."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing

from infra.records import Record, Records
from infra.settings import Settings, Unusable
from projections.projection import Projection
from projections.reading import Place, Progress, read
from projections.rows import Rows
from schemas import topics

AT_ONCE = 250
"""Records whose rows are written together: few enough that nobody who reads waits long for the disk or a core."""

Batches = Iterator[list[Record]]
Look = Callable[[int], None]
"""Hears how many records more were read."""


class Moving:
    """Says how far it is; with a rate, in records a second, it keeps that, and rests as long as it works."""

    def __init__(self, rate: float | None = None, look: Look = lambda _: None) -> None:
        self._rate = rate
        self._look = look
        self._due = self._rested = time.monotonic()

    async def moved(self, count: int) -> None:
        self._look(count)
        if self._rate is not None:
            now = time.monotonic()
            self._due = max(self._due, now - 1) + count / self._rate
            # However slow the machine is just now, half of what this takes of it is left to whoever reads.
            await asyncio.sleep(max(self._due - now, now - self._rested))
            self._rested = time.monotonic()


async def advance(
    settings: Settings,
    projection: Projection,
    live: Projection,
    wanted: Mapping[Place, Progress],
    moving: Moving,
) -> None:
    """Read journals into a version of a live projection up to the places wanted. Raises Unusable.

    Places move with the rows: whoever is killed meanwhile goes on where it was.
    """
    rows = Rows(settings, projection, live)
    try:
        reached = await rows.load(list(wanted))
        spans = {place: (reached[place], to) for place, to in wanted.items() if reached[place].read_to < to.read_to}
        if spans:
            with await asyncio.to_thread(Records, settings) as reader:
                for place, (before, to) in spans.items():
                    topic = topics.facts(place.domain)
                    batches = reader.read(topic, place.partition, before.read_to + 1, to.read_to + 1)
                    reached[place] = await _write(rows, projection, place, before, batches, moving)
        _require_same(projection, reached, wanted)
    finally:
        await rows.close()


async def _write(  # noqa: PLR0913, PLR0917 - what is read, and what it becomes
    rows: Rows, projection: Projection, place: Place, reached: Progress, batches: Batches, moving: Moving
) -> Progress:
    """Write what was read; say how far that is."""
    async with aclosing(_few(batches)) as few:
        async for records in few:
            stretch = read(projection, place, reached, records)
            if not await rows.write([stretch]):
                raise Unusable(f"Somebody else moves {projection.name} forward: wait until they have, and look again.")
            reached = stretch.after
            await moving.moved(len(records))
    return reached


def _require_same(projection: Projection, reached: Mapping[Place, Progress], wanted: Mapping[Place, Progress]) -> None:
    for place, to in wanted.items():
        if reached[place] != to:
            raise Unusable(
                f"{projection.name} has read another journal {place.domain}:{place.partition}, or more of it, than is "
                "live: drop it, and build it again."
            )


async def _few(batches: Batches) -> AsyncGenerator[Sequence[Record], None]:
    """Give few records at once, and leave nothing half read behind, whoever is cancelled."""
    try:
        while (batch := await _next(batches)) is not None:
            for start in range(0, len(batch), AT_ONCE):
                yield batch[start : start + AT_ONCE]
    finally:
        if isinstance(batches, Generator):
            batches.close()


async def _next(batches: Batches) -> list[Record] | None:
    coming = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
    try:
        return await asyncio.shield(coming)
    finally:
        await asyncio.wait([coming])
