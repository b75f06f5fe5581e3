"""A text while its parts are given to parameters: what is quoted is one piece, and what is taken is not read again.

Both are blanked where expressions look, character by character, so that places stay what they are: a quotation can
name no other parameter, and no word counts twice.
"""

import re
from re import Match, Pattern
from typing import Any, NamedTuple

from agent.slots.filled import Span

LONGEST = 2000
"""So many characters are read. Who has more to say sends it to the door, or in a file."""

TAKEN = "\x00"
QUOTED = "\x01"

_QUOTATION = re.compile(
    r'"([^"]*)"|“([^”]*)”|«([^»]*)»|`([^`]*)`|‘([^’]*)’|(?<!\w)\'([^\']*)\'(?!\w)',  # noqa: RUF001 - people type them
)
_REST = re.compile(r"[^\x00\x01]+")
_EDGES = " \t\r\n,.;:!?"


class Found(NamedTuple):
    """A value, and where it stands."""

    value: Any
    span: Span


Several = tuple[str, ...]
"""What may be a value, as it was said, when it is not clear which."""


class Said:
    """The text, and what of it is left."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.open = re.sub(r"[\x00-\x1f\x7f]", " ", text[:LONGEST])
        self.quotations: dict[int, str] = {}
        self.spans: dict[str, Span] = {}
        for found in _QUOTATION.finditer(self.open):
            self.quotations[found.start()] = text[found.start() + 1 : found.end() - 1]
            self._blank(found.span(), QUOTED)

    def take(self, parameter: str, span: Span) -> None:
        """Give a part of the text to a parameter; where it has one, that grows."""
        before = self.spans.get(parameter, span)
        self.spans[parameter] = (min(before[0], span[0]), max(before[1], span[1]))
        self._blank(span, TAKEN)

    def search(self, pattern: Pattern[str]) -> Match[str] | None:
        return pattern.search(self.open)

    def piece(self, span: Span) -> Found:
        """Give what stands there: a quotation without its marks, or words without what surrounds them."""
        start, end = trimmed(self.open, span)
        if start in self.quotations and self.open[start:end] == QUOTED * (len(self.quotations[start]) + 2):
            return Found(self.quotations[start], (start, end))
        return Found(self.text[start:end], (start, end))

    def leftovers(self) -> tuple[str, ...]:
        """Give the pieces of text that no parameter took."""
        pieces = [found.group().strip(_EDGES) for found in _REST.finditer(self.open)]
        unused = [text for start, text in self.quotations.items() if self.open[start] == QUOTED]
        return tuple(piece for piece in (*pieces, *unused, self.text[LONGEST:]) if piece)

    def _blank(self, span: Span, mark: str) -> None:
        start, end = span
        self.open = f"{self.open[:start]}{mark * (end - start)}{self.open[end:]}"


def trimmed(text: str, span: Span) -> Span:
    """Leave out blanks and punctuation at both ends."""
    start, end = span
    while start < end and text[start] in _EDGES:
        start += 1
    while start < end and text[end - 1] in _EDGES:
        end -= 1
    return start, end
