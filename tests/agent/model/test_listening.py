"""A message heard with a model: on record, within its time and its price, and by the words alone where it fails."""

import time
from dataclasses import replace
from typing import Any

import pytest

from agent.dialogue import Dialogue, Doing
from agent.model.asking import MOST_COUNTED
from agent.model.asking import Endpoint as Client
from agent.model.budget import Budget
from commands.conversation import Conversation, Proposal
from infra.agent import endpoint
from infra.agent.endpoint import says, writes
from schemas.conversation import CallModel, NoteConsent, NoteModel
from tests.agent.at import ADA
from tests.agent.model.turning import Person

RENAME = "call invoice-7 Verdi"
RENAMED = ("resource.rename", {"resource_id": "invoice-7", "name": "Verdi"})
LIKE_RENAME = ("resource.rename", 0.9)


# ── a model that helps ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_the_person_says_is_done_as_the_model_understands_it(ada: Person) -> None:
    ada.endpoint.answers(says("begin", action="resource.rename", values=RENAMED[1]))
    turned = await ada.says("invoice-7 should go by the name Verdi", ("resource.rename", 0.2))
    assert turned.understood == ("model", "resource.rename")
    assert turned.asked == [RENAMED]
    assert turned.said.text.startswith("Done: resource invoice-7 (Verdi) was renamed")


async def test_a_call_is_on_record_before_it_is_made_and_with_its_answer_after(ada: Person) -> None:
    ada.endpoint.answers(
        writes('{"move": "begin", "action": "resource.list"}', prompt_tokens=1_500, completion_tokens=9)
    )
    ada = replace(ada, budget=Budget(price_in=1_000, price_out=2_000))
    turned = await ada.says("what is there?", ("resource.list", 0.9))
    called, noted, *_ = turned.steps
    assert isinstance(called, CallModel)
    assert isinstance(noted, NoteModel)
    assert (called.call, called.model) == (1, "small")
    assert (noted.call, noted.failure, noted.tokens_in, noted.tokens_out, noted.cost) == (1, None, 1_500, 9, 1_518)
    assert noted.answer is not None


async def test_tokens_that_an_endpoint_does_not_count_are_estimated(ada: Person) -> None:
    ada.endpoint.answers(writes('{"move": "cancel"}', prompt_tokens=0, completion_tokens=0, total_tokens=0))
    noted = (await ada.says("leave that be")).the(NoteModel)
    assert noted.tokens_in > 1_000
    assert noted.tokens_out == 6


async def test_nonsense_is_told_to_the_model_once(ada: Person) -> None:
    ada.endpoint.answers(writes("Sure! I renamed it."), says("begin", action="resource.rename", values=RENAMED[1]))
    turned = await ada.says(RENAME, LIKE_RENAME)
    assert turned.understood == ("model", "resource.rename")
    assert turned.failures == ["nonsense", None]
    told = ada.endpoint.asked[1]["messages"]
    assert told[-2] == {"role": "assistant", "content": "Sure! I renamed it."}
    assert told[-1]["content"].startswith("This will not do: ")
    assert turned.asked == [RENAMED]


async def test_a_yes_is_the_persons_own_and_no_model_is_asked(ada: Person) -> None:
    proposed = Proposal("p", "0" * 64, 2**50)
    body = {"resource_id": "invoice-7"}
    named: dict[str, Any] = {"proposal_id": "p", "action": "resource.trash", "about": "invoice-7", "turn": 1}
    waiting = {**named, "digest": "0" * 64, "body": body, "version": None}
    doing = Dialogue(doing=Doing("resource.trash", body, proposed=True))
    state = Conversation(owner=ADA, turn=1, proposal=proposed)
    turned = await ada.says("no", ("talk.deny", 0.9), dialogue=doing, state=state, proposal=waiting)
    assert ada.endpoint.asked == []
    assert not turned.the(NoteConsent).consent.approved


async def test_a_character_talks_in_its_own_words(ada: Person) -> None:
    ada.endpoint.answers(says("talk", intent="talk.chat", text="Rain again. I like rain."))
    turned = await ada.says("what a weather", ("talk.greet", 0.2))
    assert turned.understood == ("model", "talk.chat")
    assert turned.said.text == "Rain again. I like rain."


async def test_what_was_answered_before_a_crash_is_not_asked_again(ada: Person) -> None:
    answer = '{"move": "begin", "action": "resource.rename", "values": {"resource_id": "invoice-7", "name": "Verdi"}}'
    turned = await ada.says(
        RENAME, LIKE_RENAME, calls=[{"call": 1, "model": "small", "answer": answer, "failure": None}]
    )
    assert ada.endpoint.asked == []
    assert turned.understood == ("model", "resource.rename")
    assert turned.all(CallModel) == turned.all(NoteModel) == []


