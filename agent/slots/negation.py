"""Whether a text says that something shall not be done."""

import re

from agent.actions.english import DESTROYING, VERBS

_ORDERS = {ask.split()[0] for verb in VERBS.values() for ask in verb.asks} | {
    simile.split()[0] for verb in VERBS.values() for simile in verb.similes
}
_NO_ORDERS = {"who", "what", "which", "everything", "my", "all", "when", "new", "difference", "audit", "log", "data"}
_ORDER = "|".join(sorted({*_ORDERS, *DESTROYING, "do", "touch", "want"} - _NO_ORDERS, key=len, reverse=True))
_BETWEEN = r"(?:please|ever|yet|just|really|actually|want|like|wish|me|you|us|it|to|now)"
_NEGATED = re.compile(
    rf"\b(?:do\s+not|don['’]?t|never|not\s+to|rather\s+not|not\s+going\s+to|no\s+need\s+to|stop)"  # noqa: RUF001
    rf"\s+(?:{_BETWEEN}\s+){{0,4}}(?:{_ORDER})\b"
    r"|\b(?:would|['’]d)\s+rather\s+you\s+(?:didn['’]?t|did\s+not)\b"  # noqa: RUF001 - people type it
    r"|\bplease\s+(?:not|don['’]?t)\b",  # noqa: RUF001 - likewise
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\bwhy\s+(?:don['’]?t|do\s+not)\s+(?:you|we)\b|\b(?:don['’]?t|do\s+not|never)\s+(?:forget|hesitate)\s+to\b",  # noqa: RUF001 - likewise
    re.IGNORECASE,
)


def negated(text: str) -> bool:
    """Say whether somebody forbids what they name, as in `do not delete it`; `why don't you delete it` asks for it."""
    return _NEGATED.search(_ASKED.sub("", text)) is not None
