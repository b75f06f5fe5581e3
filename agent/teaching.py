"""What the agent knows to understand: a classifier taught with sentences for all that it can do and talk about."""

from collections.abc import Iterable, Sequence

from agent.actions.action import Action
from agent.actions.phrases import phrases
from agent.hearing import Ranks
from agent.intents import INTENTS

UNSAID = frozenset({"conversation"})
"""Domains whose actions nobody asks for by name: a conversation is had, not talked about."""


def examples(actions: Iterable[Action]) -> list[tuple[str, str]]:
    """Give sentences, each with the intent that it shows."""
    asked = [(phrase, action.name) for action in actions if action.domain not in UNSAID for phrase in phrases(action)]
    return [*asked, *((phrase, intent) for intent, said in INTENTS.items() for phrase in said)]


def taught(actions: Sequence[Action]) -> Ranks:
    """Teach a classifier; it takes a second or two."""
    from sklearn.linear_model import LogisticRegression

    from agent.understanding.embedding import MODEL, embed

    said = examples(actions)
    model = LogisticRegression(C=20, max_iter=300).fit(embed([t for t, _ in said]), [i for _, i in said])

    class R:
        def __init__(self, scores):
            self.scores = scores
            self.in_scope = scores[0][1] > 0.15
            self.model = MODEL

    class K:
        def rank(self, text):
            p = model.predict_proba(embed([text]))[0]
            return R(sorted(zip(model.classes_.tolist(), map(float, p)), key=lambda e: -e[1]))

    return K()
