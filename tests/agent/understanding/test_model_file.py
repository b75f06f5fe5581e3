"""A model in a file understands as it did before, and a file that has none says so."""

from pathlib import Path

import pytest

from agent.understanding import model_file
from agent.understanding.classifier import Classifier, Example
from agent.understanding.model_file import ModelUnusable, load, save

EXAMPLES = [
    Example("rename it", "resource.rename"),
    Example("give it another name", "resource.rename"),
    Example("share it with Bob", "resource.share"),
    Example("let Ann see this", "resource.share"),
]


def test_a_model_from_a_file_understands_the_same(tmp_path: Path) -> None:
    classifier = Classifier.learnt(EXAMPLES)
    save(classifier, tmp_path / "model")
    assert load(tmp_path / "model").rank("show it to Carol") == classifier.rank("show it to Carol")


def test_the_same_model_makes_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save(Classifier.learnt(EXAMPLES), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model").write_bytes(content)
    with pytest.raises(ModelUnusable, match="learn one"):
        load(tmp_path / "model")


@pytest.mark.parametrize("made_for", ["RECIPE", "MODEL"])
def test_a_model_of_another_recipe_or_transformer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_for: str
) -> None:
    save(Classifier.learnt(EXAMPLES), tmp_path / "model")
    monkeypatch.setattr(model_file, made_for, "another/0")
    with pytest.raises(ModelUnusable, match="learn one"):
        load(tmp_path / "model")
