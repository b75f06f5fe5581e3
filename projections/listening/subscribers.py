"""Who listens at this process and who reads facts on Kafka, and how far each is behind."""

from datetime import datetime
from typing import Any

from aiokafka.errors import KafkaError
from fastapi import Request, Response
from pydantic import BaseModel, Field

from infra.auth import caller
from projections.answering import JSON
from projections.documents import json_body
from projections.listening.door import ListeningDoor
from projections.listening.listener import Listener
from projections.listening.sight import AUDIT
from projections.projection import moment
from schemas.problems import Problem

MANAGE = "projection:manage"


class Listening(BaseModel):
    """One who listens at this process; lag is in records of the journals that it follows."""

    account: str
    via: str | None
    how: str = Field(examples=["sse"])
    filter: dict[str, list[str]] = Field(examples=[{"domain": ["resource"], "type": ["resource.renamed"]}])
    since: datetime
    delivered: int
    catching_up: bool
    position: str = Field(examples=["resource:3:57"])
    lag_facts: int
    lag_seconds: float


class Group(BaseModel):
    """A consumer group of others that reads journals; seconds are the age of the first record it has not read."""

    group: str = Field(examples=["subscriber.warehouse"])
    lag_facts: int
    lag_seconds: float


class Subscribers(BaseModel):
    """All of them."""

    listeners: list[Listening]
    groups: list[Group]


async def subscribers(door: ListeningDoor, request: Request) -> Response:
    """Answer who listens. Raises Problem."""
    asking = caller(request)
    if not asking.may(MANAGE):
        asking.require(AUDIT)
    listeners = sorted(door.audience.listeners, key=lambda each: each.began)
    try:
        groups = [each._asdict() for each in await door.outsiders.lags()]
    except (KafkaError, OSError, TimeoutError) as error:
        told = "Kafka cannot be asked how far groups are; ask again in a moment."
        raise Problem("kafka_unavailable", told, headers={"Retry-After": "1"}) from error
    return Response(json_body({"listeners": [*map(_listening, listeners)], "groups": groups}), 200, {}, JSON)


def _listening(listener: Listener) -> dict[str, Any]:
    wanted, (records, seconds) = listener.programme.filter, listener.lag()
    said = {"domain": wanted.domains, "type": wanted.types, "subject": wanted.subjects, "actor": wanted.actors}
    return {
        "account": listener.caller.actor.id,
        "via": listener.caller.actor.via,
        "how": listener.how,
        "filter": {name: sorted(values) for name, values in said.items() if values},
        "since": moment(int(listener.began * 1000)),
        "delivered": listener.delivered,
        "catching_up": listener.number is None,
        "position": listener.last,
        "lag_facts": records,
        "lag_seconds": round(seconds, 3),
    }
