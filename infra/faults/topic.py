"""A producer without manners: commands straight onto their topics, some repeated, misplaced, stale or mere noise."""

import asyncio
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from infra import kafka
from infra.faults.check.reference import partition_of
from infra.faults.clients import Defined
from infra.faults.workload import INVOICE, NOTE, Wish, Workload, chance
from infra.settings import Settings
from schemas import topics, wire
from schemas.domains import DOMAINS
from schemas.message import Actor, Asked, CommandMeta
from schemas.resource import ChangeResource, RegisterResource

DAY_MS = 24 * 3600 * 1000
FAR = 10**9
"""An offset that no run reaches."""

PARTITIONS = {domain.name: domain.partitions for domain in DOMAINS}


@dataclass(frozen=True, slots=True)
class Letter:
    """A record for a commands topic."""

    domain: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Writer:
    """Writes letters of all sorts; `written` counts them."""

    settings: Settings
    workload: Workload
    random: Random
    defined: Defined
    rate: float = 200.0
    written: int = 0
    _sent: deque[Letter] = field(default_factory=lambda: deque(maxlen=300))

    async def live(self) -> None:
        """Write until cancelled, whatever Kafka says."""
        while True:
            producer = AIOKafkaProducer(**kafka.connection(self.settings), acks="all", request_timeout_ms=5000)
            try:
                await producer.start()
                while True:
                    await self._write(producer, [self.letter() for _ in range(self.random.randrange(1, 30))])
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(0.5)
            finally:
                await producer.stop()

    async def _write(self, producer: Any, letters: list[Letter]) -> None:
        async with asyncio.timeout(10):
            sent = [await _send(producer, letter) for letter in letters]
            for stored in await asyncio.gather(*sent, return_exceptions=True):
                if isinstance(stored, BaseException):
                    raise stored
        self.written += len(letters)
        await asyncio.sleep(len(letters) / self.rate)

    def letter(self) -> Letter:
        """Write the next letter: most are sound."""
        makers = {
            self._sound: 70,
            self._repeated: 12,
            self._noise: 6,
            self._misplaced: 4,
            self._untimely: 4,
            self._twin: 4,
        }
        (make,) = self.random.choices(list(makers), list(makers.values()))
        letter = make()
        self._sent.append(letter)
        return letter

    def _sound(self, **meta: Any) -> Letter:
        wish = self._filled(self.workload.wish())
        headers = (("traceparent", b"00-%032x-%016x-01" % (self.random.getrandbits(128), self.random.getrandbits(64))),)
        expected = self.random.randrange(12) if chance(self.random, 0.1) else None
        key = wish.command.subject.encode()
        value = wire.encode_command(_asked(wish, **{"id": self._id(), "expected_version": expected, **meta}))
        domain = wish.command.type.partition(".")[0]
        return Letter(domain, partition_of(key, PARTITIONS[domain]), key, value, headers)

    def _repeated(self) -> Letter:
        """Say word for word what was said before."""
        return self.random.choice(self._sent) if self._sent else self._sound()

    def _twin(self) -> Letter:
        """Use the id of another command for something else of the same subject."""
        wish = self._filled(self.workload.wish())
        named = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{wish.command.subject} {self.random.randrange(3)}"))
        domain, key = wish.command.type.partition(".")[0], wish.command.subject.encode()
        digest = f"{self.random.getrandbits(128):032x}"
        value = wire.encode_command(_asked(wish, id=named, digest=digest))
        return Letter(domain, partition_of(key, PARTITIONS[domain]), key, value)

    def _noise(self) -> Letter:
        """Say what is no command, or no command of this domain."""
        sound = self._sound()
        value = sound.value or b""
        values = (
            None,
            b"",
            b"\0\0\0\0\1",
            b'{"json": true}',
            self.random.randbytes(40),
            value[: self.random.randrange(len(value))],
            value + b"\0",
            b"\0\0\0\xff\xff" + value[5:],
        )
        noise = self.random.choice(values)
        # aiokafka writes no record without key and value.
        key = self.random.choice((sound.key, sound.key, b"", b"\xff\xfe\0", b"" if noise is None else None))
        return Letter(sound.domain, sound.partition, key, noise)

    def _misplaced(self) -> Letter:
        """Put a sound command where it does not belong."""
        sound = self._sound()
        if chance(self.random, 0.3):
            key = self.random.choice(self.workload.resources).encode()
            return Letter(sound.domain, partition_of(key, PARTITIONS[sound.domain]), key, sound.value)
        domain = self.random.choice(DOMAINS)
        return Letter(domain.name, self.random.randrange(domain.partitions), sound.key, sound.value)

    def _untimely(self) -> Letter:
        """Ask long ago, or in the future."""
        away = self.random.choice((-30, -7.01, -6.9, 1))
        return self._sound(time=_now() + int(away * DAY_MS))

    def _filled(self, wish: Wish) -> Wish:
        """Say which kinds were known, as a door would; sometimes nonsense that means the same at any time."""
        command = wish.command
        if not isinstance(command, RegisterResource | ChangeResource):
            return wish
        places = [place for (kind, _), place in self.defined.items() if kind in (NOTE, INVOICE)]
        position = self.random.choice((None, max(places), min(places), self.random.choice(places)))
        version = 1
        if isinstance(command, RegisterResource) and command.kind == INVOICE:
            version = self.random.choice([version for kind, version in self.defined if kind == INVOICE])
        elif chance(self.random, 0.1):
            position, version = FAR, self.random.choice((1, 99)) if _is_note(command) else 1
        known = {"kind_version": version, "kind_position": position}
        return Wish(wish.actor, command.model_copy(update=known))

    def _id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))


async def _send(producer: Any, letter: Letter) -> Any:
    topic, headers = topics.commands(letter.domain), list(letter.headers)
    return await producer.send(topic, letter.value, letter.key, letter.partition, headers=headers)


def _is_note(command: RegisterResource | ChangeResource) -> bool:
    return isinstance(command, RegisterResource) and command.kind == NOTE


def _asked(wish: Wish, **meta: Any) -> Asked:
    given = {"time": _now(), "correlation_id": meta["id"], **meta}
    actor = Actor(id=wish.actor, via="topic")
    return Asked(CommandMeta(type=wish.command.type, subject=wish.command.subject, actor=actor, **given), wish.command)


def _now() -> int:
    return time.time_ns() // 1_000_000
