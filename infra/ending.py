"""Ends tasks that do not hear it the first time, and processes that do not end by themselves."""

import asyncio
import os
import threading
from typing import Any

AGAIN = 1.0
"""Seconds a task may take to tidy up before it is told once more."""


STOPPING = 15.0
"""Seconds that stopping a process may take."""


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


_told = threading.Event()


def leaving() -> bool:
    """Say whether this process was told to end: what would never end by itself must then."""
    return _told.is_set()


def leave_within(seconds: float, code: int = 0) -> None:
    """End this process by force if it has not ended by then.

    While the broker is away aiokafka waits for it to say goodbye, and Faust leaves a thread that never ends. What is
    lost by force is what a crash loses: nothing.
    """
    _told.set()
    timer = threading.Timer(seconds, os._exit, [code])
    timer.daemon = True
    timer.start()
