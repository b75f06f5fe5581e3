"""What came of looking for an action's parameters in a text."""

from dataclasses import dataclass, field
from typing import Any

from agent.slots.thing import Thing

Span = tuple[int, int]
"""Where in a text something stands: from a character up to, without, another."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a text says of an action's parameters.

    `values` satisfy the schemas of their parameters. `missing` are the required ones of which nothing was said, in
    their order. `ambiguous` gives the things that may be meant, or the values; `invalid` a sentence on what was said
    and will not do. `spans` says where in the text each was found, `leftovers` the words in which nothing was.
    """

    values: dict[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    ambiguous: dict[str, tuple[Thing | str, ...]] = field(default_factory=dict)
    invalid: dict[str, str] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    leftovers: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Say whether the action can be done with these values."""
        return not (self.missing or self.ambiguous or self.invalid)
