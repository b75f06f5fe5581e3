"""How soon a session that ended at one door is worth nothing at another."""

import asyncio
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from time import perf_counter
from uuid import uuid4

import orjson

from infra.bench import callers, client, commands, facts, kafka
from infra.bench.bed import Bed
from infra.bench.client import Connection, Refused
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import percentile
from infra.bench.signing_in import at_work
from infra.ports import answers, free_near
from schemas import session, topics
from schemas.session import OpenSession

SESSIONS = 200
REVOKE = "/v1/commands/session.revoke"
LOOKED_EVERY = 0.002
"""Seconds between two questions at the other door."""

_, SESSION_FACTS = topics.of(session.DOMAIN)


@measures(
    Row("revoked.p50", "Session revoked at one door → its token refused at another", "ms"),
    Row("revoked.p99", "The same", "ms", at_most=1000),
)
async def revoking(bed: Bed) -> Sequence[Reading]:
    """From asking at the first of two processes; the second has let the same token in a moment before."""
    await facts.none(bed)
    port = free_near(0)
    second = bed.second_door(port)
    async with at_work(bed):
        opened = await _opened(bed, 1 + bed.rounds(SESSIONS))
        with bed.running(second):
            second.wait_ready(partial(answers, port))
            async with client.connections(bed.settings.port, 1) as (here,), client.connections(port, 1) as (there,):
                bed.say("revoking sessions")
                taken = [await _felt(bed, here, there, *each) for each in opened]
    return [Reading(1000 * percentile(taken[1:], share)) for share in (0.5, 0.99)]


async def _opened(bed: Bed, count: int) -> list[tuple[str, str]]:
    """Open sessions of alice's without a password; give the id and a token of each."""
    ids = [str(uuid4()) for _ in range(count)]
    async with kafka.looking(bed.settings) as consumer:
        before = await kafka.reached(consumer, [SESSION_FACTS])
        opening = (
            OpenSession(
                session_id=each, account_id=callers.ALICE, generation=0, methods=("password",), refresh="0" * 64
            )
            for each in ids
        )
        await commands.ask(bed, commands.letters(opening))
        await kafka.holds(consumer, SESSION_FACTS, before + count)
    tokens = await callers.tokens(bed.settings, *map(callers.claims, ids))
    return list(zip(ids, tokens, strict=True))


async def _felt(bed: Bed, here: Connection, there: Connection, session_id: str, token: str) -> float:
    """Revoke a session at one door; give the seconds until the other lets it in no more."""
    asked = bed.request("GET", "/v1/resources?limit=1", token=token)
    await there.ask(asked)
    began = perf_counter()
    revoked = here.ask(bed.request("POST", REVOKE, orjson.dumps({"session_id": session_id}), token=token))
    while True:
        try:
            await there.ask(asked)
        except Refused as refused:
            if refused.status != HTTPStatus.UNAUTHORIZED:
                raise
            taken = perf_counter() - began
            await revoked
            return taken
        await asyncio.sleep(LOOKED_EVERY)
