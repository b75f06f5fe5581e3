"""How fast facts are read again and written into a file."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from infra.bench import facts
from infra.bench.bed import Bed
from infra.bench.facts import RESOURCE_FACTS
from infra.bench.measure import Reading, Row, measures
from infra.records import Records
from infra.replaying import file
from infra.replaying.asked import Words, asked
from infra.replaying.command import Where, read
from infra.replaying.ranges import ranges
from infra.settings import Settings


@measures(
    Row("replay.file", "Replay of facts to a file, from the first written to the last", "facts/s", at_least=50_000),
)
async def replaying(bed: Bed) -> Sequence[Reading]:
    """The floor reads the same records in one process, and writes the bytes of each as a line."""
    await facts.many(bed, bed.count(facts.MANY))
    with tempfile.TemporaryDirectory(prefix="annal-bench-", dir=bed.settings.data_dir) as directory:
        bed.say("the bytes of all facts are written as lines")
        floor = await asyncio.to_thread(_rate, _bytes(bed.settings, Path(directory) / "floor"))
        bed.say("all facts are replayed into a file")
        ours = await asyncio.to_thread(_rate, _lines(bed.settings, Path(directory) / "facts.ndjson"))
    return [Reading(ours, floor)]


def _rate(written: Iterator[int]) -> float:
    """Give the records a second of an iterator that says how many more are written."""
    next(written)
    began, count = perf_counter(), sum(written)
    return count / (perf_counter() - began)


def _lines(settings: Settings, path: Path) -> Iterator[int]:
    wanted = asked(Words(["resource"]), datetime.now(UTC))
    with Records(settings) as reader:
        sink = file.begun(path, wanted.said, ranges(reader, wanted))
    for piece in read(settings, wanted, Where(), list(sink.ranges)):
        sink.write(piece)
        yield piece.told
    sink.close(whole=True)


def _bytes(settings: Settings, path: Path) -> Iterator[int]:
    with Records(settings) as reader, path.open("wb") as written:
        for partition in range(RESOURCE_FACTS.partitions):
            begin, end = reader.around(RESOURCE_FACTS.name, partition)
            for batch in reader.read(RESOURCE_FACTS.name, partition, begin, end):
                written.writelines((record.value or b"") + b"\n" for record in batch)
                yield len(batch)
