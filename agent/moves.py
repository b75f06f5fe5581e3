"""What a message can be: the closed set of moves that understanding gives, whoever does it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.conversation import Ranked, Tier, Used


class Begin(NamedTuple):
    """Do this action; `values` are those parameters of it that the message names."""

    action: str
    values: Mapping[str, Any]


class Fill(NamedTuple):
    """Go on with what is being done, with these values more."""

    values: Mapping[str, Any]


class Correct(NamedTuple):
    """Take these values instead of those that were named before."""

    values: Mapping[str, Any]


class Agree(NamedTuple):
    """Yes, or no, to what was proposed."""

    approved: bool


class Cancel(NamedTuple):
    """Give up what is being done."""


class Forbidden(NamedTuple):
    """Do something that the person may not."""

    action: str


class Talk(NamedTuple):
    """Anything that is no request: small talk, memory, history, documents; by its intent."""

    intent: str


class Unclear(NamedTuple):
    """Not understood; perhaps one of these actions is meant."""

    choices: tuple[str, ...]


Move = Begin | Fill | Correct | Agree | Cancel | Forbidden | Talk | Unclear


class Heard(NamedTuple):
    """A message understood: the move, how well each intent fits, and who understood it.

    `before` has the values that a correction replaces. `text` is an answer that a model has for talk; `used` is what it
    read, and `read` how many tokens that were.
    """

    move: Move
    intent: str
    ranking: tuple[Ranked, ...]
    tier: Tier
    model: str
    before: Mapping[str, Any] = {}
    text: str = ""
    used: tuple[Used, ...] = ()
    read: int = 0

    @property
    def values(self) -> Mapping[str, Any]:
        """The values that the message names."""
        return self.move.values if isinstance(self.move, Begin | Fill | Correct) else {}
