"""The knowledge base is what the resources are now, whichever of their facts is seen to, and however often."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agent.knowledge.index import Index
from infra import tables
from infra.agent import indexing
from infra.agent.indexing import Knowledge, index_pages
from infra.ends import Ends
from infra.settings import Settings
from projections.door import ReadDoor
from projections.projection import Row
from schemas.message import Actor, Fact, FactMeta, Recorded
from schemas.problems import Problem
from schemas.resource import ResourceRegistered, ResourceRestored, ResourceShared, ResourceTagged, ResourceTrashed
from streams.seeing import NotNow
from tests.projections.knowing import Knowing

NOWHERE = {"bootstrap_servers": "127.0.0.1:1"}

REGISTERED = ResourceRegistered(
    kind="document",
    kind_version=1,
    kind_position=0,
    name="Boats",
    attributes={"text": "The ferry leaves at seven."},
    tags=(),
    owner="alice",
)


def recorded(fact: Fact, version: int) -> Recorded:
    meta = FactMeta(
        id=str(uuid4()),
        type=fact.type,
        subject="boats",
        version=version,
        time=0,
        actor=Actor(id="alice"),
        command_id=str(uuid4()),
        command_type="resource.do",
        command_offset=0,
        correlation_id="c",
    )
    return Recorded(meta, fact)


@pytest.fixture
async def knowledge(ours: Settings, read: ReadDoor) -> AsyncIterator[Knowledge]:
    """Give a knowledge base that is shown facts one by one; its Kafka is away."""
    tables.empty(ours)
    knowledge = Knowledge(ours, NOWHERE, read, Ends(NOWHERE))
    await knowledge.index.open(anew=True)
    yield knowledge
    await knowledge.index.close()


async def known(index: Index) -> list[tuple[str, list[str] | None]]:
    """Give the texts that are indexed, and who reads each."""
    found = await index.ask(
        lambda connection: connection.execute("SELECT text, readers FROM knowledge.chunk ORDER BY source, id, n")
    )
    return [(text, readers) for text, readers in await found.fetchall()]


async def test_a_fact_has_its_resource_indexed_as_it_is_now(knowledge: Knowledge, knowing: Knowing) -> None:
    shared = ResourceShared(account="bob", role="viewer")
    await knowing.tell("resource", "boats", REGISTERED, shared)
    await knowledge.see_to(recorded(REGISTERED, 1))
    assert await known(knowledge.index) == [("The ferry leaves at seven.", ["alice", "bob"])]


async def test_a_fact_seen_to_again_changes_nothing(knowledge: Knowledge, knowing: Knowing) -> None:
    await knowing.tell("resource", "boats", REGISTERED, ResourceTrashed())
    for fact, version in ((REGISTERED, 1), (ResourceTrashed(), 2), (REGISTERED, 1)):
        await knowledge.see_to(recorded(fact, version))
    assert await known(knowledge.index) == []


async def test_what_is_restored_is_found_again(knowledge: Knowledge, knowing: Knowing) -> None:
    await knowing.tell("resource", "boats", REGISTERED, ResourceTrashed())
    await knowledge.see_to(recorded(ResourceTrashed(), 2))
    await knowing.tell("resource", "boats", ResourceRestored())
    await knowledge.see_to(recorded(ResourceRestored(), 3))
    assert [text for text, _ in await known(knowledge.index)] == ["The ferry leaves at seven."]


async def test_a_fact_that_the_read_model_lacks_is_waited_for(knowledge: Knowledge, knowing: Knowing) -> None:
    await knowing.tell("resource", "boats", REGISTERED)
    with pytest.raises(NotNow):
        await knowledge.see_to(recorded(ResourceTrashed(), 2))


async def test_what_is_indexed_in_a_later_version_is_not_read_again(
    knowledge: Knowledge, knowing: Knowing, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    row = knowledge._row

    async def noting(resource_id: str) -> Row | None:
        read.append(resource_id)
        return await row(resource_id)

    async def away(*_: Any) -> bool:
        raise Problem("postgres_unavailable", "It is away.")

    monkeypatch.setattr(knowledge, "_row", noting)
    await knowing.tell("resource", "boats", REGISTERED, ResourceTagged(tags=("sea",)))
    with monkeypatch.context() as broken:
        broken.setattr(indexing, "put", away)
        with pytest.raises(NotNow):
            await knowledge.see_to(recorded(REGISTERED, 1))
    await knowledge.see_to(recorded(REGISTERED, 1))
    await knowledge.see_to(recorded(ResourceTagged(tags=("sea",)), 2))
    assert read == ["boats", "boats"]
    assert len(await known(knowledge.index)) == 1


async def test_pages_that_are_gone_are_not_found_any_more(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "PAGES", tmp_path)
    page = tmp_path / "README.md"
    page.write_text("# Annal\n\nIt is here.")
    assert await index_pages(index) == 1
    assert await index_pages(index) == 0
    assert await known(index) == [("# Annal\n\nIt is here.", None)]
    page.unlink()
    await index_pages(index)
    assert await known(index) == []
