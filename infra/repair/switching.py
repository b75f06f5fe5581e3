"""`annal projection switch`, `rollback` and `drop`: which version of a read model people read. Each is a fact first."""

from rich.console import Console

from infra import redis
from infra.postgres import Connection
from infra.repair.building import built, catch_up
from infra.repair.ground import operator, put_on_record, repairing
from infra.settings import Settings, Unusable
from projections import documents, resource, versions
from projections.advance import Moving, advance
from projections.projection import Projection
from projections.versions import Version, Which
from schemas.projection import DropBuild, RollBackProjection, SwitchProjection


async def switch(settings: Settings, name: str, reason: str, console: Console) -> None:
    """Let people read the next version, with all that the live one knows. Raises Unusable."""
    projection = versions.named(name)
    following = versions.version(projection, "next")
    async with repairing(settings, name) as connection:
        found = await built(connection, projection)
        await catch_up(settings, connection, projection)
        said = {"projection": name, "operator": operator(), "reason": reason}
        await put_on_record(settings, SwitchProjection(build=found.build, **said))
        async with versions.pinned(connection, name) as live:
            await advance(settings, following, projection, live, Moving())
            await _forget_documents(settings, projection)
            await versions.switch(connection, name)
    console.print(
        f"[green]{name} is build {found.build} now.[/] The one before is kept as {name}__before: `annal projection "
        f"rollback {name}` brings it back, `annal projection drop {name} before` drops it."
    )


async def roll_back(settings: Settings, name: str, reason: str, console: Console) -> None:
    """Let people read the version before, once it knows all that the live one does. Raises Unusable."""
    projection = versions.named(name)
    former = versions.version(projection, "before")
    async with repairing(settings, name) as connection:
        found = await _former(connection, projection)
        moving = Moving()
        await advance(settings, former, projection, await versions.places(connection, name), moving)
        said = {"projection": name, "operator": operator(), "reason": reason}
        await put_on_record(settings, RollBackProjection(build=found.build, **said))
        async with versions.pinned(connection, name) as live:
            await advance(settings, former, projection, live, moving)
            await _forget_documents(settings, projection)
            await versions.roll_back(connection, name)
    console.print(f"[green]{name} is build {found.build} again.[/] What was live meanwhile is {name}__next.")


async def drop(settings: Settings, name: str, which: Which, reason: str, console: Console) -> None:
    """Drop a version that nobody reads. Raises Unusable."""
    table = versions.version(versions.named(name), which).name
    async with repairing(settings, name) as connection:
        found = await versions.find(connection, table)
        if found is None:
            raise Unusable(f"There is no {table}: `annal projection list` shows what there is.")
        said = {"projection": name, "operator": operator(), "reason": reason}
        await put_on_record(settings, DropBuild(build=found.build, **said))
        await versions.drop(connection, table)
    console.print(f"[green]{table} is dropped.")


async def _former(connection: Connection, projection: Projection) -> Version:
    name = projection.name
    found = await versions.find(connection, f"{name}__before")
    if found is None:
        raise Unusable(f"There is no {name}__before to go back to: only what was switched is rolled back.")
    if await versions.find(connection, f"{name}__next") is not None:
        raise Unusable(f"There is a {name}__next already, which {name} would be: switch to it, or drop it.")
    if found.definition != versions.definition(projection):
        raise Unusable(
            f"{name}__before was made by another version of Annal, which alone can bring it up to date: run `annal "
            f"projection rollback {name}` of that one."
        )
    return found


async def _forget_documents(settings: Settings, projection: Projection) -> None:
    """Let the documents in Redis be folded anew as well, by the same rules as the rows."""
    if projection is resource.projection:
        async with redis.client(settings) as cache:
            await documents.forget(cache)
