"""What stands apart in plain text and Markdown: headings, fenced code, paragraphs, items of lists, rows of tables."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r"```+|~~~+")
_HEADING = re.compile(r"#{1,6}[ \t]+\S")
_ITEM = re.compile(r"[|>]|[-*+][ \t]|\d{1,3}[.)][ \t]")
"""What begins with one of these is no part of the paragraph before it (CommonMark 0.31 §5, and tables)."""


class Span(NamedTuple):
    """From where to where a text goes, counted in characters."""

    start: int
    end: int


class Block(NamedTuple):
    """What stands apart, with no blank around it."""

    start: int
    end: int
    kind: Literal["heading", "code", "text"]


def blocks(text: str) -> Iterator[Block]:
    """Give the blocks of a text in their order; whatever is not blank is in one of them."""
    start, fence = 0, ""
    for line in _LINE.finditer(text):
        said = line.group().strip()
        if fence:
            if said.startswith(fence):
                yield from _block(text, start, line.end(), "code")
                start, fence = line.end(), ""
            continue
        opened = _FENCE.match(said)
        if opened or not said or _HEADING.match(said) or _ITEM.match(said):
            yield from _block(text, start, line.start(), "text")
            start = line.start()
        if opened:
            fence = opened.group()
        elif _HEADING.match(said):
            yield from _block(text, start, line.end(), "heading")
            start = line.end()
    yield from _block(text, start, len(text), "code" if fence else "text")


def trimmed(text: str, start: int, end: int) -> Span:
    """Leave out what is blank at both ends."""
    said = text[start:end]
    kept = said.strip()
    begin = start + len(said) - len(said.lstrip())
    return Span(begin, begin + len(kept))


def _block(text: str, start: int, end: int, kind: Literal["heading", "code", "text"]) -> Iterator[Block]:
    span = trimmed(text, start, end)
    if span.end > span.start:
        yield Block(*span, kind)
