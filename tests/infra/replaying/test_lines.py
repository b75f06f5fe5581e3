"""What goes out of a replay: what is wanted of the records that count, each a line."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from infra.records import Record
from infra.replaying.places import SOURCES, Place, Range
from infra.replaying.reading import How, pieces
from schemas import wire
from schemas.message import Asked as AskedCommand
from schemas.message import CommandMeta
from schemas.resource import RenameResource
from tests.infra.replaying.paper import Paper, a_journal, ask, replayed, whole
from tests.projections.telling import ALICE, FIRST_MOMENT


def test_a_line_says_what_the_doors_say() -> None:
    journal = a_journal()
    meta = wire.decode_fact(journal.records[4].value).meta
    lines = replayed(Paper(journal), [whole(journal)], ask())
    assert lines[3] == {
        "position": "resource:0:4",
        "type": "resource.renamed",
        "subject": "r1",
        "version": 2,
        "time": "2025-11-24T16:00:00.002000Z",
        "actor": {"id": "alice", "via": None, "on_behalf_of": None},
        "command_id": meta.command_id,
        "correlation_id": meta.correlation_id,
        "causation_id": None,
        "data": {"name": "The library of Babel"},
    }


def test_records_that_do_not_count_stay_and_bytes_that_are_no_fact_go_out_as_they_are() -> None:
    journal = a_journal()
    lines = replayed(Paper(journal), [whole(journal)], ask())
    assert [line["position"] for line in lines] == [f"resource:0:{n}" for n in (0, 1, 3, 4, 5, 6)]
    assert lines[2] == {"position": "resource:0:3", "subject": "r1", "unreadable": "cnViYmlzaA=="}


@pytest.mark.parametrize(
    ("words", "offsets"),
    [
        ({"types": ["resource.registered", "command.rejected"]}, [0, 1, 6]),
        ({"subjects": ["r1"]}, [0, 3, 4, 5]),
        ({"subjects": ["r1"], "types": ["resource.tagged"]}, [5]),
        ({"actors": ["carol"]}, [1]),
        ({"subjects": ["r3"]}, []),
    ],
)
def test_only_what_is_wanted_goes_out(words: dict[str, Any], offsets: list[int]) -> None:
    journal = a_journal()
    lines = replayed(Paper(journal), [whole(journal)], ask(**words))
    assert [line["position"] for line in lines] == [f"resource:0:{n}" for n in offsets]


def test_who_comes_in_the_middle_knows_which_records_count() -> None:
    journal = a_journal()
    all_lines = replayed(Paper(journal), [whole(journal)], ask())
    for start in range(len(journal.records)):
        found = [replace(whole(journal), start=start)]
        later = [line for line in all_lines if int(line["position"].rpartition(":")[2]) >= start]
        assert replayed(Paper(journal), found, ask()) == later


def test_a_place_of_another_journal_is_not_believed() -> None:
    journal = a_journal()
    found = [replace(whole(journal), start=5, next=4, head=bytes([7]) * 32)]
    assert [line["position"] for line in replayed(Paper(journal), found, ask())] == ["resource:0:5", "resource:0:6"]


def test_a_command_says_what_was_asked() -> None:
    place = Place(SOURCES["resource.commands"], 2)
    meta = CommandMeta(
        id="c1",
        type="resource.rename",
        subject="r1",
        time=FIRST_MOMENT,
        actor=ALICE,
        expected_version=4,
        correlation_id="k",
    )
    value = wire.encode_command(AskedCommand(meta, RenameResource(resource_id="r1", name="Ficciones")))

    class Commands:
        def read(self, _topic: str, _partition: int, _start: int, _end: int) -> Iterator[list[Record]]:
            yield [Record(5, FIRST_MOMENT + 7, b"r1", value, ()), Record(6, FIRST_MOMENT + 8, b"r1", b"?", ())]

    (piece,) = pieces(Commands(), [Range(place, 5, 7, 5)], How(ask()))
    first, second = (orjson.loads(line) for line in piece.lines.splitlines())
    assert (first["position"], first["type"], first["expected_version"]) == (
        "resource.commands:2:5",
        "resource.rename",
        4,
    )
    assert (first["command_id"], first["data"]) == ("c1", {"resource_id": "r1", "name": "Ficciones"})
    assert second == {"position": "resource.commands:2:6", "subject": "r1", "unreadable": "Pw=="}
