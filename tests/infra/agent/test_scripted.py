"""The model of conversation tests says what messages came to by their words, whatever words it says it in."""

from random import Random
from typing import Any

import pytest

from agent.model.answer import Failed
from agent.model.asking import Endpoint as Client
from agent.model.prompt import Line
from agent.model.saying import Begins, read
from agent.script import filled
from infra.agent.endpoint import serving, writes
from infra.agent.scripted import Scripted, Spoken, handled, learnt, spoken, worded

RENAME = {"move": "begin", "action": "resource.rename", "values": {"resource_id": "invoice-7", "name": "Rössi"}}
VALUES = {"id": "7", "ada": "ada-7", "bob": "bob-7"}


def turn(intent: str, *slots: tuple[str, str, str | None], **more: Any) -> dict[str, Any]:
    found = [{"name": name, "value": value, "before": before} for name, value, before in slots]
    return {"intent": intent, "slots": found, "posted": [], "receipts": [], "reply": "", **more}


@pytest.mark.parametrize("seed", range(40))
def test_however_it_is_worded_it_is_read_as_the_move(seed: int) -> None:
    found = read(worded(RENAME, Random(seed)))
    assert isinstance(found, Begins)
    assert (found.action, found.values) == (RENAME["action"], RENAME["values"])


def test_by_one_seed_it_is_worded_in_one_way() -> None:
    assert worded(RENAME, Random("a")) == worded(RENAME, Random("a"))
    assert len({worded(RENAME, Random(seed)) for seed in range(40)}) > 5


def test_some_messages_are_answered_badly() -> None:
    said = [spoken(RENAME, Random(seed)) for seed in range(200)]
    assert 120 < sum(each.well for each in said) < 190
    assert any(len(each.answers) > 1 for each in said)


def test_what_a_message_came_to_is_learnt_for_a_run_with_other_ids() -> None:
    asked = turn("resource.share", ("resource_id", '"invoice-7"', None), ("account", '"bob-7"', None))
    meaning = learnt(asked, {}, {}, VALUES)
    assert meaning.move["values"] == {"resource_id": "invoice-{{id}}", "account": "{{bob}}"}
    assert filled(meaning.move, {"id": "8", "bob": "bob-8"}) == {
        "move": "begin",
        "action": "resource.share",
        "values": {"resource_id": "invoice-8", "account": "bob-8"},
    }


@pytest.mark.parametrize(("before", "move"), [(None, "fill"), ('"viewer"', "correct")])
def test_what_goes_on_with_what_is_being_done_fills_or_corrects(before: str | None, move: str) -> None:
    doing = {"doing": {"action": "resource.share", "values": {}}}
    meaning = learnt(turn("resource.share", ("role", '"editor"', before)), doing, {}, VALUES)
    assert meaning.move == {"move": move, "values": {"role": "editor"}}


def test_what_is_not_understood_is_unclear_with_what_was_offered() -> None:
    meaning = learnt(turn("talk.unclear"), {}, {"offered": ["resource.list"]}, VALUES)
    assert meaning.move == {"move": "unclear", "choices": ["resource.list"]}


def test_no_model_is_believed_that_says_yes_or_wants_what_is_forbidden() -> None:
    assert not learnt(turn("talk.affirm"), {}, {}, VALUES).believed
    assert not learnt(turn("role.define", reply="You may not do that."), {}, {}, VALUES).believed
    assert learnt(turn("talk.greet"), {}, {}, VALUES).believed


def test_things_are_named_by_the_words_that_stand_for_them() -> None:
    assert handled(RENAME, "ada", ["invoice-8", "invoice-7"])["values"]["resource_id"] == "@2"
    assert handled(RENAME, "ada")["values"]["resource_id"] == "invoice-7"
    assert handled({"move": "begin", "values": {"owner": "ada"}}, "ada")["values"] == {"owner": "@me"}


async def test_each_message_is_answered_as_it_is_expected_and_others_are_not() -> None:
    model = Scripted()
    async with serving(model.handle) as url:
        client = Client(url, "scripted", "")
        said = Spoken((writes("nonsense"), writes("the move")), well=True)
        async with model.saying("hello", said):
            first = [Line("system", "rules"), Line("user", "hello")]
            assert (await client.ask(first, 5)).text == "nonsense"
            retried = [*first, Line("assistant", "nonsense"), Line("user", "This will not do: say a move.")]
            assert (await client.ask(retried, 5)).text == "the move"
            with pytest.raises(Failed, match="status_503"):
                await client.ask([Line("user", "something else")], 5)
        with pytest.raises(Failed, match="status_503"):
            await client.ask(first, 5)
        await client.close()
    assert model.asked == {"at first": 3, "again": 1}
