"""Claims: words that say something was done. Only the outcome of a command says that, never a model."""

import re

from schemas.domains import DOMAINS

_DONE = "added|booked|cancelled|completed|deleted|did|done|executed|finished|made|moved|ordered|paid|removed|saved|sent"

_TOLD = frozenset({"answered", "asked", "back", "called", "given", "opened", "received", "replied", "set", "used"})
"""What facts say that is said in talk, too."""


def _pasts() -> frozenset[str]:
    """Give the words that end the names of facts: what can be done here was `renamed` or `trashed`."""
    return frozenset(fact.type.rpartition(".")[2].rpartition("_")[2] for domain in DOMAINS for fact in domain.facts)


_CLAIM = re.compile(rf"\b(?:{_DONE}|{'|'.join(sorted(_pasts() - _TOLD))})\b", re.IGNORECASE)


def claims(text: str) -> str | None:
    """Give the first word of a text that says something was done."""
    found = _CLAIM.search(text)
    return found[0] if found is not None else None