async def test_a_failure_before_a_crash_stays_one(ada: Person) -> None:
    turned = await ada.says(RENAME, LIKE_RENAME, calls=[{"call": 1, "answer": None, "failure": "timeout"}])
    assert ada.endpoint.asked == []
    assert turned.understood == ("lexical", "resource.rename")


async def test_a_call_that_never_was_answered_is_made_again(ada: Person) -> None:
    ada.endpoint.answers(says("begin", action="resource.rename", values=RENAMED[1]))
    turned = await ada.says(RENAME, LIKE_RENAME, calls=[{"call": 1, "model": "small", "request": "0" * 64}])
    assert turned.understood == ("model", "resource.rename")
    assert len(ada.endpoint.asked) == 1


# ── a model that does not ─────────────────────────────────────────────────────────────────────────────────────────────


MISBEHAVING = {
    "hangs": (endpoint.hangs, "timeout"),
    "trickles": (endpoint.trickles, "timeout"),
    "cuts the connection": (endpoint.cuts, "unreachable"),
    "floods": (endpoint.floods, "too_large"),
    "packs a flood": (endpoint.packs, "too_large"),
    "writes in long letters": (writes("𐍈" * 3_000), "too_large"),
    "writes on and on": (writes("a" * 20_000), "too_large"),
    "speaks no JSON": (endpoint.is_no_json, "unreadable"),
    "nests without end": (endpoint.is_nested, "unreadable"),
    "has no choices": (endpoint.has_no_choices, "unreadable"),
    "counts backwards": (writes('{"move": "cancel"}', completion_tokens=-5), "unreadable"),
    "fails": (endpoint.fails, "status_503"),
    "sends elsewhere": (endpoint.sends_elsewhere, "unreadable"),
}


@pytest.mark.parametrize("how", MISBEHAVING)
async def test_whatever_an_endpoint_does_the_words_are_understood_in_time(ada: Person, how: str) -> None:
    misbehaves, failure = MISBEHAVING[how]
    ada.endpoint.answers(misbehaves)
    begun = time.monotonic()
    turned = await ada.says(RENAME, LIKE_RENAME)
    assert time.monotonic() - begun < ada.seconds + 1
    assert turned.failures == [failure]
    assert turned.understood == ("lexical", "resource.rename")
    assert turned.asked == [RENAMED]
    assert len(ada.endpoint.asked) == 1


async def test_where_no_endpoint_is_the_words_are_understood(ada: Person) -> None:
    nowhere = Client("http://127.0.0.1:1/v1", "small", "")
    turned = await replace(ada, client=nowhere).says(RENAME, LIKE_RENAME)
    await nowhere.close()
    assert turned.understood == ("lexical", "resource.rename")
    assert turned.failures == ["unreachable"]
    assert turned.the(NoteModel).tokens_in == 0


@pytest.mark.parametrize(
    "budget",
    [Budget(tokens_a_day=10_000), Budget(price_in=1_000, cost_a_day=10_000)],
)
async def test_who_spent_the_day_is_understood_by_their_words(ada: Person, budget: Budget) -> None:
    ada = replace(ada, budget=budget, spent={"tokens": 9_000, "cost": 9_000})
    turned = await ada.says(RENAME, LIKE_RENAME)
    assert ada.endpoint.asked == []
    assert turned.failures == ["budget_spent"]
    assert turned.understood == ("lexical", "resource.rename")


async def test_the_first_call_of_a_turn_is_counted_before_the_second(ada: Person) -> None:
    ada.endpoint.answers(writes("nonsense", prompt_tokens=900_000))
    turned = await replace(ada, budget=Budget(tokens_a_day=500_000)).says(RENAME, LIKE_RENAME)
    assert turned.failures == ["nonsense", "budget_spent"]
    assert len(ada.endpoint.asked) == 1


async def test_what_an_endpoint_counts_is_believed_within_reason(ada: Person) -> None:
    ada.endpoint.answers(writes('{"move": "cancel"}', prompt_tokens=10**18))
    noted = (await ada.says("leave that be")).the(NoteModel)
    assert noted.tokens_in == MOST_COUNTED


async def test_half_a_character_in_an_answer_harms_nothing(ada: Person) -> None:
    ada.endpoint.answers(writes("\ud83d"))
    turned = await ada.says(RENAME, LIKE_RENAME)
    assert turned.failures == ["nonsense", "nonsense"]
    assert turned.asked == [RENAMED]
