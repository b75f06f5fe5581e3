"""Where conversations stand: what was read once is kept, and changed by each fact that is heard from then on.

A conversation that goes on needs not be read anew at each message, nor the read model be waited for.
"""

from collections.abc import Awaitable, Callable
from functools import partial

import orjson

from agent.doors import Answer, Doors
from infra.auth.recent import Recent
from projections import conversation
from projections import conversation_opened as shown
from projections.conversations import readable
from projections.documents import json_body
from projections.door import ReadDoor
from projections.projection import Row, happened
from schemas.message import FactMeta, Outcome, Recorded

MOST = 2_000
"""Conversations that are kept."""

Newest = Callable[[str], Awaitable[list[str]]]
"""Gives the position up to which the journal of a conversation goes now."""


class Standing:
    """Conversations as they were read after all that was in their journals, and as they are told to go on."""

    def __init__(self, read: ReadDoor, newest: Newest) -> None:
        self._read = read
        self._newest = newest
        self._rows = Recent[str, Row](MOST)
        self._stepped = Recent[str, int](MOST)

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
            found = await self._read.ask(partial(conversation.find, conversation_id=message.subject))
            if found is not None:
                self._rows.keep(message.subject, found)
        return answer

    def stepped(self, outcome: Outcome) -> None:
        """Note what became of a step: from now on what is kept must know it."""
        if outcome.subject is not None and outcome.version is not None:
            self._stepped.keep(outcome.subject, outcome.version)

    def doubt(self, conversation_id: str) -> None:
        """Have a conversation read anew: it is not known what is on record of a turn."""
        self._rows.forget(conversation_id)

    def hear(self, recorded: Recorded, position: str) -> None:
        """Take in the next fact of a journal; what follows on none that was heard has the conversation read anew."""
        meta = recorded.meta
        row = self._rows.get(meta.subject)
        if row is None or not happened(recorded) or meta.version <= row["version"]:
            return
        if meta.version == row["version"] + 1:
            self._rows.keep(meta.subject, conversation.project(row, recorded, position))
        else:
            self._rows.forget(meta.subject)

    def forget(self) -> None:
        """Believe the doors alone: somebody else may have gone on with any of them."""
        self._rows = Recent(MOST)

    def _kept(self, message: FactMeta) -> Row | None:
        row = self._rows.get(message.subject)
        known = max(message.version, self._stepped.get(message.subject) or 0)
        return row if row is not None and row["version"] >= known else None
