"""What doors know at once: which sign-ins, keys, roles and accounts changed in the last quarter of an hour.

Access tokens say how things were when they were made, and live for less long than that. What changed since is followed
along the chains of the journals, so that it is felt a moment after it is a fact (ADR 7).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from infra import telemetry
from infra.ending import ended
from schemas import account, apikey, role, session, topics, wire
from schemas.journal import Chain, before
from schemas.message import Fact, FactMeta, Position

KEPT_MS = 15 * 60 * 1000
"""How long a change is remembered, in milliseconds: longer than an access token lives, and than read models lag."""

PATIENCE = 0.5
READY_PATIENCE = 2.0
FELT_WITHIN = 1.0

DOMAINS = (account.DOMAIN, session.DOMAIN, apikey.DOMAIN, role.DOMAIN)

log = telemetry.log(__name__)

Place = tuple[str, int]
"""A domain and a partition of it."""


@dataclass(slots=True)
class Change:
    """What changed of an account. `roles` are all it had once, if that is known, and `given` what came since."""

    time: int
    version: int = 0
    status: str | None = None
    generation: int = 0
    roles: tuple[str, ...] | None = None
    given: dict[str, bool] = field(default_factory=dict)


@dataclass(slots=True)
class KeyChange:
    """What changed of a key: it works no more, or has another secret, and the one before for some time."""

    time: int
    revoked: bool = False
    secret: str | None = None
    before: str | None = None
    before_until: int = 0


class Snapshot(NamedTuple):
    """How things were when the journals had been read to these places: offset of the last record, and head's hash."""

    places: Mapping[Place, tuple[int, bytes]]
    accounts: Mapping[str, Change]
    sessions: Iterable[str]
    keys: Mapping[str, KeyChange]
    roles: Mapping[str, tuple[str, ...]]


Load = Callable[[int], Awaitable[Snapshot]]
"""Gives how things are, with what changed since a time in milliseconds. Raises Exception while that is not known."""


