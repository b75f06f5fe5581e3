"""How a process reaches PostgreSQL."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from psycopg import AsyncConnection, Error, OperationalError
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Engine, create_engine

from infra.settings import Settings, Unusable, address

Connection = AsyncConnection[Any]
Found = TypeVar("Found")


def url(settings: Settings) -> str:
    return address(settings, "postgres_url")


def pool(settings: Settings, size: int = 8) -> AsyncConnectionPool[Connection]:
    """A pool of connections that commit every statement; open it with `async with`. For reads by the short way."""
    # An idle connection costs PostgreSQL memory and a process; two are enough for a quiet hour.
    return AsyncConnectionPool(
        url(settings), min_size=2, max_size=size, open=False, kwargs={"autocommit": True, "application_name": "annal"}
    )


async def ask(
    pool: AsyncConnectionPool[Connection], patience: float, query: Callable[[Connection], Awaitable[Found]]
) -> Found:
    """Ask what may be asked twice: once more if PostgreSQL went away and came back.

    `patience` is in seconds, for a connection. Raises OperationalError while it is away.
    """
    try:
        return await _once(pool, patience, query)
    except OperationalError:
        await pool.check()
    return await _once(pool, patience, query)


async def connect(settings: Settings) -> Connection:
    """A connection of one's own that commits every statement outside `async with connection.transaction()`."""
    return await AsyncConnection.connect(url(settings), autocommit=True, application_name="annal")


def engine(settings: Settings) -> Engine:
    """An engine for the things SQLAlchemy does for us: creating tables and migrating them."""
    return create_engine("postgresql+psycopg" + url(settings)[url(settings).index("://") :])


async def check(settings: Settings, patience: int = 10) -> None:
    """Raise Unusable unless PostgreSQL lets us in within `patience` seconds."""
    try:
        connection = await AsyncConnection.connect(url(settings), connect_timeout=patience)
    except (Error, ValueError) as error:
        raise Unusable(
            f"PostgreSQL at {shown(settings)} cannot be used ({_reason(error)}): "
            "see that it runs and that ANNAL_POSTGRES_URL is right."
        ) from error
    await connection.close()


async def _once(
    pool: AsyncConnectionPool[Connection], patience: float, query: Callable[[Connection], Awaitable[Found]]
) -> Found:
    async with pool.connection(timeout=patience) as connection:
        return await query(connection)


def shown(settings: Settings) -> str:
    """The address without the password."""
    return settings.postgres_url.split("://", 1)[-1].rsplit("@", 1)[-1]


def _reason(error: Exception) -> str:
    """The first and most telling line of what libpq says."""
    return str(error).strip().splitlines()[0].rsplit("failed: ", 1)[-1].rstrip(".")
