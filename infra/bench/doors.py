"""What the write door costs: one command at a time, with and without its outcome, and many in one upload."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import orjson

from infra.bench import client, commands, facts
from infra.bench.bed import ASKED, TOLD, Bed
from infra.bench.measure import Reading, Row, measures
from infra.bench.pace import percentile
from infra.bench.sides import in_turn, rates, side_by_side

COMMANDS = "/v1/commands"
REGISTER = f"{COMMANDS}/resource.register"
FLOOR = "floors.post"

WAITING = 100
"""Requests a second."""

LINES = 20_000


@measures(
    Row("wait.p50", "POST with Prefer: wait, 100/s, until the outcome is answered", "ms", at_most=20),
    Row("wait.p99", "The same", "ms", at_most=80),
)
async def waiting(bed: Bed) -> Sequence[Reading]:
    """The floor's answer has gone the same way: onto Kafka, through a process that forwards, and back over Redis."""
    await facts.none(bed)
    asked = [bed.request("POST", REGISTER, orjson.dumps(_body(n)), {"Prefer": "wait=10"}) for n in range(1000)]
    taken: dict[int, list[float]] = {}
    worker, forwarding = bed.role("worker"), bed.program("floors.forward", ASKED.name, TOLD.name)
    with bed.running(worker, forwarding), side_by_side(bed, FLOOR, ASKED.name) as ports:
        for port in ports:
            await client.times(port, asked, WAITING / 5, bed.seconds(3))
        for _ in range(bed.rounds(3)):
            for port in ports:
                bed.say("the floor" if port == ports.floor else "ours")
                taken.setdefault(port, []).extend(await client.times(port, asked, WAITING, bed.seconds(5)))
    return [
        Reading(1000 * percentile(taken[ports.ours], share), 1000 * percentile(taken[ports.floor], share))
        for share in (0.5, 0.99)
    ]


@measures(
    Row("post", "POST without waiting, one process, 64 connections", "requests/s", of_floor=0.8),
)
async def posting(bed: Bed) -> Sequence[Reading]:
    """The floor is FastAPI that produces the body with aiokafka, and answers once that is acknowledged."""
    await facts.none(bed)
    asked = [bed.request("POST", REGISTER, orjson.dumps(_body(n))) for n in range(1000)]
    with side_by_side(bed, FLOOR, ASKED.name) as ports:
        return [await rates(bed, ports, asked)]


@measures(
    Row("bulk", "Commands as NDJSON in one upload, one process", "commands/s", at_least=15_000),
)
async def uploading(bed: Bed) -> Sequence[Reading]:
    """The floor reads no line: it produces them all."""
    await facts.none(bed)
    count = bed.count(LINES)
    lines = [orjson.dumps({"type": "resource.register", "body": _body(n)}) for n in range(count)]
    asked = bed.request("POST", COMMANDS, b"\n".join(lines), {"Content-Type": "application/x-ndjson"})

    async def upload(port: int) -> float:
        async with client.connections(port, 1) as (connection,):
            began = perf_counter()
            await connection.ask(asked)
            return count / (perf_counter() - began)

    with side_by_side(bed, FLOOR, ASKED.name) as ports:
        return [await in_turn(bed, ports, upload)]


def _body(n: int) -> dict[str, Any]:
    command = commands.registered("any", n)
    return command.model_dump(include={"kind", "name", "attributes", "tags"})
