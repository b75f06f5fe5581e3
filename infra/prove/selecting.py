"""Finds the facts that an export is asked for, in the journals themselves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.prove.notary import journals
from infra.prove.proving import Counted, Proving
from infra.settings import Unusable
from schemas import wire
from schemas.checkpoint import Journal
from schemas.domains import DOMAINS
from schemas.message import Domain, Position

SKEW = timedelta(minutes=10)
"""How far the clock that checkpoints are dated by may be from Kafka's."""


@dataclass(frozen=True)
class Filter:
    """Which facts are wanted: what is None lets all through, `since` is part of what is wanted, `until` is not."""

    domain: str | None = None
    subject: str | None = None
    type: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def chooses(self) -> bool:
        """Whether it leaves out facts of a journal."""
        return any(value is not None for name, value in asdict(self).items() if name != "domain")

    def journals(self, domains: Sequence[Domain] = DOMAINS) -> list[Journal]:
        """Name the journals in which such facts can stand. Raises Unusable for a domain that there is none of."""
        found = [domain for domain in domains if self.domain in (None, domain.name)]
        if not found:
            names = ", ".join(domain.name for domain in domains)
            raise Unusable(f"There is no domain {self.domain}: name one of {names}.")
        if self.since and self.until and self.since >= self.until:
            raise Unusable(f"Nothing is since {self.since} and before {self.until}: name an earlier moment first.")
        return journals(found)

    def asked(self) -> dict[str, Any]:
        """Say it as JSON."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()}

    def lets_through(self, counted: Counted) -> bool:
        if self.subject is not None and counted.record.key != self.subject.encode():
            return False
        if (self.type, self.actor, self.since, self.until) == (None, None, None, None):
            return True
        try:
            meta = wire.decode_fact(counted.record.value or b"").meta
        except wire.Undecodable:
            return False
        return (
            self.type in (None, meta.type)
            and self.actor in (None, meta.actor.id)
            and (self.since is None or meta.time >= self.since.timestamp() * 1000)
            and (self.until is None or meta.time < self.until.timestamp() * 1000)
        )


def moment(said: str) -> datetime:
    """Read a moment; one that names no zone is of UTC. Raises Unusable."""
    try:
        read = datetime.fromisoformat(said)
    except ValueError:
        raise Unusable(f"{said} is no moment: write it as 2026-11-26 or 2026-11-26T20:30:00Z.") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def select(
    proving: Proving, wanted: Filter, names: Sequence[Journal], read: Callable[[int], object]
) -> Iterator[Position]:
    """Give the positions of the facts wanted that the last checkpoint knows; `read` hears how many were read."""
    number = _before(proving, wanted.since)
    for name in names:
        start, end = proving.block(name, number), proving.block(name, proving.last.statement.number)
        for counted in proving.counted(name, bytes.fromhex(start.head), start.next, end.next):
            read(1)
            if wanted.lets_through(counted):
                yield Position(*name, counted.record.offset)


def _before(proving: Proving, since: datetime | None) -> int:
    """Give the number of a checkpoint before which there is nothing wanted, 0 for the beginning of all."""
    if since is None:
        return 0
    time = (since.astimezone(UTC) - SKEW).isoformat(timespec="milliseconds")
    low, high = 0, proving.last.statement.number
    while low < high:
        middle = (low + high + 1) // 2
        if proving.checkpoint(middle).statement.time < time:
            low = middle
        else:
            high = middle - 1
    return low
