"""Ends tasks, also those that do not hear it the first time."""

import asyncio
from typing import Any

AGAIN = 1.0
"""Seconds a task may take to tidy up before it is told once more."""


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended.

    Once is not enough: aiokafka, while it closes a consumer, takes a cancellation of ours for the one of its own task,
    and whoever closed it goes on as if nothing was.
    """
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=AGAIN)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # Looked at, or asyncio complains that nobody did.
