"""Cuts a text into chunks that are looked up by themselves: along its headings, then paragraphs, then sentences."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.knowledge.blocks import Block, Span, blocks
from agent.knowledge.sentences import of_block

LEAST, MOST = 120, 200
"""Words of a chunk: at the first end of a paragraph from LEAST on it ends, and never has more than MOST.

A sentence encoder of 256 word pieces reads about 200 English words; research of retrieval finds shorter ones too poor.
"""

LONGEST = 2_000
"""Characters of a chunk: what has no blanks is cut, too."""

_WORD = re.compile(r"\S+")


class Chunk(NamedTuple):
    """A chunk is `text[start:end]`, with no blank around it; `heading` is the nearest one above it."""

    start: int
    end: int
    heading: str


class _Unit(NamedTuple):
    """What is best not cut; `closes` says whether a paragraph ends with it."""

    start: int
    end: int
    words: int
    closes: bool


def chunks(text: str) -> list[Chunk]:
    """Give the chunks of a text in their order: whatever is not blank is in one of them, and in one alone."""
    return [Chunk(*span, heading) for heading, section in _sections(text) for span in _packed(_units(text, section))]


def _sections(text: str) -> Iterator[tuple[str, list[Block]]]:
    """Give what stands below each heading, with it; headings that follow on one another stay together."""
    heading, section, headed = "", list[Block](), True
    for block in blocks(text):
        if block.kind == "heading":
            if not headed:
                yield heading, section
                section = []
            heading = text[block.start : block.end].lstrip("# ")
        headed = block.kind == "heading"
        section.append(block)
    if section:
        yield heading, section


def _units(text: str, section: Iterable[Block]) -> Iterator[_Unit]:
    for block in section:
        whole = _unit(text, Span(block.start, block.end), closes=block.kind != "heading")
        if block.kind != "text" and _fits(whole):
            yield whole
            continue
        pieces = [piece for sentence in of_block(text, block) for piece in _pieces(text, sentence)]
        for n, piece in enumerate(pieces, 1):
            yield _unit(text, piece, closes=whole.closes and n == len(pieces))


def _unit(text: str, span: Span, *, closes: bool) -> _Unit:
    return _Unit(*span, sum(1 for _ in _WORD.finditer(text, *span)), closes)


def _fits(unit: _Unit) -> bool:
    return unit.words <= MOST and unit.end - unit.start <= LONGEST


def _pieces(text: str, sentence: Span) -> Iterator[Span]:
    """Cut what is too long for a chunk between its words, and words that are."""
    words = [
        Span(begin, min(begin + LONGEST, word.end()))
        for word in _WORD.finditer(text, *sentence)
        for begin in range(word.start(), word.end(), LONGEST)
    ]
    first = 0
    for n, word in enumerate(words):
        if n - first == MOST or word.end - words[first].start > LONGEST:
            yield Span(words[first].start, words[n - 1].end)
            first = n
    if words:
        yield Span(words[first].start, words[-1].end)


def _packed(units: Iterable[_Unit]) -> Iterator[Span]:
    start = end = words = 0
    for unit in units:
        if words and (words + unit.words > MOST or unit.end - start > LONGEST):
            yield Span(start, end)
            words = 0
        start, end, words = start if words else unit.start, unit.end, words + unit.words
        if words >= LEAST and unit.closes:
            yield Span(start, end)
            words = 0
    if words:
        yield Span(start, end)
