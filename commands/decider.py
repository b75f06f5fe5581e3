"""What a domain's rules are made of: a state, `decide` and `evolve`, all of them pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from schemas.message import Actor, Command, Fact, JsonObject

State = TypeVar("State")


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A command that may not be done: a stable code of the domain's, and one sentence that says what to do."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Asking(NamedTuple):
    """What rules may know beside state and command: who asks, when (milliseconds since 1970 UTC), and the kinds.

    `kinds` maps (kind, version) to its JSON Schema; definitions never change, so a look-up is as pure as arithmetic.
    """

    actor: Actor
    time: int = 0
    kinds: Mapping[tuple[str, int], JsonObject] = MappingProxyType({})

    def by(self, account: str) -> bool:
        """Say whether an account asks, or somebody on its behalf, whom a door lets do that."""
        return account in (self.actor.id, self.actor.on_behalf_of)


@dataclass(frozen=True, slots=True)
class Decider(Generic[State]):
    """A domain's rules.

    `decide(state, command, asking)` gives the facts of a command, none when it is so already, or raises Refused.
    `evolve(state, fact)` gives the state after a fact. The subject's version is the number of its facts.
    """

    initial: State
    decide: Callable[[State, Any, Asking], Sequence[Fact]]
    evolve: Callable[[State, Any], State]


def step(decider: Decider[State], state: State, command: Command, asking: Asking) -> tuple[State, list[Fact]]:
    """Decide a command and evolve by what it left. Raises Refused."""
    facts = list(decider.decide(state, command, asking))
    for fact in facts:
        state = decider.evolve(state, fact)
    return state, facts
