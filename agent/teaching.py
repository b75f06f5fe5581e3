"""What the agent knows to understand: a classifier taught with sentences for all that it can do and talk about."""

from collections.abc import Iterable

from threadpoolctl import threadpool_limits

from agent.actions.action import Action
from agent.actions.phrases import phrases
from agent.intents import INTENTS
from agent.understanding.classifier import Classifier, Example

UNSAID = frozenset({"conversation"})
"""Domains whose actions nobody asks for by name: a conversation is had, not talked about."""


def examples(actions: Iterable[Action]) -> list[Example]:
    """Give sentences, each with the intent that it shows."""
    said = [action for action in actions if action.domain not in UNSAID]
    asked = [Example(phrase, action.name) for action in said for phrase in phrases(action)]
    return [*asked, *(Example(phrase, intent) for intent, said in INTENTS.items() for phrase in said)]


def taught(actions: Iterable[Action]) -> Classifier:
    """Teach a classifier; it takes some seconds."""
    # Threads that wait for one another by spinning take ten times the processor's time where it has other work.
    with threadpool_limits(limits=1):
        return Classifier.learnt(examples(actions))
