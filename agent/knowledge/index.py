"""The index of the knowledge base: documents are put into it in chunks, and chunks are found in it.

A document is replaced in one transaction, by none that is older; whoever searches sees the one before or the one after.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import orjson
import psycopg

from agent.knowledge import tables
from agent.knowledge.chunking import Chunk, chunks
from agent.knowledge.document import Document, Source
from agent.understanding.embedding import MODEL, embed
from infra import postgres
from infra.postgres import Connection
from infra.settings import Settings
from schemas.problems import Problem

CONNECTIONS = 4
PATIENCE = 2.0
"""Seconds to wait for a connection."""

STEP_BACK = 10
"""How nice the thread is that makes vectors (nice(2)): whoever waits for an answer comes first."""

_KNOWN = "SELECT version, digest FROM knowledge.document WHERE source = %s AND id = %s"
_NOTE = "INSERT INTO knowledge.document (source, id, version, digest) VALUES (%s, %s, -1, '') ON CONFLICT DO NOTHING"
_SET = "UPDATE knowledge.document SET version = %s, digest = %s WHERE source = %s AND id = %s"
_DELETE = "DELETE FROM knowledge.chunk WHERE source = %s AND id = %s"
_PUT = (
    "INSERT INTO knowledge.chunk (source, id, n, title, heading, text, start, stop, readers, position, embedding)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::vector)"
)
_TOUCH = "UPDATE knowledge.chunk SET readers = %s, position = %s WHERE source = %s AND id = %s"
_OTHERS = "SELECT id FROM knowledge.document WHERE source = %s AND digest <> '' AND id <> ALL(%s)"

Found = TypeVar("Found")


class Index:
    """Keeps chunks in PostgreSQL. All that asks it raises Problem while it is away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = postgres.pool(settings, CONNECTIONS)
        # Vectors take a processor and a connection: one document after the other leaves room for searches.
        self._putting = asyncio.Lock()
        self._behind = ThreadPoolExecutor(1, "index", _step_back)

    async def open(self, *, anew: bool = False) -> None:
        """Make what is missing; with `anew` all of it, and empty. Raises Unusable if that cannot be."""
        await asyncio.to_thread(tables.make, self._settings, anew=anew)
        await self._pool.open()

    async def close(self) -> None:
        self._behind.shutdown(wait=False, cancel_futures=True)
        await self._pool.close()

    async def version(self, source: Source, id_: str) -> int:
        """Give the version in which a document is known; -1 if it is not."""

        async def ask(connection: Connection) -> int:
            row = await (await connection.execute(_KNOWN, [source, id_])).fetchone()
            return int(row[0]) if row is not None else -1

        return await self.ask(ask)

    async def put(self, document: Document) -> bool:
        """Replace a document unless a newer version is known; say whether vectors were made for it."""

        async def replace(connection: Connection) -> bool:
            async with connection.transaction():
                version, digest = await _locked(connection, document.source, document.id)
                new = document.digest(MODEL)
                if version > document.version:
                    return False
                await connection.execute(_SET, [document.version, new, document.source, document.id])
                if digest == new:
                    readers = list(document.readers) if document.readers is not None else None
                    await connection.execute(_TOUCH, [readers, document.position, document.source, document.id])
                    return False
                await connection.execute(_DELETE, [document.source, document.id])
                async with connection.cursor() as cursor:
                    await cursor.executemany(_PUT, await self._rows(document))
                return True

        async with self._putting:
            return await self.ask(replace)

    async def take_out(self, source: Source, id_: str, version: int) -> None:
        """Let a document be found no more, unless a newer version is known."""

        async def remove(connection: Connection) -> None:
            async with connection.transaction():
                known, _ = await _locked(connection, source, id_)
                if known <= version:
                    await connection.execute(_SET, [version, "", source, id_])
                    await connection.execute(_DELETE, [source, id_])

        await self.ask(remove)

    async def others(self, source: Source, ids: Collection[str]) -> list[str]:
        """Give the ids of all documents that can be found but for these."""

        async def ask(connection: Connection) -> list[str]:
            return [id_ for (id_,) in await (await connection.execute(_OTHERS, [source, list(ids)])).fetchall()]

        return await self.ask(ask)

    async def _rows(self, document: Document) -> Iterable[Sequence[Any]]:
        found = chunks(document.text)
        readers = list(document.readers) if document.readers is not None else None
        headings = [" · ".join(filter(None, (*document.labels, chunk.heading))) for chunk in found]
        told = [_told(document, *each) for each in zip(found, headings, strict=True)]
        vectors = await asyncio.get_running_loop().run_in_executor(self._behind, embed, told)
        return [
            (
                *(document.source, document.id, n, document.title, heading, document.text[chunk.start : chunk.end]),
                *(chunk.start, chunk.end, readers, document.position, literal(vector)),
            )
            for n, (chunk, heading, vector) in enumerate(zip(found, headings, vectors, strict=True))
        ]

    async def ask(self, query: Callable[[Connection], Awaitable[Found]]) -> Found:
        """Ask PostgreSQL what may be asked twice: once more if it went away and came back. Raises Problem."""
        try:
            return await postgres.ask(self._pool, PATIENCE, query)
        except psycopg.OperationalError as error:
            told = "The knowledge base cannot be reached; ask again."
            raise Problem("postgres_unavailable", told, headers={"Retry-After": "1"}) from error


def literal(vector: Any) -> str:
    """Write a vector as PostgreSQL reads it."""
    return orjson.dumps(vector.tolist()).decode()


def _told(document: Document, chunk: Chunk, heading: str) -> str:
    """Give what a chunk says with what it is about, which it may not say itself."""
    text = document.text[chunk.start : chunk.end]
    return "\n".join(filter(None, (document.title if document.title not in text else "", heading, text)))


async def _locked(connection: Connection, source: Source, id_: str) -> tuple[int, str]:
    """Give version and digest of a document, of which nobody else changes anything until the transaction ends."""
    await connection.execute(_NOTE, [source, id_])
    row = await (await connection.execute(f"{_KNOWN} FOR UPDATE", [source, id_])).fetchone()
    assert row is not None  # noqa: S101 - it is there since the line before
    return row[0], row[1]


def _step_back() -> None:
    """Let others have the processor before this thread and those that it begins; only Linux is nice to threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), STEP_BACK)
