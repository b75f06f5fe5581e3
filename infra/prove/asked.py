"""The commands of a journal, as far as Kafka still holds them, compared with what the journal answers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from infra.records import Record, Records
from schemas import topics
from schemas.export import Facts
from schemas.message import Domain, Position
from schemas.wire import WIRE
from streams.records import unnamed

AT = 5
"""Where a command's id stands in its value, after a zero and a schema id: its length, of one byte, and its letters."""


class Wrong(NamedTuple):
    """A record, or a place, that is not as it must be."""

    position: str
    said: str


class Asked:
    """Goes through the commands beside the journal, which answers them in their order."""

    def __init__(self, reader: Records, domain: Domain, partition: int, *, whole: bool) -> None:
        self.compared = 0
        self.wrong: list[Wrong] = []
        self.repeated: dict[str, int] = {}
        """Commands that were not answered, which is right for those whose id was answered before: their offsets."""
        self._reader = reader
        self._place = (domain.name, partition)
        self._facts = Facts.of(WIRE.contracts)
        self._begin, self._end = reader.around(topics.commands(domain.name), partition)
        self._commands: Iterator[Record] | None = self._read(self._begin) if whole else None

    def answer(self, offset: int, command: int, meta: Mapping[str, Any]) -> None:
        """Compare a command with the first record that answers it, of which `offset` and `meta` are."""
        if command < self._begin:
            return
        if command >= self._end:
            self._say(offset, f"it answers a command at {command}, and {topics.commands(self._place[0])} ends before")
            return
        if self._commands is None:
            self._commands = self._read(command)
        for record in self._commands:
            if record.offset >= command:
                if record.offset == command:
                    self._compare(offset, record, meta)
                return
            self._skip(record)

    def refuse_strangers(self, answered: Iterable[tuple[int, str]]) -> None:
        """Say which commands were never answered, by the offsets and ids of all that were."""
        for command, command_id in answered:
            if command < self.repeated.get(command_id, -1):
                del self.repeated[command_id]
        for command_id, command in self.repeated.items():
            self._lost(command, f"the command {command_id} has no fact and no refusal")

    def _read(self, start: int) -> Iterator[Record]:
        domain, partition = self._place
        for batch in self._reader.read(topics.commands(domain), partition, start, self._end, headers=False):
            yield from batch

    def _compare(self, offset: int, record: Record, meta: Mapping[str, Any]) -> None:
        self.compared += 1
        # Every contract begins with the id: of most commands no more need be read to know that it is the one.
        named = meta["command_id"].encode()
        named = bytes([2 * len(named) & 0xFF]) + named
        if (record.value or b"")[AT : AT + len(named)] == named and meta["time"] == record.timestamp:
            return
        asked = self._facts.plain(record.value or b"")
        known = asked["meta"]["id"] if asked else None
        if meta["command_id"] != known and meta["command_id"] != self._unnamed(record):
            told = f"it answers the command {meta['command_id']} at {record.offset}, and there stands {known}"
            self._say(offset, told)
        elif meta["time"] != record.timestamp:
            self._say(
                offset, f"its time is {meta['time']}, and that of the command at {record.offset} is {record.timestamp}"
            )

    def _skip(self, record: Record) -> None:
        asked = self._facts.plain(record.value or b"")
        if asked is None:
            self._lost(record.offset, "what stands there was never refused, and it is no command")
        else:
            self.repeated.setdefault(asked["meta"]["id"], record.offset)

    def _unnamed(self, record: Record) -> str:
        """Give the id of a command that has none of its own."""
        return unnamed(record, record.key or b"", Position(*self._place, record.offset)).id

    def _say(self, offset: int, said: str) -> None:
        self.wrong.append(Wrong(f"{self._place[0]}:{self._place[1]}:{offset}", said))

    def _lost(self, command: int, said: str) -> None:
        self.wrong.append(Wrong(f"{topics.commands(self._place[0])}:{self._place[1]}:{command}", said))
