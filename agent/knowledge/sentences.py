"""Where sentences begin and end, in prose, lists, tables and code."""

import re
from collections.abc import Iterator

from agent.knowledge.blocks import Block, Span, blocks, trimmed

# Nothing here is tried twice from one place: text of strangers must not make it slow.
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]*_`]*+(?=\s++[\"'“‘(\[*_`]*+[A-Z0-9À-ÖØ-Þ])")  # noqa: RUF001 - people quote so
_SHORT = re.compile(r"\b(?:(?i:e\.g|i\.e|cf|vs|etc|no|dr|mrs?|ms|prof|st|fig|approx|ca)|[A-Z])\.$")
"""What ends with a full stop and ends no sentence: common abbreviations, and initials."""

_LONGEST_SHORT = 10
_NEWLINE = re.compile(r"\n")


def sentences(text: str) -> Iterator[Span]:
    """Give the sentences of a text in their order; each line of code is one."""
    for block in blocks(text):
        yield from of_block(text, block)


def of_block(text: str, block: Block) -> Iterator[Span]:
    """Give the sentences of a block."""
    start = block.start
    for end in _ends(text, block):
        span = trimmed(text, start, end)
        if span.end > span.start:
            yield span
        start = end


def _ends(text: str, block: Block) -> Iterator[int]:
    if block.kind == "code":
        yield from (line.end() for line in _NEWLINE.finditer(text, block.start, block.end))
    elif block.kind == "text":
        for found in _END.finditer(text, block.start, block.end):
            if not _SHORT.search(text, max(block.start, found.end() - _LONGEST_SHORT), found.end()):
                yield found.end()
    yield block.end
