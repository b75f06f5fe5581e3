"""All actions of the platform, and an API document of a few queries, for the tests beside this file."""

from functools import cache

from agent.actions.action import Action
from agent.actions.catalogue import commands, queries
from infra.api import create
from infra.settings import Settings

NOWHERE = Settings(
    kafka_bootstrap="127.0.0.1:1", postgres_url="postgresql://x@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1"
)


@cache
def everything() -> dict[str, Action]:
    return {action.name: action for action in (*commands(), *queries(create(NOWHERE).openapi()))}
