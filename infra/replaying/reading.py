"""Reads ranges piece by piece: what goes out, and the place from which to go on; where there is much, on all cores."""

import gc
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import Any, NamedTuple, Protocol

from infra.records import AT_ONCE, Record, Records
from infra.replaying.asked import Asked
from infra.replaying.lines import lines
from infra.replaying.places import Range
from infra.settings import Settings, Unusable
from schemas import journal
from schemas.journal import GENESIS, Chain

MUCH = 100_000
"""Records for which it is worth to start processes, which takes a second or two."""


class Reader(Protocol):
    """Gives records of a range of a topic in their order, many at once."""

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]: ...


class Piece(NamedTuple):
    """What comes of some records of a range: `told` of them as `lines`, or as they are; `after` is where to go on."""

    number: int
    lines: bytes
    records: Sequence[Record]
    told: int
    read: int
    after: Range


class How(NamedTuple):
    """How ranges are read: what is wanted of them, so many records at once, and as lines or `raw`."""

    asked: Asked
    at_once: int = AT_ONCE
    raw: bool = False


def pieces(reader: Reader, found: Sequence[Range], how: How) -> Iterator[Piece]:
    """Read ranges, one after the other."""
    for number, each in enumerate(found):
        if each.left:
            yield from _pieces(reader, number, each, how)


def side_by_side(settings: Settings, found: Sequence[Range], asked: Asked) -> Iterator[Piece]:
    """Read ranges in as many processes as there are cores; pieces of one range come in their order."""
    context = get_context("spawn")
    running: dict[Any, Any] = {}
    try:
        for share in _shares(found, os.cpu_count() or 1):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_serve, args=(theirs, settings, share, asked), daemon=True)
            process.start()
            theirs.close()
            running[ours] = process
        while running:
            for each in wait(list(running)):
                yield from _received(each, running)
    finally:
        for ours, process in running.items():
            ours.close()
            process.terminate()
            process.join()


def _received(ours: Any, running: dict[Any, Any]) -> Iterator[Piece]:
    """Give what a process sent, and forget the process that has ended well. Raises Unusable."""
    try:
        sent = ours.recv()
    except EOFError:
        raise Unusable("A process that reads was ended from outside: ask the same again, with --resume.") from None
    if isinstance(sent, Piece):
        yield sent
    elif sent is not None:
        raise Unusable(sent)
    else:
        process = running.pop(ours)
        ours.close()
        process.join()


def _pieces(reader: Reader, number: int, each: Range, how: How) -> Iterator[Piece]:
    place, begin = each.place, each.next
    line = lines(how.asked, place)
    chain = Chain(each.head) if place.source.journal else None
    batches = reader.read(place.source.topic, place.partition, begin, each.end)
    for batch in _cut(batches, how.at_once):
        counting = batch if chain is None else _counting(batch, chain)
        if chain is not None and batch[0].offset == begin and begin and not counting:
            break
        told = [(record, said) for record in counting if record.offset >= each.start and (said := line(record))]
        after = replace(each, next=batch[-1].offset + 1, head=chain.head if chain else GENESIS)
        written = b"" if how.raw else b"".join([said for _, said in told])
        copied = [record for record, _ in told] if how.raw else ()
        yield Piece(number, written, copied, len(told), len(batch), after)
    else:
        return
    # Nothing counts, so the place is none of this journal: whoever knows it knows another Kafka, or an earlier one.
    yield from _pieces(reader, number, replace(each, start=max(each.start, begin), next=0, head=GENESIS), how)


def _counting(batch: Sequence[Record], chain: Chain) -> list[Record]:
    take, before = chain.take, journal.before
    return [each for each in batch if take(before(each.headers), each.key or b"", each.value or b"")]


def _cut(batches: Iterable[list[Record]], at_once: int) -> Iterator[list[Record]]:
    for batch in batches:
        for start in range(0, len(batch), at_once):
            yield batch[start : start + at_once]


def _shares(found: Sequence[Range], processes: int) -> list[list[tuple[int, Range]]]:
    """Share ranges out so that all have about as much to read."""
    shares: list[list[tuple[int, Range]]] = [[] for _ in range(processes)]
    loads = [0] * processes
    for number, each in sorted(enumerate(found), key=lambda entry: -entry[1].left):
        if each.left:
            least = loads.index(min(loads))
            shares[least].append((number, each))
            loads[least] += each.left
    return [share for share in shares if share]


# ── in the processes ──────────────────────────────────────────────────────────────────────────────────────────────────


def _serve(theirs: Any, settings: Settings, share: Sequence[tuple[int, Range]], asked: Asked) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it is told, and ends it
    gc.disable()  # there are no cycles among records, and looking for them takes long
    try:
        with Records(settings) as reader:
            for number, each in share:
                for piece in _pieces(reader, number, each, How(asked)):
                    theirs.send(piece)
        theirs.send(None)
    except Unusable as error:
        theirs.send(str(error))
    except (BrokenPipeError, ConnectionResetError):
        pass  # nobody wants the rest
