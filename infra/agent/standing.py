"""Where conversations stand: what was read once is kept, and changed by each fact that is heard from then on.

A conversation that goes on needs not be read anew at each message, nor the read model be waited for.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic

import orjson

from agent.doors import Answer, Doors
from infra import telemetry
from infra.auth.recent import Recent
from projections import conversation
from projections import conversation_opened as shown
from projections.conversations import readable
from projections.documents import json_body
from projections.door import ReadDoor
from projections.projection import Row
from schemas.message import FactMeta, Outcome, Recorded

MOST = 2_000
"""Conversations that are kept."""

SURE = 3.0
"""Seconds without a beat after which others may answer in our stead: less than a group waits for a silent member."""

log = telemetry.log(__name__)

Newest = Callable[[str], Awaitable[list[str]]]
"""Gives the position up to which the journal of a conversation goes now."""


class Standing:
    """Conversations as they were read after all that was in their journals, and as they are told to go on."""

    def __init__(self, read: ReadDoor, newest: Newest) -> None:
        self._read = read
        self._newest = newest
        self._rows = Recent[str, Row](MOST)
        self._stepped = Recent[str, int](MOST)
        self._reading: set[str] = set()
        self._beaten = monotonic()

    async def find(self, doors: Doors, message: FactMeta) -> Answer:
        """Give the conversation of a message with all that is on record of it; the doors know as much from then on.

        Raises Problem, KafkaError and OSError.
        """
        row = self._kept(message)
        if row is not None and readable(doors.caller, row["account_id"]):
            doors.reached.append(row["position"])
            told = shown.conversation(row, await self._read.vault.known(row["account_id"]))
            return Answer(200, {}, orjson.loads(json_body(told)))
        doors.reached += await self._newest(message.subject)
        answer = await doors.get(f"/v1/conversations/{message.subject}")
        if answer.good:
            await self._take_up(message.subject)
        return answer

    def stepped(self, outcome: Outcome) -> None:
        """Note what became of a step: from now on what is kept must know it."""
        if outcome.subject is not None and outcome.version is not None:
            before = self._stepped.get(outcome.subject) or 0
            self._stepped.keep(outcome.subject, max(before, outcome.version))

    def doubt(self, conversation_id: str) -> None:
        """Have a conversation read anew: it is not known what is on record of a turn."""
        self._rows.forget(conversation_id)

    def hear(self, recorded: Recorded, position: str) -> None:
        """Take in the next fact of a journal; what follows on none that was heard has the conversation read anew."""
        meta = recorded.meta
        self._reading.discard(meta.subject)
        row = self._rows.get(meta.subject)
        if row is None or meta.version <= row["version"]:
            return
        try:
            follows = meta.version == row["version"] + 1
            after = conversation.project(row, recorded, position) if follows else None
        except Exception:
            log.exception("a fact changes no conversation in hand", position=position)
            after = None
        if after is not None:
            self._rows.keep(meta.subject, after)
        else:
            self._rows.forget(meta.subject)

    def beat(self) -> None:
        """Take note that facts are heard; if that was long ago, somebody else may have gone on with any of them."""
        if self._late():
            self.forget()
        self._beaten = monotonic()

    def forget(self) -> None:
        """Believe the doors alone."""
        self._rows = Recent(MOST)
        self._reading.clear()

    async def _take_up(self, conversation_id: str) -> None:
        """Keep a conversation as it is now, unless something is heard of it meanwhile."""
        self._reading.add(conversation_id)
        try:
            found = await self._read.ask(partial(conversation.find, conversation_id=conversation_id))
            if found is not None and conversation_id in self._reading:
                self._rows.keep(conversation_id, found)
        finally:
            self._reading.discard(conversation_id)

    def _kept(self, message: FactMeta) -> Row | None:
        """Give a conversation as it is kept, if that is all there is on record before and of a message."""
        row = self._rows.get(message.subject)
        if row is None or self._late():
            return None
        # What a message says of the proposal is a fact of its own, after the message.
        known = message.version + (row["proposal"] is not None)
        return row if row["version"] >= max(known, self._stepped.get(message.subject) or 0) else None

    def _late(self) -> bool:
        return monotonic() - self._beaten > SURE
