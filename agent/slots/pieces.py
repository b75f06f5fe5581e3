"""Runs of words in a text that may name something: without the words that every sentence has."""

import re
from collections.abc import Set as AbstractSet

from agent.actions.english import NOUNS, VERBS
from agent.slots.filled import Span
from agent.slots.said import QUOTED, TAKEN, Said

LONGEST = 4
"""So many words are one piece."""

MOST = 24
"""So many pieces are compared: what people call things stands near the beginning."""

_WORD = re.compile(r"[\w@.:'-]+")
_WORDS = (
    "a an the this that these those it its my your our his her their me i you we he she they him them us "
    "and or but of to in on at by for from with off into as is are was were be been do does did done has "
    "have had can could may might will would shall should must not no yes please now then there here what "
    "which who whom whose when where how why all any some every more new old one ones other same last "
    "first next called named let's i'd want need like go ahead ever anymore longer access about see seen "
    "look something anything "
)
EMPTY = frozenset(_WORDS.split())
"""Words that name nothing."""
_ORDERS = frozenset(ask.split()[0].casefold() for verb in VERBS.values() for ask in verb.asks)
_NOUNS = frozenset(word for nouns in NOUNS.values() for noun in nouns for word in noun.split())


def pieces(said: Said, labels: AbstractSet[str], kinds: AbstractSet[str]) -> list[tuple[str, Span]]:
    """Give what may name something, what is quoted first, then the longest. A mere noun names nothing."""
    quoted = [(text, (start, start + len(text) + 2)) for start, text in said.quotations.items()]
    words = list(_WORD.finditer(said.open))
    runs: list[tuple[str, Span]] = []
    for at, first in enumerate(words):
        if len(runs) > LONGEST * MOST:
            break
        for last in words[at : at + LONGEST]:
            run = said.open[first.start() : last.end()]
            if last.group().casefold() in EMPTY | _ORDERS | labels or TAKEN in run or QUOTED in run:
                break
            if not {word.casefold() for word in run.split()} <= _NOUNS | kinds:
                runs.append((run, (first.start(), last.end())))
    return [*quoted, *sorted(runs, key=lambda run: -len(run[0]))][:MOST]
