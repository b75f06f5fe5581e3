"""What is searched is found by words and by sense, by who may read it and by nobody else."""

import asyncio

import psycopg
import pytest

from agent.knowledge.document import Document
from agent.knowledge.searching import LONGEST, MOST_GIVEN, fused
from schemas.problems import Problem
from schemas.resource import (
    ResourceChanged,
    ResourceRegistered,
    ResourceShared,
    ResourceTransferred,
    ResourceTrashed,
    ResourceUnshared,
)
from tests.agent.knowledge.conftest import World

BREAD = "Sourdough rises overnight in a cool room.\n\nBake the loaf for forty minutes."
BOATS = "# Boats\n\nThe ferry to the island leaves at seven in the morning."


def document(text: str, name: str = "Notes", owner: str = "alice") -> ResourceRegistered:
    attributes = {"text": text}
    return ResourceRegistered(
        kind="document", kind_version=1, kind_position=0, name=name, attributes=attributes, tags=(), owner=owner
    )


# ── fusing ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_stands_high_in_both_rankings_comes_first() -> None:
    assert fused([["a", "b", "c"], ["b", "d"]]) == ["b", "a", "d", "c"]


def test_one_ranking_stays_as_it_is() -> None:
    assert fused([["a", "b"], []]) == ["a", "b"]


# ── finding ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_passage_is_found_by_sense_without_a_word_of_it(world: World) -> None:
    await world.tell("bread", document(BREAD))
    await world.tell("boats", document(BOATS))
    assert (await world.found("When can I travel by ship?"))[0] == "boats"


async def test_a_passage_is_found_by_a_word_that_means_nothing(world: World) -> None:
    for n in range(40):
        await world.tell(f"r{n}", document(f"The code of box {n} is zx{n}q."))
    assert (await world.found("zx17q"))[0] == "r17"


async def test_a_passage_says_where_it_stands_and_as_of_which_fact(world: World) -> None:
    await world.tell("boats", document(BOATS, name="The island"))
    (passage,) = await world.search("ferry")
    assert BOATS[passage.start : passage.end] == passage.text == BOATS
    assert (passage.title, passage.heading) == ("The island", "Boats")
    assert passage.position is not None
    assert passage.position.startswith("resource:")
    assert 0 < passage.likeness <= 1


async def test_a_resource_of_any_kind_is_found_by_what_it_holds(world: World) -> None:
    await world.tell("bread", document(BREAD))
    await world.tell(
        "invoice-7",
        ResourceRegistered(
            kind="invoice",
            kind_version=1,
            kind_position=0,
            name="Rossi",
            attributes={"amount": 1200, "to": {"city": "Rome"}},
            tags=("overdue",),
            owner="alice",
        ),
    )
    assert (await world.found("what is overdue from Rome"))[0] == "invoice-7"


async def test_no_more_is_given_than_is_read(world: World) -> None:
    for n in range(MOST_GIVEN + 2):
        await world.tell(f"r{n}", document(BOATS))
    assert len(await world.found("ferry")) == MOST_GIVEN


async def test_a_question_of_nothing_finds_nothing(world: World) -> None:
    await world.tell("boats", document(BOATS))
    assert await world.found("  ") == []


async def test_what_stands_beyond_the_longest_question_is_not_looked_for(world: World) -> None:
    await world.tell("boats", document("zx17q"))
    (near,) = await world.search("x " * LONGEST + "zx17q")
    (same,) = await world.search("x " * LONGEST)
    assert near.likeness == same.likeness


async def test_a_search_that_takes_too_long_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.knowledge.searching._NEAR", "SELECT pg_sleep(10), %(vector)s, %(reader)s")
    monkeypatch.setattr("agent.knowledge.searching.TIME_LIMIT_MS", 20)
    with pytest.raises(Problem) as raised:
        await world.search("ferry")
    assert raised.value.code == "query_too_costly"


async def test_words_that_mean_something_to_postgres_are_words(world: World) -> None:
    await world.tell("boats", document(BOATS))
    for text in ("'; DROP TABLE knowledge.chunk; --", "a & b | !c:* <-> 'd'", "\\", "'", "]::vector", "%s %(x)s"):
        assert await world.found(text) == ["boats"]


# ── who may ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_not_shared_is_not_found(world: World) -> None:
    await world.tell("boats", document(BOATS))
    assert await world.found("ferry", by="bob") == []


