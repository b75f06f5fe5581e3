"""Rules are tested in sentences: given what has happened, when something is asked, then this happens.

`then` and `quiet` ask a second time, and want nothing new.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from commands.decider import Asking, Decider, Refused, step
from schemas.domains import DOMAINS
from schemas.message import Actor, Command, Domain, Fact, JsonObject
from streams import deciders

DECIDERS: dict[str, Decider[Any]] = {deciding.domain.name: deciding.decider for deciding in deciders.DECIDERS}

Kinds = Mapping[tuple[str, int], JsonObject]


def given(*facts: Fact, kinds: Kinds | None = None) -> "Given":
    return Given(facts, kinds or {})


@dataclass(frozen=True)
class Given:
    facts: tuple[Fact, ...]
    kinds: Kinds

    def when(self, command: Command, by: str = "alice", at: int = 0, behalf: str | None = None) -> "When":
        """Ask a command as this account, or on behalf of another, so many milliseconds after 1970 began."""
        domain = next(domain for domain in DOMAINS if type(command) in domain.commands)
        decider = DECIDERS[domain.name]
        state = decider.initial
        for fact in self.facts:
            state = decider.evolve(state, fact)
        return When(domain, decider, state, command, Asking(Actor(id=by, on_behalf_of=behalf), at, self.kinds))


@dataclass(frozen=True)
class When:
    domain: Domain
    decider: Decider[Any]
    state: Any
    command: Command
    asking: Asking

    def then(self, *facts: Fact) -> None:
        state, decided = self.decided()
        assert decided == list(facts)
        _, again = step(self.decider, state, self.command, self.asking)
        assert again == []

    def quiet(self) -> None:
        self.then()

    def decided(self) -> tuple[Any, list[Fact]]:
        return step(self.decider, self.state, self.command, self.asking)

    def refused(self, code: str, saying: str = "") -> None:
        with pytest.raises(Refused) as told:
            self.decider.decide(self.state, self.command, self.asking)
        assert told.value.code == code
        assert code in self.domain.refusals
        assert saying in told.value.reason
        assert told.value.reason.endswith(".")
