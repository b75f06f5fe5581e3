"""What the agent knows to understand: a classifier taught with sentences for all that it can do and talk about."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from agent.actions.action import Action
from agent.actions.phrases import phrases
from agent.intents import INTENTS
from agent.understanding.classifier import RECIPE, Classifier, Example
from agent.understanding.embedding import MODEL
from agent.understanding.model_file import ModelUnusable, load, save

UNSAID = frozenset({"conversation"})
"""Domains whose actions nobody asks for by name: a conversation is had, not talked about."""


def examples(actions: Iterable[Action]) -> list[Example]:
    """Give sentences, each with the intent that it shows."""
    said = [action for action in actions if action.domain not in UNSAID]
    asked = [Example(phrase, action.name) for action in said for phrase in phrases(action)]
    return [*asked, *(Example(phrase, intent) for intent, said in INTENTS.items() for phrase in said)]


def taught(actions: Iterable[Action], directory: Path) -> Classifier:
    """Give a classifier that was taught with sentences for these actions, from a directory if it was before.

    Teaching takes some seconds.
    """
    said = examples(actions)
    path = directory / f"{_digest(said)}.npz"
    try:
        return load(path)
    except ModelUnusable:
        # Threads that wait for one another by spinning take ten times the processor's time where it has other work.
        with threadpool_limits(limits=1):
            classifier = Classifier.learnt(said)
    _keep(classifier, path)
    return classifier


def _keep(classifier: Classifier, path: Path) -> None:
    """Write it so that whoever reads at the same time reads all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writing = path.with_suffix(f".{os.getpid()}")
    save(classifier, writing)
    writing.replace(path)


def _digest(said: Sequence[Example]) -> str:
    return hashlib.sha256(json.dumps([RECIPE, MODEL, *said]).encode()).hexdigest()[:16]
