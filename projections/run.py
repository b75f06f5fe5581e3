"""`annal project`: every projection follows its journals, in one process among as many as wanted."""

import asyncio
import gc
from collections.abc import Collection

from infra import redis, telemetry
from infra.ending import ended
from infra.metrics import shown
from infra.prove import checkpointing
from infra.settings import Settings
from projections import documents, resource, standing_audit
from projections.documents import Documents
from projections.follow import Follower
from projections.read_models import READ_MODELS
from projections.rows import Rows

OBJECTS_OF_BATCHES = 2_000_000
"""Objects more than were let go of, until the collector looks for cycles: those of several batches, which have none."""

log = telemetry.log(__name__)


async def run(settings: Settings, only: Collection[str] = ()) -> None:
    """Follow until cancelled: all projections, or `only` those named."""
    # The facts of a batch are many objects in no cycle, gone with the batch: looking for cycles among them took half
    # of all time.
    gc.freeze()
    gc.set_threshold(OBJECTS_OF_BATCHES)
    followers = [each for each in _followers(settings) if not only or each.name in only]

    def health() -> dict[str, str]:
        return {each.name: each.waits_for or "follows" for each in followers}

    def ready() -> bool:
        return all(each.waits_for is None for each in followers)

    port = shown(settings.project_port, "ANNAL_PROJECT_PORT", health, ready)
    async with port as addresses:
        log.info("projections started", following=[each.name for each in followers], metrics=addresses)
        following = [asyncio.create_task(each.run(), name=each.name) for each in followers]
        if not only:
            following.append(asyncio.create_task(checkpointing.run(settings), name="checkpoints"))
        following.append(asyncio.create_task(standing_audit.run(settings), name="audit"))
        try:
            await asyncio.gather(*following)
        finally:
            await ended(*following)


def _followers(settings: Settings) -> list[Follower]:
    in_redis = Documents(redis.client(settings))
    return [
        *(Follower(settings, each.name, each, Rows(settings, each)) for each in READ_MODELS),
        Follower(settings, documents.NAME, resource.projection, in_redis),
    ]
