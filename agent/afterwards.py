"""What looks at a turn after it is over: the evaluators of plugins. Whatever they do, the turn was answered."""

import asyncio
from collections.abc import Sequence

import structlog

from agent.actions.plugin import Evaluator
from agent.at import At

PATIENCE = 10.0
"""Seconds that an evaluator may take."""

log = structlog.get_logger()


async def after(evaluators: Sequence[Evaluator], at: At) -> None:
    """Show a turn to each evaluator that the person's permissions allow; one that fails is passed over."""
    for each in evaluators:
        if each.permission is not None and not at.doors.caller.may(each.permission):
            continue
        try:
            async with asyncio.timeout(PATIENCE):
                await each.handler(at)
        except Exception:
            log.exception("an evaluator failed", evaluator=each.name, message=at.recording.message.id)