class Known:
    """Follows the journals of identity; `erased` is told of each person whose key is gone."""

    def __init__(self, connection: dict[str, Any], load: Load, erased: Callable[[str], None]) -> None:
        self.roles: dict[str, tuple[str, ...]] = {}
        self.changes = 0
        """Grows with each change: who was found to be somebody at the same count still is."""
        self._connection = connection
        self._load = load
        self._erased = erased
        self._accounts: dict[str, Change] = {}
        self._sessions: dict[str, int] = {}
        self._keys: dict[str, KeyChange] = {}
        self._next: dict[TopicPartition, int] = {}
        self._chains: dict[TopicPartition, Chain] = {}
        self._ready = asyncio.Event()
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._swept = 0

    async def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._task is not None:
            await ended(self._task)

    async def ready(self) -> bool:
        """Say whether all that was so when this door opened is known, waiting a little for it."""
        if not self._ready.is_set():
            try:
                async with asyncio.timeout(READY_PATIENCE):
                    await self._ready.wait()
            except TimeoutError:
                return False
        return True

    async def reach(self, position: Position) -> None:
        """Wait a little until this door knows a fact, so that the next request feels it."""
        place = TopicPartition(topics.facts(position.domain), position.partition)
        if place in self._next:
            with suppress(TimeoutError):
                async with asyncio.timeout(FELT_WITHIN), self._moved:
                    await self._moved.wait_for(lambda: self._next[place] > position.offset)

    # ── what is asked ─────────────────────────────────────────────────────────────────────────────────────────────

    def ended(self, session_id: str) -> bool:
        return session_id in self._sessions

    def generation(self, account_id: str, told: int) -> int:
        """Give an account's generation, which was `told` once."""
        change = self._accounts.get(account_id)
        return told if change is None else max(change.generation, told)

    def status(self, account_id: str, told: str) -> str:
        change = self._accounts.get(account_id)
        return told if change is None or change.status is None else change.status

    def roles_of(self, account_id: str, told: tuple[str, ...]) -> tuple[str, ...]:
        """Give an account's roles, which were `told` a while ago."""
        change = self._accounts.get(account_id)
        if change is None:
            return told
        had = told if change.roles is None else change.roles
        kept = tuple(name for name in had if change.given.get(name, True))
        return (*kept, *(name for name, given in change.given.items() if given and name not in kept))

    def key(self, key_id: str) -> KeyChange | None:
        return self._keys.get(key_id)

    # ── what is heard ─────────────────────────────────────────────────────────────────────────────────────────────

    def hear(self, meta: FactMeta, fact: Fact, at: int) -> None:
        """Take a fact that counts, which was stored at a time in milliseconds; its command may be much older."""
        match fact:
            case session.SessionEnded():
                self._sessions[meta.subject] = at
            case apikey.KeyRevoked():
                self._key(meta, at).revoked = True
            case apikey.KeyRerolled():
                change = self._key(meta, at)
                change.secret, change.before, change.before_until = fact.secret, fact.before, fact.before_until
            case role.RoleDefined():
                self.roles[meta.subject] = fact.permissions
            case role.RoleRetired():
                self.roles[meta.subject] = ()
            case _:
                if not meta.type.startswith("account.") or not self._hear_of_account(meta, fact, at):
                    return
        self.changes += 1

    def _hear_of_account(self, meta: FactMeta, fact: Fact, at: int) -> bool:
        """Say whether it changes what anybody may."""
        change = self._accounts.setdefault(meta.subject, Change(at))
        if meta.version <= change.version:
            return False
        generation = max(change.generation, getattr(fact, "generation", 0))
        moved = generation > change.generation
        change.time, change.version, change.generation = at, meta.version, generation
        match fact:
            case account.AccountSuspended():
                change.status = "suspended"
            case account.AccountReinstated():
                change.status = "active"
            case account.AccountClosed():
                change.status = "closed"
            case account.AccountErased():
                change.status = "erased"
                self._erased(meta.subject)
            case account.RoleGiven():
                change.given[fact.role] = True
            case account.RoleTaken():
                change.given[fact.role] = False
            case _:
                return moved
        return True

    def _key(self, meta: FactMeta, at: int) -> KeyChange:
        change = self._keys.setdefault(meta.subject, KeyChange(at))
        change.time = at
        return change

    # ── following ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _follow(self) -> None:
        while True:
            try:
                if not self._next:
                    await self._begin()
                await self._read_on()
            except (KafkaError, OSError) as error:
                log.warning("cannot follow who may ask, trying again", error=str(error))
            except Exception as error:  # noqa: BLE001 - the read models, most likely; nobody is let in before they answer
                log.warning("cannot learn who may ask, trying again", error=str(error))
            await asyncio.sleep(PATIENCE)

    async def _begin(self) -> None:
        found = await self._load(_now() - KEPT_MS)
        self._accounts = dict(found.accounts)
        self._sessions = dict.fromkeys(found.sessions, _now())
        self._keys = dict(found.keys)
        self.roles = dict(found.roles)
        self.changes += 1
        for domain in DOMAINS:
            for partition in range(domain.partitions):
                place = TopicPartition(topics.facts(domain.name), partition)
                read_to, head = found.places.get((domain.name, partition), (-1, Chain().head))
                self._next[place], self._chains[place] = read_to + 1, Chain(head)

    async def _read_on(self) -> None:
        consumer = AIOKafkaConsumer(**self._connection, enable_auto_commit=False, auto_offset_reset="none")
        try:
            await consumer.start()
            consumer.assign(list(self._next))
            for place, offset in self._next.items():
                consumer.seek(place, offset)
            ends = await consumer.end_offsets(list(self._next))
            while True:
                for place, records in (await consumer.getmany(timeout_ms=1000)).items():
                    for record in records:
                        self._take(place, record)
                    # Not the last record's: offsets may be taken by what is none, such as the end of a transaction.
                    self._next[place] = await consumer.position(place)
                async with self._moved:
                    self._moved.notify_all()
                if not self._ready.is_set() and await _reached(consumer, ends):
                    self._ready.set()
                self._sweep()
        finally:
            await consumer.stop()

    def _take(self, place: TopicPartition, record: Any) -> None:
        if record.offset < self._next[place]:
            return
        self._next[place] = record.offset + 1
        key, value = record.key or b"", record.value or b""
        if not self._chains[place].take(before(record.headers), key, value):
            return
        try:
            self.hear(*wire.decode_fact(value), record.timestamp)
        except wire.Undecodable as error:
            log.error("a fact of who may ask cannot be read", place=f"{place}:{record.offset}", error=str(error))  # noqa: TRY400 - the sentence says it all

    def _sweep(self) -> None:
        """Forget what changed so long ago that no token tells otherwise."""
        until = _now() - KEPT_MS
        if self._swept > until - KEPT_MS // 15:
            return
        self._swept = until
        self._sessions = {each: when for each, when in self._sessions.items() if when > until}
        self._accounts = {each: change for each, change in self._accounts.items() if change.time > until}
        self._keys = {each: change for each, change in self._keys.items() if change.time > until}


async def _reached(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    for place, end in ends.items():
        if await consumer.position(place) < end:
            return False
    return True


def _now() -> int:
    return time.time_ns() // 1_000_000
