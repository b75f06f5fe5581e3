"""Our doors and a floor's beside each other, asked the same in turn: whatever the machine does meanwhile, both feel."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from infra.bench import client
from infra.bench.bed import Bed
from infra.bench.measure import Reading
from infra.bench.pace import middle
from infra.ports import answers, free_near
from infra.ready import ready

CONNECTIONS = 64
ROUNDS = 3
SECONDS = 4
"""Of each round."""


class Ports(NamedTuple):
    floor: int
    ours: int


@contextmanager
def side_by_side(bed: Bed, module: str, *arguments: str) -> Iterator[Ports]:
    """Let both doors be open while the block runs."""
    ports = Ports(free_near(0), bed.settings.port)
    floor = bed.program(module, *arguments, str(ports.floor))
    ours = bed.role("api")
    with bed.running(floor, ours):
        floor.wait_ready(partial(answers, ports.floor))
        ours.wait_ready(partial(ready, bed.settings))
        yield ports


async def in_turn(bed: Bed, ports: Ports, take: Callable[[int], Awaitable[float]]) -> Reading:
    """Measure the floor and ours a few times each; the first time only warms them."""
    taken: list[list[float]] = [[], []]
    for n in range(1 + bed.rounds(ROUNDS)):
        for which, port in enumerate(ports):
            bed.say(f"{'ours' if which else 'the floor'}, {f'round {n}' if n else 'warming'}")
            taken[which].append(await take(port))
    floor, ours = (middle(each[1:]) for each in taken)
    return Reading(ours, floor)


async def rates(bed: Bed, ports: Ports, requests: Sequence[bytes]) -> Reading:
    """Measure the answers a second, of as much as some connections can ask."""
    return await in_turn(bed, ports, lambda port: client.rate(port, requests, CONNECTIONS, bed.seconds(SECONDS)))
