"""What the agent is taught, and that it is taught once."""

from pathlib import Path

import pytest

from agent import teaching
from agent.actions.catalogue import commands
from agent.intents import INTENTS
from agent.understanding.classifier import Classifier


def test_there_are_sentences_for_all_that_can_be_asked_and_talked_about() -> None:
    intents = {example.intent for example in teaching.examples(commands())}
    wanted = {action.name for action in commands() if action.domain not in teaching.UNSAID} | set(INTENTS)
    assert intents == wanted


def test_what_was_taught_is_read_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    actions = [action for action in commands() if action.domain == "kind"]
    first = teaching.taught(actions, tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.suffix == ".npz"
    monkeypatch.setattr(Classifier, "learnt", None)
    again = teaching.taught(actions, tmp_path)
    text = "define a new kind"
    assert again.rank(text) == first.rank(text)
    kept.write_bytes(kept.read_bytes()[:100])
    with pytest.raises(TypeError, match="not callable"):
        teaching.taught(actions, tmp_path)
