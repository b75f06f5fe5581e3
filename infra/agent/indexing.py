"""Keeps the knowledge base what the resources are: each fact about one has it read as it is now, and indexed."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, get_args

import psycopg
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import TimeElapsedColumn

from agent.doors import Doors
from agent.knowledge.document import of_resource, pages
from agent.knowledge.index import Index
from agent.knowledge.passage import Passage
from agent.knowledge.searching import search
from infra import telemetry
from infra.auth.recent import Recent
from infra.bars import progress_bar
from infra.ending import ended
from infra.ends import Ends
from infra.postgres import Connection
from infra.settings import Settings, Unusable
from projections import resource
from projections.door import ReadDoor, place_of
from projections.projection import Row
from projections.terms import Terms
from schemas import topics
from schemas.message import Fact, Recorded
from schemas.problems import Problem
from schemas.resource import ResourceFact
from streams.policing import Policing
from streams.seeing import NotNow
from streams.visit import ANYBODY

INDEXED: tuple[type[Fact], ...] = get_args(ResourceFact)

WAIT = 2.0
"""Seconds that the read model may take to know what was just written."""

REMEMBERED = 2_000
"""Resources of which it is remembered in which version they were indexed: where many facts wait, one reading does."""

PAGES = Path(__file__).resolve().parents[2]
"""Beside the packages stand README.md and docs/, in a checkout."""

_IDS = "SELECT resource_id FROM resource ORDER BY resource_id"

log = telemetry.log(__name__)


class Knowledge:
    """The knowledge base of a process that answers from it. `policing` runs while this does."""

    def __init__(self, settings: Settings, connection: dict[str, Any], read: ReadDoor, ends: Ends) -> None:
        self.index = Index(settings)
        self._read = read
        self._ends = ends
        self.policing = Policing(connection, "knowledge", INDEXED, self.see_to)
        self._reading: asyncio.Task[None] | None = None
        self._indexed = Recent[str, int](REMEMBERED)

    async def start(self) -> None:
        """Make what is missing. Raises Unusable if PostgreSQL cannot hold it."""
        await self.index.open()
        self._reading = asyncio.create_task(self._read_pages())

    async def stop(self) -> None:
        if self._reading is not None:
            await ended(self._reading)
        await self.index.close()

    async def search(self, doors: Doors, text: str) -> Sequence[Passage]:
        """Give the passages that fit a text and that the caller of the doors may read. Raises Problem."""
        return await search(self.index, doors, text)

    async def see_to(self, recorded: Recorded) -> None:
        """Index the resource that a fact is about, as it is now. Raises NotNow."""
        id_ = recorded.meta.subject
        if (self._indexed.get(id_) or 0) >= recorded.meta.version:
            return
        try:
            row = await self._row(id_)
            if row is None or row["version"] < recorded.meta.version:
                await self._reach_end(id_)
                row = await self._row(id_)
            if row is not None:
                await put(self.index, row)
                self._indexed.keep(id_, row["version"])
        except Problem as problem:
            raise NotNow(problem.detail) from problem
        except psycopg.Error as error:
            raise NotNow(f"PostgreSQL does not do what it is asked ({type(error).__name__}).") from error

    async def _row(self, resource_id: str) -> Row | None:
        return await self._read.ask(partial(resource.find, resource_id=resource_id))

    async def _reach_end(self, resource_id: str) -> None:
        """Wait until the read model knows all there is in a resource's journal. Raises Problem."""
        place = place_of(resource.projection, resource_id)
        try:
            (end,) = await self._ends.of(topics.facts(place.domain), [place.partition])
        except (KafkaError, OSError) as error:
            raise Problem("kafka_unavailable", "Kafka cannot say what is newest of resources.") from error
        await self._read.reach(Terms(ANYBODY, {place: end - 1}, WAIT, ""), resource.projection)

    async def _read_pages(self) -> None:
        with suppress(asyncio.CancelledError):
            try:
                log.info("pages are indexed", new=await index_pages(self.index))
            except (Problem, psycopg.Error) as error:
                log.warning("pages cannot be indexed", reason=str(error))


async def put(index: Index, row: Row) -> bool:
    """Index a resource, or take it out if it is in the trash; say whether vectors were made. Raises Problem."""
    if row["trashed"]:
        await index.take_out("resource", row["resource_id"], row["version"])
        return False
    return await index.put(of_resource(row))


async def index_pages(index: Index) -> int:
    """Index the platform's own documents, and take out those that are gone; give how many are new. Raises Problem."""
    found = list(pages(PAGES))
    new = [await index.put(page) for page in found]
    for id_ in await index.others("docs", [page.id for page in found]):
        await index.take_out("docs", id_, 0)
    return sum(new)


async def index_all(settings: Settings, console: Console, *, anew: bool) -> None:
    """Index every resource and page as it is now; with `anew` from nothing. Raises Unusable."""
    index = Index(settings)
    await index.open(anew=anew)

    async def ids(connection: Connection) -> list[str]:
        return [id_ for (id_,) in await (await connection.execute(_IDS)).fetchall()]

    try:
        new = await index_pages(index)
        with progress_bar(console, TimeElapsedColumn()) as progress:
            for id_ in progress.track(await index.ask(ids), description="Resources"):
                row = await index.ask(partial(resource.find, resource_id=id_))
                new += row is not None and await put(index, row)
        console.print(f"The knowledge base is what the resources are; vectors were made for {new} documents.")
    except Problem as problem:
        raise Unusable(problem.detail) from problem
    finally:
        await index.close()
