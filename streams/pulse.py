"""Whether this worker is still heard by its group: one that slept through its session must not simply go on."""

import asyncio
from time import monotonic
from typing import Any


class Heartbeat:
    """Counts the seconds since the group coordinator last answered a heartbeat (design §3, the stalled worker)."""

    def __init__(self, session_timeout: float) -> None:
        """`session_timeout` in seconds, as the group has it."""
        self._session_timeout = session_timeout
        self._loop = asyncio.get_running_loop()
        self._heard_at = monotonic()
        self._heard = asyncio.Event()

    def heard(self) -> None:
        """Note that the group answered; may be called from the consumer's thread."""
        self._heard_at = monotonic()
        self._loop.call_soon_threadsafe(self._heard.set)

    def lost(self) -> bool:
        """Say whether the group may have given this worker's partitions to another."""
        return monotonic() - self._heard_at > self._session_timeout

    async def regained(self) -> None:
        """Wait until the group answers again."""
        while self.lost():
            self._heard.clear()
            await self._heard.wait()

    def listen_to(self, coordinator: Any) -> None:
        """Hear every heartbeat of an aiokafka group coordinator that the broker answered.

        The coordinator keeps the time of its last good heartbeat in a local variable, so its sending method is wrapped;
        aiokafka is pinned and a test holds the name.
        """
        beat = coordinator._do_heartbeat  # noqa: SLF001 - see above

        async def beat_and_tell() -> bool:
            answered: bool = await beat()
            if answered:
                self.heard()
            return answered

        coordinator._do_heartbeat = beat_and_tell  # noqa: SLF001 - see above
