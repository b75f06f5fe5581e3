"""A model says one move in JSON, whatever it writes around it."""

import pytest

from agent.model.saying import Begins, Cancels, Nonsense, read


@pytest.mark.parametrize(
    "text",
    ['{"move": "cancel"}', '```json\n{"move": "cancel"}\n```', 'Here it is: {"move": "cancel", "because": "…"} Bye.'],
)
def test_the_json_is_read_out_of_what_stands_around_it(text: str) -> None:
    assert read(text) == Cancels(move="cancel")


def test_what_was_asked_for_beside_is_read_too() -> None:
    said = read('{"move": "begin", "action": "kind.list", "summary": "They looked around."}')
    assert said == Begins(move="begin", action="kind.list", values={}, summary="They looked around.")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "}{",
        "null",
        "[]",
        '{"move": "begin"}',
        '{"move": "begin", "action": 7}',
        '{"move": "talk", "intent": "talk.chat", "text": "' + "a" * 2_000 + '"}',
        '{"a":' * 5_000 + "}" * 5_000,
        '{"move": "cancel"} or {"move": "agree"}',
    ],
)
def test_anything_else_is_nonsense_and_it_is_said_why(text: str) -> None:
    with pytest.raises(Nonsense) as refused:
        read(text)
    assert len(str(refused.value)) > 5
