"""What the agent knows to understand: a classifier taught with sentences for all that it can do and talk about."""

from collections.abc import Iterable, Sequence

from agent.actions.action import Action
from agent.actions.phrases import phrases
from agent.intents import INTENTS


def examples(actions: Iterable[Action]) -> list[tuple[str, str]]:
    """Give sentences, each with the intent that it shows."""
    asked = [(phrase, action.name) for action in actions for phrase in phrases(action)]
    return [*asked, *((phrase, intent) for intent, said in INTENTS.items() for phrase in said)]


def taught(actions: Sequence[Action]) -> object:
    """Teach a classifier; it takes a second or two."""
    raise NotImplementedError
