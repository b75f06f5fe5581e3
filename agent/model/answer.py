"""What comes of asking a model: an answer, or a word for why there is none."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from agent.model.prompt import Line

MOST_OUT = 800
"""Tokens that a model may write: a move and a summary take fewer."""


class Answer(NamedTuple):
    """What a model wrote, and how many tokens it says that it read and wrote; 0 where it does not say."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0


class Failed(Exception):  # noqa: N818 - it says what became of the call
    """A model gave no answer; the message is one word: timeout, unreachable, too_large, unreadable, or status_<n>."""


class Model(Protocol):
    """A model that can be asked."""

    @property
    def name(self) -> str: ...

    async def ask(self, lines: Sequence[Line], seconds: float) -> Answer:
        """Give the answer to lines, the last of which are the user's. Raises Failed."""
        ...

    async def close(self) -> None: ...
