"""Picks from passages the sentences that answer a question: by sense and by the words they share, and as they stand."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.knowledge.blocks import Span, blocks
from agent.knowledge.passage import Passage
from agent.knowledge.sentences import of_block
from agent.understanding.embedding import embed

MOST_PASSAGES = 5
MOST_SENTENCES = 3
LONGEST = 600
"""Characters of a sentence that is quoted; longer ones are tables and lists that nobody would read out."""

FEWEST_WORDS = 3

SURELY = 0.33
"""From this score on a sentence answers: between what questions reach that have an answer in docs/, and others."""

NEAR = 0.9
"""What is quoted beside the best sentence has this part of its score at the least."""

_WEIGHTS = (0.5, 0.2, 0.3)
"""What counts of a sentence: its own likeness, that of its passage, and the part of the question's words it has."""

_WORD = re.compile(r"[^\W_]{2,}")
_EMPTY = frozenset(
    _WORD.findall(
        "about after all also an and any are as at be before but by can could did do does for from had has have how if"
        " in into is it its me my no not of on or our shall should so some than that the their them then there these"
        " they this to us was we were what when where which who why will with would you your"
    )
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage, from where to where it stands in the document, and how well it answers, at most 1."""

    passage: Passage
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        first = self.passage.start
        return self.passage.text[self.start - first : self.end - first]


def best(question: str, passages: Sequence[Passage]) -> list[Sentence]:
    """Give one to three sentences that answer, those of one passage in their order; none if none does."""
    found = ranked(question, passages)
    if not found or found[0].score < SURELY:
        return []
    kept = [each for each in found if each.score >= NEAR * found[0].score][:MOST_SENTENCES]
    places = [each.passage for each in kept]
    return sorted(kept, key=lambda each: (places.index(each.passage), each.start))


def ranked(question: str, passages: Sequence[Passage]) -> list[Sentence]:
    """Give the sentences of the first passages, the best answer first."""
    found = [(each, span) for each in passages[:MOST_PASSAGES] for span in _quotable(each.text)]
    if not found:
        return []
    vectors = embed([question, *(_below_its_heading(*place) for place in found)])
    likenesses = (vectors[1:] @ vectors[0]).tolist()
    asked = words(question)
    told = [_sentence(*place, likeness, asked) for place, likeness in zip(found, likenesses, strict=True)]
    return sorted(told, key=lambda sentence: sentence.score, reverse=True)


def words(text: str) -> frozenset[str]:
    """Give the words that say something, without the s of their plurals."""
    said = {word.casefold() for word in _WORD.findall(text)}
    return frozenset(word.removesuffix("s") for word in said - _EMPTY)


def _quotable(text: str) -> Iterator[Span]:
    """Give the sentences of prose, lists and tables: a heading answers nothing, and a line of code not by itself."""
    for block in blocks(text):
        for span in of_block(text, block) if block.kind == "text" else ():
            said = text[span.start : span.end]
            if len(said) <= LONGEST and len(_WORD.findall(said)) >= FEWEST_WORDS:
                yield span


def _below_its_heading(passage: Passage, span: Span) -> str:
    """Give a sentence with what it is about, which it may not say itself."""
    return ": ".join(filter(None, (passage.heading, passage.text[span.start : span.end])))


def _sentence(passage: Passage, span: Span, likeness: float, asked: frozenset[str]) -> Sentence:
    said = passage.text[span.start : span.end]
    shared = len(asked & words(said)) / len(asked) if asked else 0.0
    parts = (likeness, passage.likeness, shared)
    score = sum(weight * part for weight, part in zip(_WEIGHTS, parts, strict=True))
    return Sentence(passage, passage.start + span.start, passage.start + span.end, score)
