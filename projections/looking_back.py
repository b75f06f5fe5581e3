"""Looking back at one subject: what changed between two moments, and who changed a field, as the read door asks it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from infra.postgres import Connection
from projections import changes, history, past
from projections.door import ReadDoor, past_of, place_of
from projections.lens import AsOf
from projections.projection import Row
from projections.terms import Terms, at_least

May = Callable[[Connection], Awaitable[None]]
"""Raises Problem for who may not know of the subject."""


async def anybody(_: Connection) -> None:
    """Let whoever came so far know of every subject."""


async def difference(  # noqa: PLR0913 - a subject and two moments
    door: ReadDoor, domain: str, subject: str, terms: Terms, *, since: AsOf | int, to: AsOf | int, may: May = anybody
) -> Row:
    """Give what changed of a subject between two versions, moments or positions, and by whom. Raises Problem."""
    await _reach(door, domain, subject, terms, since, to)

    async def ask(connection: Connection) -> Row:
        await may(connection)
        async with connection.transaction():
            return await changes.difference(connection, domain, subject, since, to)

    return await door.ask(ask)


async def page_of_changes(  # noqa: PLR0913 - a field and the page of it
    door: ReadDoor,
    domain: str,
    subject: str,
    terms: Terms,
    *,
    field: str,
    before: int,
    limit: int,
    may: May = anybody,
) -> tuple[list[Row], str]:
    """Give a page of the facts that changed a field of a subject, the newest first, and the position that it knows.

    Raises Problem.
    """
    path = changes.path_of(field)
    await _reach(door, domain, subject, terms)
    of_past = past_of(past.SUBJECTS[domain])
    position = door.position(terms, of_past, replace(history.projection, domains=of_past.domains))

    async def ask(connection: Connection) -> list[Row]:
        await may(connection)
        return await past.changes(connection, domain, subject, path, since=0, to=before - 1, limit=limit)

    return await door.ask(ask), position


async def _reach(door: ReadDoor, domain: str, subject: str, terms: Terms, *moments: AsOf | int) -> None:
    """Wait until all is known up to the moments, and whatever else the caller wants known. Raises Problem."""
    projection = past.SUBJECTS[domain]
    await door.reach(terms, past_of(projection), history.projection)
    for each in moments:
        if isinstance(each, AsOf):
            known = replace(terms, as_of=each, at_least=at_least(map(str, each.positions())))
            await door.reach(known, projection, history.projection, of=place_of(projection, subject))
