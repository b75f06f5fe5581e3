"""When requests are due, and how long they took from then: a slow answer does not delay the next question."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from math import ceil
from time import perf_counter


async def paced(rate: float, seconds: float) -> AsyncIterator[float]:
    """Give moments at a rate, each when it has come; whoever takes it later than that has made somebody wait."""
    began = perf_counter()
    for n in range(max(1, int(rate * seconds))):
        due = began + n / rate
        rest = due - perf_counter()
        if rest > 0:
            await asyncio.sleep(rest)
        yield due


def percentile(values: Iterable[float], share: float) -> float:
    """Give the value that a share of the values does not exceed."""
    ranked = sorted(values)
    return ranked[max(0, ceil(share * len(ranked)) - 1)]


def middle(values: Iterable[float]) -> float:
    """Give the median: of a few rounds, the one that no hiccup of the machine decides."""
    return percentile(values, 0.5)
