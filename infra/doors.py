"""Both doors without HTTP, for whoever asks and reads on the machine itself."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from redis.asyncio import Redis

from infra import kafka, redis
from infra.auth.vault import Vault
from infra.ends import Ends
from infra.settings import Settings
from projections.door import ReadDoor
from streams.ask import Asker
from streams.door import WriteDoor
from streams.kinds import FollowedKinds
from streams.waiting import Waiting


class Doors(NamedTuple):
    """The doors and what they share; the vault of the read door is not open yet."""

    read: ReadDoor
    write: WriteDoor
    ends: Ends
    cache: Redis


@asynccontextmanager
async def doors(settings: Settings) -> AsyncIterator[Doors]:
    """Open both doors for as long as the block runs. Raises Problem, and Unusable."""
    connection, cache = kafka.connection(settings), redis.client(settings)
    ends = Ends(connection)
    read = ReadDoor(settings, cache, ends, vault=Vault(settings))
    write = WriteDoor(Asker(connection), FollowedKinds(connection), Waiting(cache), read.outcomes, dict)
    async with AsyncExitStack() as begun:
        begun.push_async_callback(cache.aclose)
        begun.push_async_callback(ends.stop)
        for each in (read, write):
            begun.push_async_callback(each.stop)
            await each.start()
        yield Doors(read, write, ends, cache)
