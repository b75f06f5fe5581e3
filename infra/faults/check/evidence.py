"""What a run leaves behind, as plain data: every record, row and document, and what clients were told."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Place: TypeAlias = tuple[str, int]
"""A domain and one of its partitions."""

SHOWN = 100
"""Violations kept word for word; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it stands on its topic; `time` is the broker's, in milliseconds since 1970 UTC."""

    offset: int
    time: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a client was told of a request; status 0 is no answer at all. Repeats of a request have the same name."""

    request: str
    status: int
    body: dict[str, Any]
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What an account was told of a resource, asking for a state in which it had at least this version."""

    resource_id: str
    actor: str
    least: int
    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What somebody sent to a door and was told there; status 0 is no answer at all.

    `asks` is one of register, verify, sign in, refresh, revoke, change password, close and come back: that is a refresh
    when all had caught up. `asked` and `told` are moments, in seconds of one clock. A thief shows the token of another.
    """

    person: str
    asks: str
    sent: dict[str, Any]
    status: int
    body: dict[str, Any]
    asked: float
    told: float
    thief: bool = False


@dataclass
class Listened:
    """What one listener was told from the first fact on, as positions and ids of facts; `whole` if it may know all.

    `last` is the id that it had last, and `refused` what doors said instead; `account` is whose rights it has.
    """

    name: str
    domains: tuple[str, ...]
    types: tuple[str, ...]
    whole: bool
    account: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    cuts: int = 0
    last: str = ""

    def reached(self, ends: dict[Place, int]) -> bool:
        """Say whether it has come to the ends of the journals that it follows."""
        offsets = self.offsets()
        return all(
            offsets.get(place, -1) >= end - 1
            for place, end in ends.items()
            if not self.domains or place[0] in self.domains
        )

    def offsets(self) -> dict[Place, int]:
        """Give how far it has come in each journal."""
        said = [each.split(":") for each in self.last.split(",") if ":" in each]
        return {(domain, int(partition)): int(offset) for domain, partition, offset in said}


@dataclass
class Evidence:
    """Everything the checker looks at.

    `looked_up` is what was told at the Location of a command that was acknowledged. `last_reads` were made when all
    had caught up; `behind` says in sentences what had not when patience ended.
    """

    commands: dict[Place, list[Stored]] = field(default_factory=dict)
    facts: dict[Place, list[Stored]] = field(default_factory=dict)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    looked_up: list[Told] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    last_reads: list[Read] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    listened: list[Listened] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that is not as it must be: which promise, where, and what was found instead."""

    promise: str
    where: str
    found: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.where}: {self.found}"


class Findings:
    """What was compared and what was wrong, promise by promise; and what was seen that is neither."""

    def __init__(self) -> None:
        self.compared: dict[str, int] = {}
        self.wrong: dict[str, int] = {}
        self.seen: dict[str, int] = {}
        self.violations: list[Violation] = []

    def compare(self, promise: str, where: object, found: object, wanted: object) -> bool:
        """Count a comparison; a difference is a violation."""
        same = found == wanted
        self.count(promise)
        if not same:
            self.violate(promise, where, f"found {_short(found)} where {_short(wanted)} was to be")
        return same

    def count(self, promise: str, number: int = 1) -> None:
        self.compared[promise] = self.compared.get(promise, 0) + number

    def violate(self, promise: str, where: object, found: str) -> None:
        self.wrong[promise] = self.wrong.get(promise, 0) + 1
        if len(self.violations) < SHOWN:
            self.violations.append(Violation(promise, str(where), found))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}…"  # noqa: PLR2004 - about five lines of a terminal
