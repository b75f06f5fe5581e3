"""The bytes of commands and facts on Kafka: Confluent's wire format, which is a zero, a schema id and Avro."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from struct import Struct
from typing import Any

from pydantic import ValidationError

from schemas import avro
from schemas.contracts import Contract, committed, newest
from schemas.domains import COMMANDS, FACTS
from schemas.headers import command_headers, fact_headers
from schemas.message import Asked, Command, CommandMeta, Fact, FactMeta, Message, Recorded
from schemas.reading import Reader, reader
from schemas.upcast import UPCASTERS, Upcaster
from schemas.writing import Writer, writer

__all__ = [
    "WIRE",
    "Undecodable",
    "Wire",
    "command_headers",
    "decode_command",
    "decode_fact",
    "encode_command",
    "encode_fact",
    "fact_headers",
]

_HEAD = Struct(">bI")


class Undecodable(Exception):  # noqa: N818 - about what others wrote, not about what went wrong here
    """Bytes that are no command or no fact; one sentence says why."""


class Wire:
    """The codec of some classes: it writes the newest of their contracts and reads all of them.

    Its writers and readers are made when they are first needed, so that a process pays for those it uses.
    """

    def __init__(
        self,
        commands: Iterable[type[Command]],
        facts: Iterable[type[Fact]],
        contracts: Iterable[Contract],
        upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
    ) -> None:
        self._asked = {avro.full_name(command): command for command in commands}
        self._happened = {avro.full_name(fact): fact for fact in facts}
        self._committed = tuple(contracts)
        self._upcasters = upcasters
        _require_accepted({**self._asked, **self._happened}, self._committed)
        self.number({contract.id: contract.id for contract in self._committed})

    def number(self, ids: Mapping[int, int]) -> None:
        """Let these ids, by committed id, stand in front of values: a Schema Registry has its own."""
        self.contracts = tuple(replace(contract, id=ids[contract.id]) for contract in self._committed)
        self._heads = {_HEAD.pack(0, contract.id): contract for contract in self.contracts}
        self._writers: dict[type[Message], tuple[bytes, Writer]] = {}
        self._commands: dict[bytes, tuple[Reader, str, Callable[[Any], Any]]] = {}
        self._facts: dict[bytes, Reader] = {}

    def encode_command(self, asked: Asked) -> bytes:
        message = type(asked.command)
        head, write = self._writers.get(message) or self._writer(message)
        return write(head, asked.meta, asked.command)

    def encode_fact(self, recorded: Recorded) -> bytes:
        message = type(recorded.fact)
        head, write = self._writers.get(message) or self._writer(message)
        return write(head, recorded.meta, recorded.fact)

    def decode_command(self, value: bytes) -> Asked:
        """Read a command and check it, as its class does. Raises Undecodable."""
        read, type_, check = self._commands.get(value[:5]) or self._command_reader(value)
        try:
            meta, fields = read(value, 5)
            command = check(fields)
        except Exception as error:
            raise self._broken(value, error) from error
        if meta.type != type_ or meta.subject != command.subject:
            raise Undecodable(
                f"It says that it is {meta.type} of {meta.subject}, and holds {type_} of {command.subject}."
            )
        return Asked(meta, command)

    def decode_fact(self, value: bytes) -> Recorded:
        """Read a fact in the form of today's class. Raises Undecodable."""
        read = self._facts.get(value[:5]) or self._fact_reader(value)
        try:
            meta, fact = read(value, 5)
        except Exception as error:
            raise self._broken(value, error) from error
        if meta.type != fact.type:
            raise Undecodable(f"It says that it is {meta.type}, and holds {fact.type}.")
        return Recorded(meta, fact)

    def _writer(self, message: type[Message]) -> tuple[bytes, Writer]:
        name = avro.full_name(message)
        head, contract = [entry for entry in self._heads.items() if entry[1].name == name][-1]
        made = self._writers[message] = (head, writer(contract.schema))
        return made

    def _command_reader(self, value: bytes) -> tuple[Reader, str, Callable[[Any], Any]]:
        contract = self._contract(value)
        message = self._asked.get(contract.name)
        if message is None:
            raise Undecodable(f"It holds {contract.name}, which is no command of today.")
        read = reader(contract.schema, avro.classes(CommandMeta))
        made = self._commands[value[:5]] = (read, message.type, message.__pydantic_validator__.validate_python)
        return made

    def _fact_reader(self, value: bytes) -> Reader:
        contract = self._contract(value)
        upcast = self._upcasters.get((contract.name, contract.version))
        if upcast is None and contract.name not in self._happened:
            raise Undecodable(f"It holds {contract.name}, which is no fact of today.")
        if upcast is None:
            read = reader(contract.schema, avro.classes(FactMeta, self._happened[contract.name]))
        else:
            read = _upcasting(reader(contract.schema, {}), upcast, self._happened.values())
        self._facts[value[:5]] = read
        return read

    def _contract(self, value: bytes) -> Contract:
        if len(value) < _HEAD.size or value[0]:
            raise Undecodable("It does not begin with a zero and the four bytes of a schema id.")
        contract = self._heads.get(value[:5])
        if contract is None:
            raise Undecodable(f"No contract has its schema id, {_HEAD.unpack_from(value)[1]}.")
        return contract

    def _broken(self, value: bytes, error: Exception) -> Undecodable:
        reason = str(error) or type(error).__name__
        if isinstance(error, IndexError):
            reason = "it ends too early"
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        return Undecodable(f"Its bytes are no {self._contract(value).name}: {reason}.")


def _require_accepted(messages: Mapping[str, type[Command | Fact]], contracts: Iterable[Contract]) -> None:
    today = newest(contracts)
    for name, message in messages.items():
        if name not in today or today[name].schema != avro.contract(message):
            raise RuntimeError(
                f"{name} is not what its contract says; `uv run python -m schemas.contracts` accepts it."
            )


def _upcasting(read: Reader, upcast: Upcaster, facts: Iterable[type[Fact]]) -> Reader:
    types = {fact.type: fact for fact in facts}

    def reader(data: bytes, at: int) -> tuple[FactMeta, Fact]:
        meta, fields = read(data, at)
        today = upcast({"meta": meta, **fields})
        meta = FactMeta.model_validate(today.pop("meta"))
        if meta.type not in types:
            raise ValueError(f"its upcaster makes {meta.type} of it, which is no fact of today")
        return meta, types[meta.type].model_validate(today)

    return reader


WIRE = Wire(COMMANDS.values(), FACTS.values(), committed())
"""The codec of this version's domains; the functions below are its own."""

encode_command = WIRE.encode_command
encode_fact = WIRE.encode_fact
decode_command = WIRE.decode_command
decode_fact = WIRE.decode_fact
