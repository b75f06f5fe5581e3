"""What people ask in a run: commands of every sort, most of them sound, drawn from a seed."""

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from schemas.kind import DefineKind
from schemas.message import Command
from schemas.resource import (
    ChangeResource,
    RegisterResource,
    RenameResource,
    RestoreResource,
    RevertResource,
    ShareResource,
    TagResource,
    TransferResource,
    TrashResource,
    UnshareResource,
    UntagResource,
)

ACCOUNTS = ("alice", "bob", "carol", "dave")
NEWCOMER = "erin"
"""Who asks nothing, and may be given something."""
TAGS = tuple(string.ascii_lowercase[:12])
NOTE = "note"
"""A kind that is defined once, before all else, and never again."""
INVOICE = "invoice"
"""A kind that is defined again and again."""

ODD_IDS = ("place:3", "fresh:1", "A.b_c@d:e-f", "0", "x" * 200)


def anything() -> DefineKind:
    return DefineKind(kind=NOTE, json_schema={"type": "object"}, description="Anything")


def invoice(minimum: int) -> DefineKind:
    amount = {"type": "integer", "minimum": minimum}
    schema = {"type": "object", "properties": {"amount": amount}, "required": ["amount"]}
    return DefineKind(kind=INVOICE, json_schema=schema, description=f"At least {minimum}")


def chance(random: Random, share: float) -> bool:
    """Say yes in this share of all cases."""
    return random.random() < share


@dataclass(frozen=True, slots=True)
class Wish:
    """Who asks what."""

    actor: str
    command: Command


@dataclass
class Workload:
    """An endless supply of wishes about a few hundred resources."""

    random: Random
    size: int = 120
    resources: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        self.resources = (*ODD_IDS, *(f"resource-{number}" for number in range(self.size)))

    def wish(self) -> Wish:
        if chance(self.random, 0.01):
            return Wish(self.random.choice(ACCOUNTS[:2]), invoice(self.random.randrange(3)))
        resource = self.random.choice(self.resources)
        makers, weights = zip(*self._makers().items(), strict=True)
        (make,) = self.random.choices(makers, weights)
        return Wish(self._actor(resource), make(resource))

    def owner(self, resource: str) -> str:
        """Name who registers a resource, and most often has it."""
        return ACCOUNTS[sum(resource.encode()) % len(ACCOUNTS)]

    def _actor(self, resource: str) -> str:
        return self.owner(resource) if chance(self.random, 0.8) else self.random.choice(ACCOUNTS)

    def _makers(self) -> dict[Callable[[str], Command], int]:
        return {
            self.register: 25,
            self._rename: 20,
            self._change: 20,
            self._tag: 10,
            self._untag: 5,
            self._share: 6,
            self._unshare: 3,
            self._transfer: 2,
            self._trash: 2,
            self._restore: 5,
            self._revert: 4,
        }

    def register(self, resource: str) -> RegisterResource:
        kind = self.random.choice((NOTE, NOTE, INVOICE, "unheard-of" if chance(self.random, 0.1) else NOTE))
        return RegisterResource(
            resource_id=resource, kind=kind, name=self._name(), attributes=self._attributes(), tags=self._tags()
        )

    def _rename(self, resource: str) -> Command:
        return RenameResource(resource_id=resource, name=self._name())

    def _change(self, resource: str) -> Command:
        patch = self._attributes() | {self.random.choice(TAGS): self.random.choice((None, 1, {"deep": [1, "é"]}))}
        return ChangeResource(resource_id=resource, patch=patch)

    def _tag(self, resource: str) -> Command:
        return TagResource(resource_id=resource, tags=self._tags())

    def _untag(self, resource: str) -> Command:
        return UntagResource(resource_id=resource, tags=self._tags())

    def _share(self, resource: str) -> Command:
        role = self.random.choice(("viewer", "editor"))
        return ShareResource(resource_id=resource, account=self.random.choice(ACCOUNTS), role=role)

    def _unshare(self, resource: str) -> Command:
        return UnshareResource(resource_id=resource, account=self.random.choice(ACCOUNTS))

    def _transfer(self, resource: str) -> Command:
        return TransferResource(resource_id=resource, account=self.random.choice(ACCOUNTS))

    def _trash(self, resource: str) -> Command:
        return TrashResource(resource_id=resource)

    def _restore(self, resource: str) -> Command:
        return RestoreResource(resource_id=resource)

    def _revert(self, resource: str) -> Command:
        return RevertResource(resource_id=resource, to_version=self.random.randrange(1, 20))

    def _name(self) -> str:
        return self.random.choice(("Ünï", "a name", "'; --")) + str(self.random.randrange(30))

    def _tags(self) -> tuple[str, ...]:
        return tuple(self.random.sample(TAGS, self.random.randrange(4)))

    def _attributes(self) -> dict[str, Any]:
        attributes: dict[str, Any] = {"amount": self.random.randrange(5)}
        if chance(self.random, 0.02):
            attributes["text"] = "long " * self.random.randrange(8_000)
        return attributes
