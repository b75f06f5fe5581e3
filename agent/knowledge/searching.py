"""Finds passages by words and by sense, and none that the person may not read: the door is asked once more of each."""

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row

from agent.doors import Doors
from agent.knowledge.document import Document, of_resource
from agent.knowledge.index import Index, literal
from agent.knowledge.passage import Passage
from agent.understanding.embedding import embed
from infra.postgres import Connection
from schemas.problems import Problem

LONGEST = 1_000
"""Characters of a question; what comes after them is not looked for."""

TIME_LIMIT_MS = 2_000
"""How long PostgreSQL may look by either way."""

MOST = 30
"""Passages that either way gives."""

MOST_GIVEN = 8
MOST_READ = 20
"""Resources that are read again at the door for one question, at the most."""

K = 60
"""How little first places count for more than later ones (Cormack, Clarke and Büttcher, SIGIR 2009)."""

_COLUMNS = "source, id, title, heading, text, start, stop AS end, position, 1 - (embedding <=> %(vector)s) AS likeness"
_MAY = "(readers IS NULL OR readers @> ARRAY[%(reader)s::text])"
_NEAR = f"SELECT {_COLUMNS} FROM knowledge.chunk WHERE {_MAY} ORDER BY embedding <=> %(vector)s LIMIT {MOST}"  # noqa: S608 - constants
# Any of the words will do: people ask in sentences, of which no passage has every word.
_ANY = "SELECT replace(plainto_tsquery('english', %(text)s)::text, '&', '|')::tsquery AS asked"
_WORDS = (
    f"SELECT {_COLUMNS} FROM knowledge.chunk, ({_ANY}) AS question WHERE words @@ asked AND {_MAY}"  # noqa: S608 - constants
    f" ORDER BY ts_rank(words, asked) DESC, source, id, n LIMIT {MOST}"
)
# With filters, the index of vectors is gone through until enough pass them (pgvector 0.8).
_BOUNDS = "SELECT set_config('statement_timeout', %s, true), set_config('hnsw.iterative_scan', 'strict_order', true)"

Key = TypeVar("Key", bound=Hashable)


def fused(rankings: Iterable[Sequence[Key]]) -> list[Key]:
    """Join rankings into one by reciprocal rank: what stands high in several of them comes first."""
    scores: dict[Key, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, 1):
            scores[key] = scores.get(key, 0.0) + 1 / (K + rank)
    return sorted(scores, key=scores.__getitem__, reverse=True)


async def search(index: Index, doors: Doors, text: str) -> list[Passage]:
    """Give the passages that fit a text best, as they stand now. Raises Problem."""
    asked = text.strip()[:LONGEST]
    if not asked:
        return []
    (vector,) = await asyncio.to_thread(embed, [asked])
    said = {"text": asked, "vector": literal(vector), "reader": doors.caller.actor.id}
    return await _readable(doors, fused(await index.ask(lambda connection: _found(connection, said))))


async def _found(connection: Connection, said: dict[str, Any]) -> list[list[Passage]]:
    """Give what is nearest, and what has most of the words. Raises Problem."""
    try:
        async with connection.transaction(), connection.cursor(row_factory=class_row(Passage)) as cursor:
            await connection.execute(_BOUNDS, [str(TIME_LIMIT_MS)])
            return [await (await cursor.execute(query, said)).fetchall() for query in (_NEAR, _WORDS)]
    except psycopg.errors.QueryCanceled as error:
        raise Problem(
            "query_too_costly", "This takes too long to look up; ask for it in fewer and rarer words."
        ) from error


async def _readable(doors: Doors, passages: Iterable[Passage]) -> list[Passage]:
    """Leave out what the person may not read now, and what does not stand there any more. Raises Problem."""
    kept = list[Passage]()
    read = dict[str, Document | None]()
    for passage in passages:
        if passage.source == "resource":
            if passage.id not in read:
                if len(read) == MOST_READ:
                    continue
                read[passage.id] = await _read(doors, passage.id)
            document = read[passage.id]
            if document is None or document.text[passage.start : passage.end] != passage.text:
                continue
        kept.append(passage)
        if len(kept) == MOST_GIVEN:
            break
    return kept


async def _read(doors: Doors, resource_id: str) -> Document | None:
    answer = await doors.get(f"/v1/resources/{resource_id}")
    if answer.status >= 500:  # noqa: PLR2004 - it is not known for now
        raise Problem(answer.code or "unexpected", answer.detail)
    return of_resource(answer.body) if answer.good and not answer.body["trashed"] else None
