"""How people speak of things without naming them: I, it, her, that invoice, the other one, the second."""

import re
from collections.abc import Iterable, Iterator

from agent.slots.filled import Span
from agent.slots.numbers import ORDINALS
from agent.slots.said import Said

_ME = re.compile(
    r"\b(?:me|myself)\b(?!\s+(?:the|a|an|my|all|who|what|which|how|about|everything|out)\b)", re.IGNORECASE
)
_MY_ACCOUNT = re.compile(
    r"\bmy\s+(?:own\s+)?(?:account|user|data|profile|personal data|devices|sessions)\b"
    r"|\b(?:sign|log)\s+me\s+out\b|\bsessions?\s+I\s+have\b"
    r"|\b(?:forget|erase)\s+(?:(?:all|everything)\s+)?(?:about\s+)?me\b|\bI\s+want\s+to\s+be\s+forgotten\b",
    re.IGNORECASE,
)
_MINE = re.compile(r"\bmy\s+(?:own\s+)?(?:\x00+|\w+s\b)|\bI own\b|\bmine\b", re.IGNORECASE)
_PERSON = re.compile(r"\b(?:him|her|them|they|he|she)\b", re.IGNORECASE)
_IT = re.compile(
    r"\b(?:it|its|this one|that one|the same(?: one)?)\b|(?<!\blike )\b(?:this|that)(?=\s*(?:$|[,.;!?\x00]))",
    re.IGNORECASE,
)
_OTHER = re.compile(r"\b(?:the )?other(?: one)?\b", re.IGNORECASE)
_PLACE = re.compile(
    rf"\b(?:the\s+)?({'|'.join(ORDINALS)}|last)(?:\s+one)?\b(?!\s+version)|\bnumber\s+(\d{{1,2}})\b|^\W*(\d{{1,2}})\W*$",
    re.IGNORECASE,
)

# What narrows a noun down: whose, which number, or a name, which begins with a capital letter or is quoted.
_MORE = (
    r"\s*(?:[-#]?\d|\x01|\s(?:(?:of|called|named|by|about|that|which)\b|(?:for|from|with)\b(?!\s+\x00))|\s(?-i:[A-Z]))"
)


def myself(said: Said, parameter: str) -> Span | None:
    """Find where the person speaks of their own account, as one that is asked for or as the owner of things."""
    patterns = (_MINE,) if parameter == "owner" else (_MY_ACCOUNT, _ME) if parameter == "account" else (_MY_ACCOUNT,)
    found = next(filter(None, map(said.search, patterns)), None)
    return found.span() if found else None


def pronoun(said: Said, domain: str) -> Span | None:
    """Find a word that stands for a thing, or for a person."""
    found = said.search(_PERSON if domain == "account" else _IT)
    return found.span() if found else None


def other(said: Said) -> Span | None:
    """Find that another one is meant."""
    found = said.search(_OTHER)
    return found.span() if found else None


def place(said: Said, count: int) -> tuple[int, Span] | None:
    """Find which of so many things is chosen, counted from 0."""
    found = said.search(_PLACE)
    if found is None:
        return None
    word = (found[1] or "").lower()
    at = count if word == "last" else ORDINALS[word] if word else int(found[2] or found[3])
    return (at - 1, found.span()) if 1 <= at <= count else None


def described(said: Said, nouns: Iterable[str]) -> Iterator[tuple[str, Span]]:
    """Find where a thing is spoken of as what it is and no more: this report, the invoice, but not the one of Ada."""
    names = "|".join(re.escape(noun) for noun in sorted(nouns, key=len, reverse=True) if noun)
    pattern = re.compile(rf"\b(?:this|that|the|my|the same)\s+({names})\b(?!{_MORE})", re.IGNORECASE)
    for found in pattern.finditer(said.open) if names else ():
        yield found[1].lower(), found.span()
