"""Folds a journal of resources again and compares what that makes with the documents in Redis.

Redis may lack any of them, for it may have let go of it; one that is there must be what the facts made, up to where
Redis says that it has read. Documents that change meanwhile are looked at once more at the end, at one instant with the
place that Redis has read to then.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from infra import redis
from infra.prove.asked import Wrong
from infra.prove.models import LONGEST, Compared
from infra.prove.walk import TOLD
from infra.records import Records
from infra.settings import Settings, Unusable
from projections import documents, resource
from projections.projection import Row
from projections.reading import Place, Progress, Told, read, sentence
from schemas import topics
from schemas.checkpoint import Journal
from schemas.message import Position
from schemas.partition import partition_of

MANY = 5_000
"""Documents that are looked at together."""


class Anew(Exception):  # noqa: N818 - nothing is wrong
    """The documents of a journal are being made anew, and are served to nobody until they are."""


class Shelf:
    """The documents in Redis of one journal. All its methods block, and raise RedisError."""

    def __init__(self, cache: Redis, name: Journal) -> None:
        self.name = name
        self._cache = cache

    def look(self, subjects: Sequence[bytes]) -> tuple[int, dict[bytes, bytes | None]]:
        """Give how far Redis has read, and the documents of subjects, all at one instant."""
        keys = [documents.place_key(Place(*self.name)), *map(documents.key_of, subjects)]
        place, *values = self._mget(keys)
        return documents.progress_of(place).read_to, dict(zip(subjects, values, strict=True))

    def subjects(self) -> Iterator[bytes]:
        """Give the subjects of all documents in Redis, whatever their journal."""
        for key in self._cache.scan_iter(match=documents.PREFIX + b"*", count=MANY):
            yield key[len(documents.PREFIX) :]

    def _mget(self, keys: Sequence[bytes]) -> list[Any]:
        found: Any = self._cache.mget(keys)  # which redis types for its two clients at once
        return list(found)


def compare(
    settings: Settings, name: Journal, skipped: Collection[str], told: Callable[[int], object]
) -> Compared | None:
    """Fold a journal into documents, but for the facts `skipped`, and compare; None while they are made anew.

    `told` hears how many records were read. Raises Unusable.
    """
    with _connected(settings) as cache, Records(settings) as reader:
        return compared(reader, Shelf(cache, name), skipped, told)


def compared(reader: Records, shelf: Shelf, skipped: Collection[str], told: Callable[[int], object]) -> Compared | None:
    """Compare with what reads the journal."""
    topic, partition = topics.facts(shelf.name.domain), shelf.name.partition
    (read_to, _), (_, end) = shelf.look(()), reader.around(topic, partition)
    if read_to < 0 < end:
        return None
    folding = _Folding(shelf, read_to, skipped)
    try:
        for batch in reader.read(topic, partition, 0, min(read_to + 1, end)) if end else ():
            folding.take(batch)
            told(len(batch))
        left = folding.left()
        for n in range(0, len(left), MANY):
            folding.settle(left[n : n + MANY], reader)
    except Anew:
        return None
    return folding.found


class _Folding:
    """The documents in the making beside those that are there.

    A document says by its position which fact made it what it is. When the fold comes to that fact the two must be
    alike, and the row need not be remembered any more.
    """

    def __init__(self, shelf: Shelf, read_to: int, skipped: Collection[str]) -> None:
        self.found = Compared(documents.NAME, shelf.name)
        self._shelf = shelf
        self._read_to = read_to
        self._skipped = skipped
        self._place = Place(*shelf.name)
        self._done = Progress()
        self._rows: dict[bytes, Row] = {}
        self._failed: dict[bytes, Wrong] = {}
        self._known: set[bytes] = set()
        self._settled: set[bytes] = set()

    def take(self, records: Sequence[Any]) -> None:
        """Fold records, and compare the documents of their subjects."""
        stretch = read(resource.projection, self._place, self._done, records)
        self._done = stretch.after
        touched = dict.fromkeys(subject for told in stretch.facts if (subject := self._fold(told)) is not None)
        self._known |= touched.keys()
        _, there = self._look(list(touched))
        for subject, value in there.items():
            self._compare(subject, value)

    def left(self) -> list[bytes]:
        """Give the subjects whose documents were of later facts, and those of which no fact was read."""
        strangers = (each for each in self._shelf.subjects() if each not in self._known)
        return [
            *self._rows,
            *(each for each in strangers if partition_of(each, documents.PARTITIONS) == self._place.partition),
        ]

    def settle(self, subjects: Sequence[bytes], reader: Records) -> None:
        """Compare documents with the fold of all that Redis has read by now."""
        read_to, there = self._look(subjects)
        topic, partition = topics.facts(self._place.domain), self._place.partition
        start, end, done = self._read_to + 1, min(read_to + 1, reader.around(topic, partition)[1]), self._done
        for batch in reader.read(topic, partition, start, end) if start < end else ():
            stretch = read(resource.projection, self._place, done, batch)
            done = stretch.after
            for told in stretch.facts:
                if told.record.key in there:
                    self._fold(told)
        for subject, value in there.items():
            if value is not None and subject not in self._rows and subject not in self._failed:
                self._note(Wrong(str(self._shelf.name), f"{_named(subject)} is in Redis, and no fact made it"))
            else:
                self._compare(subject, value, last=True)

    def _look(self, subjects: Sequence[bytes]) -> tuple[int, dict[bytes, bytes | None]]:
        read_to, there = self._shelf.look(subjects)
        if read_to < self._read_to:
            raise Anew
        return read_to, there

    def _fold(self, told: Told) -> bytes | None:
        """Apply a fact; give its subject if its document is to be looked at."""
        subject = told.record.key or b""
        if told.recorded is None:
            return self._fail(told, subject, told.error or "")
        if told.key is None or told.position in self._skipped:
            return None
        self.found.facts += 1
        row = self._rows.get(subject)
        if row is None and not resource.projection.begins(told.recorded):
            if subject in self._settled:  # though Redis said that it had read this fact
                self._settled.discard(subject)
                self._wrong(told.record.offset, subject, "is still what an earlier fact made of it")
            return None  # Redis had no document, and made none since.
        try:
            self._rows[subject] = resource.projection.project(row, told.recorded, told.position)
        except Exception as error:  # noqa: BLE001 - whatever a fold raises, it could not have made the document
            return self._fail(told, subject, sentence(error))
        return subject

    def _fail(self, told: Told, subject: bytes, error: str) -> bytes:
        """Redis lets go of the document of a fact that cannot be applied."""
        self._rows.pop(subject, None)
        said = f"{_named(subject)} is in Redis, and cannot be made: {error}"
        self._failed[subject] = Wrong(f"{self._shelf.name}:{told.record.offset}", said)
        return subject

    def _compare(self, subject: bytes, value: bytes | None, *, last: bool = False) -> None:
        failed, row = self._failed.pop(subject, None), self._rows.get(subject)
        if value is not None and failed is not None:
            self._note(failed)
        if value is None or row is None:
            self._rows.pop(subject, None)
            return
        due, at = Position.parse(row["position"]).offset, _position(value)
        if at > due and not last:
            return
        del self._rows[subject]
        if at > due:
            self._wrong(due, subject, "is of a later fact in Redis, and there is none")
        elif 0 <= at < due:
            self._wrong(due, subject, f"is still what {self._shelf.name}:{at} made of it")
        else:
            self._differ(due, subject, documents.differing(documents.written(row), value))

    def _differ(self, offset: int, subject: bytes, differing: dict[str, tuple[Any, Any]]) -> None:
        self.found.rows += 1
        if not differing:
            self._settled.add(subject)
        else:
            told = (f"{name} is {found!r} and was to be {due!r}" for name, (found, due) in differing.items())
            self._wrong(offset, subject, "; ".join(told)[:LONGEST])

    def _wrong(self, offset: int, subject: bytes, said: str) -> None:
        self._note(Wrong(f"{self._shelf.name}:{offset}", f"{_named(subject)} {said}"))

    def _note(self, wrong: Wrong) -> None:
        if len(self.found.wrong) < TOLD:
            self.found.wrong.append(wrong)


def _named(subject: bytes) -> str:
    return f"the document {documents.key_of(subject).decode(errors='replace')}"


def _position(value: bytes) -> int:
    """Give where the fact stands that made a document what it is, -1 if it cannot be read."""
    try:
        return Position.parse(documents.parsed(value).position).offset
    except ValueError:
        return -1


@contextmanager
def _connected(settings: Settings) -> Iterator[Redis]:
    try:
        with Redis.from_url(redis.url(settings)) as cache:
            yield cache
    except RedisError as error:
        raise Unusable(f"Redis does not show its documents ({str(error).rstrip('.')}): see that it runs.") from error