async def test_what_is_shared_is_found_and_no_more_once_it_is_not(world: World) -> None:
    await world.tell("boats", document(BOATS), ResourceShared(account="bob", role="viewer"))
    assert await world.found("ferry", by="bob") == ["boats"]
    await world.tell("boats", ResourceUnshared(account="bob"))
    assert await world.found("ferry", by="bob") == []
    assert await world.found("ferry", by="alice") == ["boats"]


async def test_a_right_that_ended_is_gone_before_the_index_hears_of_it(world: World) -> None:
    await world.tell("boats", document(BOATS), ResourceShared(account="bob", role="viewer"))
    await world.tell_unindexed("boats", ResourceUnshared(account="bob"))
    assert await world.found("ferry", by="bob") == []


async def test_an_owner_who_gave_it_away_and_was_unshared_finds_nothing(world: World) -> None:
    facts = (ResourceTransferred(owner="bob", former_owner="alice"), ResourceUnshared(account="alice"))
    await world.tell("boats", document(BOATS), *facts)
    assert await world.found("ferry", by="alice") == []
    assert await world.found("ferry", by="bob") == ["boats"]


async def test_what_says_something_else_by_now_is_not_quoted(world: World) -> None:
    await world.tell("boats", document(BOATS))
    patch = {"text": "There are no boats at all, and the ferry is gone."}
    await world.tell_unindexed("boats", ResourceChanged(patch=patch, kind_version=1, kind_position=0))
    assert await world.found("ferry") == []


async def test_what_is_in_the_trash_is_not_found(world: World) -> None:
    await world.tell("boats", document(BOATS))
    await world.tell_unindexed("boats", ResourceTrashed())
    assert await world.found("ferry") == []


async def test_the_platforms_own_pages_are_found_by_everybody(world: World) -> None:
    await world.index.put(Document("docs", "docs/boats.md", 0, "Boats", BOATS))
    assert await world.found("ferry", by="stranger") == ["docs/boats.md"]


async def test_what_others_have_much_of_hides_nothing_of_ones_own(world: World) -> None:
    """Of a thousand passages nearer to the question none may be read: the index of vectors is searched beyond them."""
    await world.tell("boats", document("Boats leave at seven."))
    copied = (
        "INSERT INTO knowledge.chunk (source, id, n, title, heading, text, start, stop, readers, position, embedding)"
        " SELECT source, 'copy-' || copy, 0, title, heading, text, start, stop, '{bob}', position, embedding"
        " FROM knowledge.chunk, generate_series(1, 1000) AS copy"
    )
    await world.index.ask(lambda connection: connection.execute(copied))
    assert await world.found("Boats leave at seven.") == ["boats"]


# ── the index ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_older_version_never_comes_back(world: World) -> None:
    new = Document("resource", "r1", 2, "New", "The new text.", readers=("alice",))
    assert await world.index.put(new)
    assert not await world.index.put(Document("resource", "r1", 1, "Old", "The old text.", readers=("alice", "bob")))
    assert await texts(world) == ["The new text."]


async def test_what_was_taken_out_comes_back_as_a_newer_version_only(world: World) -> None:
    old = Document("resource", "r1", 1, "A", "The text.", readers=("alice",))
    await world.index.put(old)
    await world.index.take_out("resource", "r1", 2)
    await world.index.put(old)
    assert await texts(world) == []
    await world.index.put(Document("resource", "r1", 3, "A", "The text.", readers=("alice",)))
    assert await texts(world) == ["The text."]


async def test_vectors_are_made_again_only_of_what_changed(world: World) -> None:
    assert await world.index.put(Document("resource", "r1", 1, "A", "The text.", readers=("alice",)))
    assert not await world.index.put(Document("resource", "r1", 2, "A", "The text.", readers=("alice", "bob")))
    assert await world.index.ask(readers) == [["alice", "bob"]]


async def test_two_who_put_it_at_once_leave_the_newer_one(world: World) -> None:
    versions = [Document("resource", "r1", n, "A", f"Text {n}. " * 50, readers=("alice",)) for n in range(1, 6)]
    await asyncio.gather(*(world.index.put(each) for each in (*versions, *reversed(versions))))
    assert all(text.startswith("Text 5.") for text in await texts(world))


async def texts(world: World) -> list[str]:
    async def ask(connection: psycopg.AsyncConnection[tuple[str]]) -> list[str]:
        found = await connection.execute("SELECT text FROM knowledge.chunk ORDER BY source, id, n")
        return [text for (text,) in await found.fetchall()]

    return await world.index.ask(ask)


async def readers(connection: psycopg.AsyncConnection[tuple[list[str]]]) -> list[list[str]]:
    return [row[0] for row in await (await connection.execute("SELECT readers FROM knowledge.chunk")).fetchall()]
