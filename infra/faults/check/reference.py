"""The sequential program: decides the commands of a partition one by one, knowing nothing but them and the rules."""

import base64
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from commands.decider import Asking, Decider, Refused, step
from infra.faults.check.evidence import Stored
from schemas import wire
from schemas.domains import DOMAINS
from schemas.message import (
    Actor,
    Asked,
    CommandMeta,
    CommandRejected,
    CommandUnchanged,
    Domain,
    Fact,
    FactMeta,
    JsonObject,
    Recorded,
)

# What follows is written here a second time on purpose: a number changed in the product by mistake shall be noticed.
IDS = uuid.UUID("6f1a3c2e-5b0d-5c9e-9f43-8f1f6d0a7c11")
WINDOW = 7 * 24 * 3600 * 1000
AHEAD_AT_MOST = 5 * 60 * 1000
LONGEST_KEY = 800
MOST_KEPT = 200_000
LARGEST_ANSWER = 300_000

FREE = "…"
"""Stands for a sentence that may be any."""

RULES: Mapping[str, Decider[Any]] = {
    domain.name: import_module(f"commands.{domain.name}").decider for domain in DOMAINS
}

Kinds = Mapping[tuple[str, int], JsonObject]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command must have left: nothing when its id was seen before. `value` is the command as it was read."""

    offset: int
    command_id: str
    key: bytes
    records: tuple[Recorded, ...]
    asked: Asked | None
    repeats: bool = False


class Reference:
    """One partition, decided in order."""

    def __init__(self, domain: Domain, partition: int, kinds_at: Callable[[int], Kinds]) -> None:
        self._domain = domain
        self._partition = partition
        self._kinds_at = kinds_at
        self._rules = RULES[domain.name]
        self._states: dict[bytes, tuple[int, Any]] = {}
        self._seen: dict[str, int] = {}

    def decide(self, commands: Iterable[Stored]) -> Iterator[Answer]:
        for command in commands:
            yield self._answer(command)

    def _answer(self, command: Stored) -> Answer:
        key = command.key[:LONGEST_KEY]
        try:
            asked = wire.decode_command(command.value)
        except wire.Undecodable:
            kept = base64.b64encode(command.value[:MOST_KEPT]).decode()
            refusal = CommandRejected(code="command_undecodable", reason=FREE, undecodable=kept)
            return self._unnamed(command, key, None, refusal)
        meta = asked.meta
        seen = self._seen.get(meta.id)
        if seen is not None and command.time - seen <= WINDOW + AHEAD_AT_MOST:
            return Answer(command.offset, meta.id, key, (), asked, repeats=True)
        facts, after = self._decided(asked, command, key)
        records = self._recorded(meta, command, key, facts)
        if sum(len(wire.encode_fact(each)) for each in records) > LARGEST_ANSWER:
            return self._unnamed(command, key, asked, CommandRejected(code="command_too_large", reason=FREE))
        self._seen[meta.id] = command.time
        self._states[key] = after
        return Answer(command.offset, meta.id, key, records, asked)

    def _unnamed(self, command: Stored, key: bytes, asked: Asked | None, refusal: CommandRejected) -> Answer:
        """Refuse a command under a name made from its place."""
        command_id = str(uuid.uuid5(IDS, f"{self._domain.name}:{self._partition}:{command.offset}"))
        meta = CommandMeta(
            id=command_id,
            type="",
            subject=key.decode(errors="replace"),
            time=command.time,
            actor=Actor(id="unknown"),
            correlation_id=command_id,
        )
        return Answer(command.offset, command_id, key, self._recorded(meta, command, key, [refusal]), asked)

    def _decided(self, asked: Asked, command: Stored, key: bytes) -> tuple[Sequence[Fact], tuple[int, Any]]:
        """Give what a command leaves, and its subject's version and state after it."""
        version, state = self._state(key)
        asking = Asking(asked.meta.actor, command.time, self._kinds(asked, state))
        try:
            self._require_sound(asked, command, version)
            after, facts = step(self._rules, state, asked.command, asking)
            if asked.meta.expected_version not in (None, version):
                raise Refused("version_conflict", FREE)  # noqa: TRY301 - it is a refusal like the others
        except Refused as refused:
            return [CommandRejected(code=refused.code, reason=refused.reason)], (version, state)
        except Exception as error:  # noqa: BLE001 - a rule that breaks is a refusal too
            return [CommandRejected(code="rule_failed", reason=repr(error))], (version, state)
        return facts or [CommandUnchanged()], (version + len(facts), after)

    def _kinds(self, asked: Asked, state: Any) -> Kinds:
        """Give the kinds as far as the command says, or as earlier commands of its subject did."""
        if not hasattr(asked.command, "kind_position"):
            return {}
        places = [asked.command.kind_position, getattr(state, "kind_position", None)]
        known = [place for place in places if place is not None]
        return self._kinds_at(max(known)) if known else {}

    def _require_sound(self, asked: Asked, command: Stored, version: int) -> None:
        """Refuse what no rule needs to see. Raises Refused."""
        here = partition_of(command.key, self._domain.partitions) == self._partition
        refusals = {
            "wrong_topic": type(asked.command) not in self._domain.commands,
            "command_expired": command.time - asked.meta.time > WINDOW,
            "command_from_the_future": asked.meta.time - command.time > AHEAD_AT_MOST,
            "subject_mismatch": command.key != asked.command.subject.encode(),
            "wrong_partition": not version and not here,
        }
        for code, refused in refusals.items():
            if refused:
                raise Refused(code, FREE)

    def _recorded(self, meta: CommandMeta, command: Stored, key: bytes, facts: Sequence[Fact]) -> tuple[Recorded, ...]:
        version, _ = self._state(key)
        changed = not isinstance(facts[0], CommandRejected | CommandUnchanged)
        return tuple(
            Recorded(_fact_meta(meta, command, fact, version + n + 1 if changed else version, (n, len(facts))), fact)
            for n, fact in enumerate(facts)
        )

    def _state(self, key: bytes) -> tuple[int, Any]:
        return self._states.get(key, (0, self._rules.initial))


def _fact_meta(meta: CommandMeta, command: Stored, fact: Fact, version: int, place: tuple[int, int]) -> FactMeta:
    n, count = place
    return FactMeta(
        id=str(uuid.uuid5(IDS, f"{meta.id}:{n}/{count}")),
        type=fact.type,
        subject=meta.subject,
        version=version,
        time=command.time,
        actor=meta.actor,
        command_id=meta.id,
        command_type=meta.type,
        command_offset=command.offset,
        command_digest=meta.digest,
        correlation_id=meta.correlation_id,
        causation_id=meta.causation_id,
    )


def partition_of(key: bytes, partitions: int) -> int:
    """Give a key's partition: murmur2 of the key, without its sign, as Kafka's own clients have it."""
    mixed = 0x9747B28C ^ len(key)
    whole = len(key) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(key[at : at + 4], "little") * 0x5BD1E995 & 0xFFFFFFFF
        word = (word ^ word >> 24) * 0x5BD1E995 & 0xFFFFFFFF
        mixed = mixed * 0x5BD1E995 & 0xFFFFFFFF ^ word
    if rest := key[whole:]:
        mixed = (mixed ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return ((mixed ^ mixed >> 15) & 0x7FFFFFFF) % partitions
