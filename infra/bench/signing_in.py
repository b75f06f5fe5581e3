"""What signing in takes beside its password, and what it takes to go on: a session opened, and a step of its tokens."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter
from uuid import uuid4

import orjson
from pwdlib import PasswordHash

from infra import admin
from infra.bench import client, facts
from infra.bench.bed import Bed
from infra.bench.client import Connection, request
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import percentile
from infra.ready import ready, unready_behind

SIGN_IN, REFRESH = "/v1/sessions", "/v1/sessions/refresh"
PASSWORD = "bright copper kettles 7"  # noqa: S105 - nobody's
SIGN_INS, STEPS = 100, 300


@measures(
    Row("login.p95", "Signing in with address and password, one after the other", "ms", floors=3),
    Row("refresh.p50", "Refreshing a session, one step after the other", "ms", at_most=40),
    Row("refresh.p99", "The same", "ms"),
)
async def signing_in(bed: Bed) -> Sequence[Reading]:
    """The floor of signing in is a bare argon2 verify of the same parameters, in turn with it and alone as well."""
    await facts.none(bed)
    passwords = PasswordHash.recommended()
    hashed = passwords.hash(PASSWORD)
    logins: list[float] = []
    bare: list[float] = []
    async with at_work(bed), client.connections(bed.settings.port, 1) as (connection,):
        asked = await _person(bed)
        for n in range(1 + bed.rounds(SIGN_INS)):
            bed.say(f"signing in, time {n}")
            began = perf_counter()
            passwords.verify(PASSWORD, hashed)
            verified = perf_counter()
            token = orjson.loads(await connection.ask(asked))["refresh_token"]
            bare.append(verified - began)
            logins.append(perf_counter() - verified)
        steps = await _refreshed(connection, token, bed.rounds(STEPS))
    return [
        Reading(1000 * percentile(logins[1:], 0.95), 1000 * percentile(bare[1:], 0.95)),
        *(Reading(1000 * percentile(steps, share)) for share in (0.5, 0.99)),
    ]


@asynccontextmanager
async def at_work(bed: Bed) -> AsyncIterator[None]:
    """Let a worker, all projections and doors run, and be ready."""
    worker, projections, doors = (bed.role(name) for name in ("worker", "project", "api"))
    with bed.running(worker, projections, doors):
        doors.wait_ready(partial(ready, bed.settings))
        worker.wait_ready(lambda: unready_behind(bed.settings) is None)
        yield


async def _person(bed: Bed) -> bytes:
    """Register somebody; give the request that signs them in."""
    address = f"{uuid4().hex}@annal.example"
    await admin.create(bed.settings, address, PASSWORD)
    return request("POST", SIGN_IN, orjson.dumps({"address": address, "password": PASSWORD}))


async def _refreshed(connection: Connection, token: str, steps: int) -> list[float]:
    """Go on with a session, each time with the token that the last time gave; give the seconds of each."""
    taken = []
    for _ in range(1 + steps):
        asked = request("POST", REFRESH, orjson.dumps({"refresh_token": token}))
        began = perf_counter()
        token = orjson.loads(await connection.ask(asked))["refresh_token"]
        taken.append(perf_counter() - began)
    return taken[1:]
