"""Journals on paper, and what is replayed of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from infra.records import Record
from infra.replaying.asked import Asked, Words, asked
from infra.replaying.places import SOURCES, Place, Range
from infra.replaying.reading import How, pieces
from schemas import wire
from schemas.message import CommandRejected
from schemas.resource import ResourceRenamed, ResourceTagged
from tests.projections.telling import ALICE, FIRST_MOMENT, Journal, registered

NOW = datetime(2026, 11, 26, 20, tzinfo=UTC)
RESOURCE = SOURCES["resource"]
HERE = Place(RESOURCE, 0)


class Paper:
    """Journals on paper, as a reader of Kafka gives them."""

    def __init__(self, *journals: Journal, at_once: int = 10_000) -> None:
        self._records = {(f"{each.domain}.facts", each.partition): records_of(each) for each in journals}
        self._at_once = at_once

    def stored(self, place: Place, times: Sequence[int]) -> None:
        """Let records have been stored at these times."""
        key = (place.source.topic, place.partition)
        self._records[key] = [
            each._replace(timestamp=time) for each, time in zip(self._records[key], times, strict=True)
        ]

    def around(self, topic: str, partition: int) -> tuple[int, int]:
        return 0, len(self._records.get((topic, partition), ()))

    def since(self, topic: str, moments: Mapping[int, int]) -> dict[int, int]:
        return {
            partition: next(
                (each.offset for each in self._records.get((topic, partition), ()) if each.timestamp >= moment),
                self.around(topic, partition)[1],
            )
            for partition, moment in moments.items()
        }

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]:
        found = self._records[topic, partition][start:end]
        for at in range(0, len(found), self._at_once):
            yield found[at : at + self._at_once]


def records_of(journal: Journal) -> list[Record]:
    """Give the records of a journal; each was stored when its fact happened."""
    return [Record(each.offset, _stored(each.value), each.key, each.value, each.headers) for each in journal.records]


def _stored(value: bytes) -> int:
    try:
        return wire.decode_fact(value).meta.time
    except wire.Undecodable:
        return FIRST_MOMENT


def a_journal() -> Journal:
    """Tell of two books, beside a record that is void and one that is no fact."""
    journal = Journal()
    journal.tell("r1", registered())
    journal.tell("r2", registered(), actor=ALICE.model_copy(update={"id": "bob", "on_behalf_of": "carol"}))
    journal.append(b"r1", journal.records[0].value, prev=bytes(32))
    journal.append(b"r1", b"rubbish")
    journal.tell("r1", ResourceRenamed(name="The library of Babel"), ResourceTagged(tags=("a", "b")))
    journal.tell("r2", CommandRejected(code="not_yours", reason="It is not yours."))
    return journal


def whole(journal: Journal) -> Range:
    return Range(Place(SOURCES[journal.domain], journal.partition), 0, len(journal.records), 0)


def replayed(paper: Paper, found: Sequence[Range], wanted: Asked, at_once: int = 10_000) -> list[dict[str, Any]]:
    written = b"".join(piece.lines for piece in pieces(paper, found, How(wanted, at_once)))
    return [orjson.loads(line) for line in written.splitlines()]


def ask(**words: Any) -> Asked:
    return asked(Words(**words), NOW)
