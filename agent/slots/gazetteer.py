"""The things that a person may see, by what people call them: by id, by name, and by what is nearly one of them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz, process

from agent.slots.filled import Span
from agent.slots.pieces import EMPTY
from agent.slots.thing import Thing

MOST_WORDS = 10
"""Longer names are not looked for word by word."""

NEARLY = 75.0
"""From this likeness of 100 on somebody may have meant a thing, and is asked."""

SURELY = 90.0
"""From this likeness on a thing is meant, if no other is as near; one that differs in a figure never is."""

PARTLY = 60.0
"""How alike what is left must be without the words that both have: `invoice come` is not nearly `invoice 7`."""

MARGIN = 8.0
"""How much less like what was said the next thing is."""

CHOICES = 5
"""So many things are a choice; more are a list, and the person is asked to say more."""

_WORD = re.compile(r"\w+")
_JOINED, _JOINS = re.compile(r"\w[-.:@]$"), re.compile(r"[-.:@]\w")
_FIGURE = re.compile(r"\d+")

Words = tuple[str, ...]


class Mention(NamedTuple):
    """A place in a text, and the things it may mean: those that are called just so."""

    things: tuple[Thing, ...]
    span: Span


class Likely(NamedTuple):
    """Things that a place in a text may mean, the likeliest first; `surely` if it is the only one."""

    things: tuple[Thing, ...]
    span: Span
    surely: bool


def folded(text: str) -> Words:
    """Give the words of a name as they are compared: neither case nor punctuation tells names apart."""
    return tuple(word.casefold() for word in _WORD.findall(text))


NOTHING = frozenset({(), *((word,) for word in EMPTY)})
"""What is no name, whatever is called so: something named `a` would be meant by every other sentence."""


class Gazetteer:
    """The things, in the order given, found by their words. Made once for a turn."""

    def __init__(self, things: Iterable[Thing] = ()) -> None:
        self.things = tuple(things)
        self._called: dict[Words, list[Thing]] = {}
        self._with: dict[str, list[Words]] = {}
        for thing in self.things:
            for words in {folded(thing.id), folded(thing.name)} - NOTHING:
                self._called.setdefault(words, []).append(thing)
        for words in self._called:
            for word in set(words):
                self._with.setdefault(word, []).append(words)
        self._longest = min(MOST_WORDS, max(map(len, self._called), default=0))
        self._texts = {words: " ".join(words) for words in self._called}

    def mentions(self, text: str) -> Iterator[Mention]:
        """Find the things whose id or whole name stands in a text; of overlapping names the longest counts."""
        places = [(found.group().casefold(), found.span()) for found in _WORD.finditer(text)]
        at = 0
        while at < len(places):
            mention = self._mention(text, places[at : at + self._longest])
            if mention is not None:
                yield mention
            at += 1 if mention is None else len(folded(text[slice(*mention.span)]))

    def likely(self, pieces: Sequence[tuple[str, Span]], domains: Iterable[str]) -> Likely | None:
        """Find what pieces of a text may mean that name nothing exactly, of these domains."""
        found: dict[tuple[str, str], tuple[float, Thing, Span]] = {}
        for piece, span in pieces:
            for words, score in self._alike(folded(piece)):
                for thing in self._called[words]:
                    before = found.get((thing.domain, thing.id))
                    if thing.domain in domains and (before is None or score > before[0]):
                        found[thing.domain, thing.id] = (score, thing, span)
        if not found:
            return None
        (best, thing, span), *others = sorted(found.values(), key=lambda each: -each[0])
        if best >= SURELY and (not others or best - others[0][0] >= MARGIN):
            return Likely((thing,), span, surely=True)
        return Likely((thing, *(other for _, other, _ in others[: CHOICES - 1])), span, surely=False)

    def _mention(self, text: str, places: list[tuple[str, Span]]) -> Mention | None:
        """Give what the words at the beginning name: the longest that is spelt just so, else the longest."""
        found = []
        for length in range(len(places), 0, -1):
            things = self._called.get(tuple(word for word, _ in places[:length]))
            start, end = places[0][1][0], places[length - 1][1][1]
            said = text[start:end]
            whole = _JOINED.search(text[max(0, start - 2) : start]) is None and _JOINS.match(text, end) is None
            if things is not None and whole and "\x00" not in said and "\x01" not in said:
                exact = [thing for thing in things if said in (thing.id, thing.name)]
                found.append((not exact, Mention(_once(exact or things), (start, end))))
        return min(found, key=lambda each: each[0])[1] if found else None

    def _alike(self, said: Words) -> Iterator[tuple[Words, float]]:
        """Give names that are nearly spelt so, and those of which these are some of the words."""
        text = " ".join(said)
        for _, score, words in process.extract(text, self._texts, scorer=fuzz.ratio, score_cutoff=NEARLY, limit=20):
            rest = [
                " ".join(word for word in one if word not in other) for one, other in ((said, words), (words, said))
            ]
            if rest[0] and fuzz.ratio(*rest) < PARTLY:
                continue
            differ = bool(_FIGURE.findall(text)) and _FIGURE.findall(text) != _FIGURE.findall(" ".join(words))
            yield words, min(score, SURELY - 1) if differ else score
        for words in min((self._with.get(word, []) for word in said), key=len, default=[]):
            if set(said) <= set(words):
                yield words, SURELY


def _once(things: Iterable[Thing]) -> tuple[Thing, ...]:
    """Leave out what is the same thing by another name."""
    return tuple({(thing.domain, thing.id): thing for thing in things}.values())
