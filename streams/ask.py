"""Commands onto their topics: encoded, and put into the lane of their partition."""

import asyncio
from collections.abc import Sequence
from typing import Any

from schemas import wire
from schemas.domains import DOMAINS
from schemas.message import Asked, Position
from schemas.partition import partition_of
from schemas.problems import Problem
from streams.lane import PATIENCE, Lane, Letter
from streams.producer import Producer

RECORD_BYTES = 1_000_000
"""The largest command as it stands on its topic; a broker's `message.max.bytes` is 1 MB by default."""

_PARTITIONS = {domain.name: domain.partitions for domain in DOMAINS}


def letter(asked: Asked, traceparent: str | None, reply: str | None = None) -> Letter:
    """Encode a command; `reply` names the channel on which somebody waits for its outcome. Raises Problem."""
    meta = asked.meta
    domain, _, _ = meta.type.partition(".")
    key = meta.subject.encode()
    value = wire.encode_command(asked)
    if len(value) > RECORD_BYTES:
        raise Problem("body_too_large", f"Ask for less at once: a command may take {RECORD_BYTES} bytes when encoded.")
    headers = wire.command_headers(meta)
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    if reply is not None:
        headers.append(("reply", reply.encode()))
    return Letter(meta.id, domain, partition_of(key, _PARTITIONS[domain]), key, value, headers)


class Asker:
    """Brings commands onto their topics. A command is only said to be there once Kafka has acknowledged it."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self._producer = Producer(connection, request_timeout=PATIENCE)
        self._lanes = {
            (domain.name, partition): Lane(self._producer, domain.name, partition)
            for domain in DOMAINS
            for partition in range(domain.partitions)
        }

    async def stop(self) -> None:
        await self._producer.stop()

    async def ask(self, letter: Letter) -> Position:
        """Store one command and give its place. Raises Problem."""
        return await self._lanes[letter.domain, letter.partition].put(letter)

    async def ask_all(self, letters: Sequence[Letter]) -> list[Position | Problem]:
        """Store many commands, those of one partition in the order given; say of each its place or its problem."""
        places = [self._lanes[letter.domain, letter.partition].put(letter) for letter in letters]
        if places:
            await asyncio.wait(places)
        return [_said(place) for place in places]


def _said(place: asyncio.Future[Position]) -> Position | Problem:
    problem = place.exception()
    if problem is None:
        return place.result()
    if isinstance(problem, Problem):
        return problem
    raise problem
