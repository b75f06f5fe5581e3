"""Understanding: what is likely is first, what is none of ours is told, and the same examples make the same model."""

import pytest

from agent.understanding.classifier import Classifier, Example

SAID = {
    "resource.rename": [
        "rename it",
        "call this something else",
        "give it another name",
        "change the title of invoice 7",
    ],
    "resource.share": ["share it with Bob", "let Ann see this", "give Bob access", "make Ann an editor of it"],
    "resource.trash": ["throw it away", "delete this", "move invoice 7 to the trash", "get rid of it"],
    "history.who": ["who changed this", "who was it that renamed it", "by whom was this edited", "who did that"],
}
EXAMPLES = [Example(text, intent) for intent, texts in SAID.items() for text in texts]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.learnt(EXAMPLES)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("please give invoice 7 a new name", "resource.rename"),
        ("Could you grant Carol access to it?", "resource.share"),
        ("bin it", "resource.trash"),
        ("which person edited this document?", "history.who"),
    ],
)
def test_what_was_never_said_so_is_understood(classifier: Classifier, text: str, intent: str) -> None:
    assert classifier.rank(text).best.intent == intent


def test_a_ranking_has_every_intent_and_its_scores_add_up_to_one(classifier: Classifier) -> None:
    ranking = classifier.rank("share the report with Carol")
    assert {scored.intent for scored in ranking.intents} == SAID.keys()
    assert sum(scored.score for scored in ranking.intents) == pytest.approx(1)
    scores = [scored.score for scored in ranking.intents]
    assert scores == sorted(scores, reverse=True)


def test_what_is_none_of_ours_is_out_of_scope(classifier: Classifier) -> None:
    assert not classifier.rank("what is the boiling point of tungsten").in_scope
    assert classifier.rank("share it with Carol").in_scope


def test_many_are_understood_as_one_by_one(classifier: Classifier) -> None:
    texts = ["rename it, please", "who changed it", "sunshine"]
    for together, alone in zip(classifier.rank_all(texts), map(classifier.rank, texts), strict=True):
        assert together.in_scope == alone.in_scope
        assert together.best.score == pytest.approx(alone.best.score, abs=1e-4)
    assert classifier.rank_all([]) == []


def test_the_same_examples_make_the_same_model(classifier: Classifier) -> None:
    again = Classifier.learnt(EXAMPLES)
    assert again.rank("throw this out") == classifier.rank("throw this out")


def test_a_model_is_named_by_all_that_it_learnt_from(classifier: Classifier) -> None:
    validation = [Example("rename the report", "resource.rename"), Example("who deleted it", "history.who")]
    names = {
        classifier.model,
        Classifier.learnt(EXAMPLES[1:]).model,
        Classifier.learnt(EXAMPLES, validation=validation).model,
    }
    assert len(names) == 3


def test_one_intent_is_nothing_to_choose_from() -> None:
    with pytest.raises(ValueError, match="two intents"):
        Classifier.learnt(EXAMPLES[:4])
