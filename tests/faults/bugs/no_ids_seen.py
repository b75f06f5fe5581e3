"""Ids are not remembered: a command that is repeated is decided again."""

from streams.ledger import Ledger
from streams.store import Answer


def answer(_: Ledger, __: str) -> Answer | None:
    return None


PATCHES = ((Ledger, "answer", answer),)
