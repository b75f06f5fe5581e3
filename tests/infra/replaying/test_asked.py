"""What a replay is asked for: wrong words are told at once."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from infra.replaying import command
from infra.replaying.asked import Words
from infra.replaying.command import Where
from infra.replaying.places import SOURCES, Place
from infra.replaying.topic import require_another
from infra.settings import Settings, Unusable
from tests.infra.replaying.paper import RESOURCE, ask
from tests.projections.telling import FIRST_MOMENT


def test_all_facts_are_replayed_if_nothing_is_named() -> None:
    assert {place.source.word for place in ask().places} == {word for word in SOURCES if "." not in word}
    assert len(ask(names=["resource", "resource.facts"]).places) == RESOURCE.partitions
    assert {str(place) for place in ask(names=["kind.commands"]).places} == {"kind.commands:0"}


def test_positions_name_the_partitions_that_are_replayed() -> None:
    wanted = ask(since="resource:3:57,resource.commands:1:4", until="resource:3:60")
    assert wanted.since == {Place(RESOURCE, 3): 57, Place(SOURCES["resource.commands"], 1): 4}
    assert [str(place) for place in wanted.places] == ["resource:3", "resource.commands:1"]


def test_a_moment_has_an_offset_of_its_own() -> None:
    assert ask(since="2025-11-24T17:00:00+01:00").since == ask(since="2025-11-24T16:00:00Z").since == FIRST_MOMENT


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"names": ["book"]}, "There is no topic book: name a domain"),
        ({"names": ["annal.checkpoints"]}, "There is no topic annal.checkpoints"),
        ({"since": "book:3:57"}, "There is no topic book: name a domain"),
        ({"since": "resource:8:57"}, "the partitions of resource.facts are 0 to 7. Was it given by another Annal"),
        ({"since": "resource:3"}, "resource:3 is no position: write it as resource:3:57"),
        ({"since": "resource:3:1,resource:3:2"}, "names two positions of resource:3"),
        ({"since": "resource:3:57", "until": "resource:3:56"}, "comes after --to resource:3:56"),
        ({"names": ["kind"], "since": "resource:3:57"}, "resource:3:57 is of resource.facts: name that topic too"),
        ({"since": "yesterday"}, "is no position and no moment"),
        ({"since": "2026-11-26T19:00"}, "says nothing of its zone"),
        ({"until": "2026-11-26T20:00:01Z"}, "is not yet"),
        ({"since": "2026-11-26T19:00Z", "until": "2026-11-26T18:00Z"}, "comes after --to 2026-11-26T18:00Z"),
        (
            {"types": ["resource.eaten"]},
            "type resource.eaten can be there: name one of account.address_change_asked",
        ),
        ({"names": ["kind"], "types": ["resource.renamed"]}, "name one of command.rejected"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(words: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unusable) as told:
        ask(**words)
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("words", "where", "sentence"),
    [
        ({}, Where(out=Path("f"), topic="t"), "A replay goes to one place"),
        ({}, Where(resume=True), "Only a file can be gone on with"),
        ({"names": ["resource"]}, Where(projection="resource"), "`annal projection build resource`"),
        ({}, Where(topic="resource.facts"), "is, or could be, a topic of Annal"),
        ({}, Where(out=Path("/")), "/ is there already"),
    ],
)
def test_what_cannot_be_asked_together_is_told_before_anything_is_reached(
    words: dict[str, Any], where: Where, sentence: str
) -> None:
    with pytest.raises(Unusable, match=sentence):
        command.run(Settings(kafka_bootstrap="nowhere:1"), Words(**words), where, Console(file=io.StringIO()))


@pytest.mark.parametrize(
    "name", ["resource.facts", "annal.checkpoints", "annal.mine", "__consumer_offsets", "kind.old"]
)
def test_no_topic_of_annals_own_is_written_to(name: str) -> None:
    with pytest.raises(Unusable, match="replay into one of another name"):
        require_another(name)
