"""A passage of what can be looked up, and what finds passages."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from agent.doors import Doors
from agent.knowledge.document import Source


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document, whose text stands in that of the document from `start` to `end`, counted in characters.

    `heading` is what stands above it. `likeness` is the cosine between it and what was asked, at most 1. `position` is
    that of the newest fact of a resource; None in the platform's own documents.
    """

    source: Source
    id: str
    title: str
    heading: str
    text: str
    start: int
    end: int
    likeness: float
    position: str | None = None


Search = Callable[[Doors, str], Awaitable[Sequence[Passage]]]
"""Gives the passages that fit a text and that the caller of the doors may read, the best first. Raises Problem."""
