"""What each fact makes of conversations, turns and memories, and who reads what was said in them."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from infra import errors, redis
from infra.auth.vault import Person, Vault
from infra.ends import Ends
from infra.settings import Settings
from projections import conversations
from projections.conversation import projection
from projections.door import ReadDoor
from projections.memory import projection as memories
from projections.projection import moment
from projections.turn import projection as turns
from schemas.conversation import (
    AgentReplied,
    Citation,
    CommandPosted,
    ContextAssembled,
    ConversationOpened,
    ConversationSummarised,
    HandoverRequested,
    HandoverReturned,
    HandoverTaken,
    IntentRecognised,
    MemoryForgotten,
    MemorySuperseded,
    MemoryWritten,
    MessageReceived,
    ModelAnswered,
    ModelCalled,
    PersonReplied,
    Ranked,
    Receipt,
    SlotCorrected,
    SlotFilled,
    ToolConfirmed,
    ToolDeclined,
    ToolExpired,
    ToolProposed,
    Used,
)
from schemas.message import Actor, Fact
from tests.projections.knowing import Knowing
from tests.projections.telling import FIRST_MOMENT, Journal, changes, rows_of
from tests.projections.test_people import Named, items, problem

DIGEST = "ab" * 32
opened = ConversationOpened(account_id="alice", character="ada", character_version=2)
proposed = ToolProposed(
    turn=1,
    proposal_id="p",
    action="resource.trash",
    about="invoice-7",
    body="Ym9keQ",
    digest=DIGEST,
    version=3,
    expires=FIRST_MOMENT,
)
posted = CommandPosted(
    turn=1, command_id="c", action="resource.trash", about="invoice-7", body="Ym9keQ", digest=DIGEST, proposal_id="p"
)


def received(turn: int = 1, text: str = "dGV4dA", *, taken_over: bool = False) -> MessageReceived:
    return MessageReceived(
        account_id="alice", message_id=f"m{turn}", turn=turn, text=text, channel="http", taken_over=taken_over
    )


def replied(turn: int = 1, **more: Any) -> AgentReplied:
    return AgentReplied(turn=turn, **{"text": "cmVwbHk", "dialogue": "c3RhdGU", **more})


def answered(call: int = 1) -> ModelAnswered:
    return ModelAnswered(
        turn=1, call=call, answer="YQ", failure=None, tokens_in=10, tokens_out=5, cost=7, milliseconds=300
    )


def written(memory_id: str = "m", text: str = "dGV4dA") -> MemoryWritten:
    return MemoryWritten(turn=1, account_id="alice", memory_id=memory_id, text=text, scope="person")


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_conversation_counts_its_messages_and_answers() -> None:
    assert changes(projection, opened, received()) == {"turn": 1}
    assert changes(projection, opened, received(), replied()) == {"turn": 1, "answered": 1, "dialogue": "c3RhdGU"}


def test_a_proposal_waits_until_something_becomes_of_it() -> None:
    waiting = vars(proposed) | {"confirmed": False}
    assert changes(projection, opened, proposed) == {"proposal": waiting}
    confirmed = ToolConfirmed(turn=2, proposal_id="p")
    assert changes(projection, opened, proposed, confirmed) == {"proposal": waiting | {"confirmed": True}}
    for end in (ToolDeclined(turn=2, proposal_id="p"), ToolExpired(turn=2, proposal_id="p"), posted):
        assert changes(projection, opened, proposed, end) == {}


def test_a_conversation_says_what_its_models_took() -> None:
    called = ModelCalled(turn=1, call=1, model="m", request=DIGEST)
    assert changes(projection, opened, called, answered(), answered(2)) == {"tokens": 30, "cost": 14}


def test_a_conversation_stands_in_short() -> None:
    summary = ConversationSummarised(first=1, last=2, text="c2hvcnQ")
    assert changes(projection, opened, summary) == {"summary": vars(summary)}


def test_a_person_is_wanted_comes_and_goes() -> None:
    wanted, taken = HandoverRequested(), HandoverTaken(by="bob")
    assert changes(projection, opened, received(), wanted) == {"turn": 1, "wanted": True}
    assert changes(projection, opened, received(), wanted, taken) == {
        "turn": 1,
        "answered": 1,
        "wanted": True,
        "taken_by": "bob",
    }
    said = received(2, taken_over=True)
    assert changes(projection, opened, received(), taken, said, HandoverReturned()) == {"turn": 2, "answered": 2}


def turn_after(*facts: Fact) -> dict[str, Any]:
    """Fold the facts of one turn; give what they make other than its message alone does."""
    journal, before = Journal("conversation"), Journal("conversation")
    for each, told in ((journal, facts), (before, ())):
        for fact in (received(), *told):
            each.tell("talk", fact)
    (row,), (first,) = rows_of(turns, journal).values(), rows_of(turns, before).values()
    assert row.keys() == {str(column.name) for column in turns.table.columns}
    moving = {"position", "fact_id", "correlation_id"}
    return {name: value for name, value in row.items() if name not in moving and value != first[name]}


def test_a_turn_has_what_was_understood() -> None:
    recognised = IntentRecognised(
        turn=1,
        ranking=(Ranked(intent="resource.rename", score=0.9),),
        intent="resource.rename",
        tier="lexical",
        model="m",
    )
    filled = SlotFilled(turn=1, name="name", value="YQ")
    corrected = SlotCorrected(turn=1, name="name", value="Yg", before="YQ")
    assert turn_after(recognised, filled, corrected) == {
        "intent": "resource.rename",
        "tier": "lexical",
        "model": "m",
        "ranking": [{"intent": "resource.rename", "score": 0.9}],
        "slots": [{"name": "name", "value": "YQ", "before": None}, {"name": "name", "value": "Yg", "before": "YQ"}],
    }


def test_a_turn_has_what_it_rests_on_what_was_done_and_what_was_said() -> None:
    used = Used(kind="document", id="docs", digest=DIGEST, place="1-9")
    receipt = Receipt(
        command_id="c", type="resource.trash", subject="invoice-7", status="accepted", position="resource:1:2"
    )
    citation = Citation(kind="fact", id="invoice-7", place="resource:1:2")
    told = turn_after(
        ContextAssembled(turn=1, used=(used,), tokens=9, foreign=True),
        proposed,
        ToolConfirmed(turn=1, proposal_id="p"),
        posted,
        replied(citations=(citation,), receipts=(receipt,)),
    )
    assert (told["foreign"], told["used"], told["consent"]) == (True, [vars(used)], "confirmed")
    assert [each["command_id"] for each in told["posted"]] == ["c"]
    assert (told["reply"], told["replied"]) == ("cmVwbHk", True)
    assert (told["citations"], told["receipts"]) == ([vars(citation)], [vars(receipt)])
    assert told["replied_time"] == moment(FIRST_MOMENT + 5)
    for fact, said in ((ToolDeclined, "declined"), (ToolExpired, "expired")):
        assert turn_after(fact(turn=1, proposal_id="p")) == {"consent": said}


def test_a_turn_has_each_call_of_a_model_with_its_answer() -> None:
    called = [ModelCalled(turn=1, call=n, model="m", request=DIGEST) for n in (1, 2)]
    told = turn_after(called[0], answered(), called[1])
    assert [(each["call"], each.get("answer")) for each in told["calls"]] == [(1, "YQ"), (2, None)]
    assert (told["tokens"], told["cost"]) == (15, 7)


def test_a_turn_says_that_a_model_was_not_called_for_lack_of_money() -> None:
    spent = ModelAnswered(
        turn=1, call=1, answer=None, failure="budget_spent", tokens_in=0, tokens_out=0, cost=0, milliseconds=0
    )
    (call,) = turn_after(spent)["calls"]
    assert (call["call"], call["failure"]) == (1, "budget_spent")


def test_what_a_person_says_instead_of_the_agent_stands_with_the_turn() -> None:
    told = turn_after(PersonReplied(message_id="a", turn=1, text="YQ"))
    assert told == {
        "answers": [{"text": "YQ", "by": "alice", "time": "2025-11-24T16:00:00.001000+00:00"}],
        "replied": True,
    }


def test_a_memory_is_there_until_it_is_forgotten_or_superseded() -> None:
    journal = Journal("conversation")
    for fact in (written("m"), written("n"), MemorySuperseded(memory_id="m", by="n"), MemoryForgotten(memory_id="n")):
        journal.tell("talk", fact)
    rows = rows_of(memories, journal)
    assert (rows["m",]["superseded_by"], rows["m",]["text"]) == ("n", "dGV4dA")
    assert (rows["n",]["text"], rows["n",]["forgotten_time"]) == (None, moment(FIRST_MOMENT + 3))


# ── the read door ─────────────────────────────────────────────────────────────────────────────────────────────────────


class World:
    """A read door and a vault, and facts that are known as soon as they are told."""

    def __init__(self, client: AsyncClient, knowing: Knowing, vault: Vault, person: Person) -> None:
        self.client = client
        self.vault = vault
        self.person = person
        self._knowing = knowing

    async def tell(self, *facts: Fact, conversation_id: str = "talk", by: str = "alice") -> str:
        return await self._knowing.tell("conversation", conversation_id, *facts, actor=Actor(id=by))

    async def get(self, path: str, by: str = "alice", **headers: str) -> Response:
        return await self.client.get(path, headers={"name": by} | headers)


@pytest.fixture
async def world(ground: Settings, knowing: Knowing) -> AsyncIterator[World]:
    cache, vault = redis.client(ground), Vault(ground)
    # Journals are on paper here, so Kafka is away.
    door = ReadDoor(ground, cache, Ends({"bootstrap_servers": "127.0.0.1:1"}), vault=vault)
    app = FastAPI()
    app.include_router(conversations.routes(door))
    errors.handle(app)
    await vault.open()
    await door.start()
    async with AsyncClient(transport=ASGITransport(app=Named(app)), base_url="http://annal") as client:
        yield World(client, knowing, vault, await vault.person("alice"))
    await door.stop()
    await vault.close()
    await cache.aclose()


async def test_what_was_said_is_read_by_whom_it_belongs_to(world: World) -> None:
    seal = world.person.seal
    await world.tell(opened)
    await world.tell(received(text=seal("message", "rename it")))
    position = await world.tell(replied(text=seal("message", "Done."), dialogue=seal("dialogue", '{"unclear":1}')))
    one = await world.get("/v1/conversations/talk")
    assert (one.status_code, one.headers["ETag"], one.json()["dialogue"]) == (200, '"3"', {"unclear": 1})
    (turn,) = items(await world.get("/v1/conversations/talk/turns"))
    assert (turn["text"], turn["reply"], turn["position"]) == ("rename it", "Done.", position)
    assert not {"actor", "account_id", "correlation_id"} & turn.keys()
    assert (await world.get("/v1/conversations/talk/turns/1")).json() == turn
    assert [each["conversation_id"] for each in items(await world.get("/v1/conversations"))] == ["talk"]


async def test_to_strangers_a_conversation_is_not_there(world: World) -> None:
    await world.tell(opened)
    await world.tell(received())
    for path in ("", "/turns", "/turns/1"):
        assert problem(await world.get(f"/v1/conversations/talk{path}", by="bob")) == (404, "not_found")
        assert (await world.get(f"/v1/conversations/talk{path}", by="admin")).status_code == 200
    for none in ("2", "0", "x", "9" * 30):
        assert problem(await world.get(f"/v1/conversations/talk/turns/{none}")) == (404, "not_found")
    assert items(await world.get("/v1/conversations", by="bob")) == []


async def test_who_may_take_over_finds_where_a_person_is_wanted(world: World) -> None:
    await world.tell(opened, HandoverRequested())
    await world.tell(opened, conversation_id="other")
    assert [
        each["conversation_id"] for each in items(await world.get("/v1/conversations?wanted=true", by="admin"))
    ] == ["talk"]
    assert problem(await world.get("/v1/conversations?wanted=true")) == (403, "permission_missing")


async def test_lists_go_on_where_a_page_ended(world: World) -> None:
    await world.tell(opened)
    for n in (1, 2, 3):
        await world.tell(received(n))
    first = await world.get("/v1/conversations/talk/turns?limit=2")
    assert [each["turn"] for each in items(first)] == [3, 2]
    assert [each["turn"] for each in items(await world.get(first.json()["next"]))] == [1]


async def test_memories_are_told_to_whom_they_are_of_with_what_was_spent(world: World) -> None:
    await world.tell(opened)
    await world.tell(received(), written("m", world.person.seal("memory", "prefers tea")))
    await world.tell(written("n"), MemoryForgotten(memory_id="n"))
    told = (await world.get("/v1/memories")).json()
    assert [(each["memory_id"], each["text"], each["conversation_id"]) for each in told["items"]] == [
        ("m", "prefers tea", "talk")
    ]
    # What was said on another day is not of today.
    assert told["spent"] == {"tokens": 0, "cost": 0}
    assert (await world.get("/v1/memories", by="bob")).json()["items"] == []


async def test_of_an_erased_person_nothing_can_be_read(world: World) -> None:
    gone = f"gone-{uuid4()}"
    sealed = (await world.vault.person(gone)).seal("message", "rename it")
    await world.tell(ConversationOpened(account_id=gone))
    await world.tell(received(text=sealed).model_copy(update={"account_id": gone}))
    read = "/v1/conversations/talk/turns/1"
    assert (await world.get(read, by="admin")).json()["text"] == "rename it"
    await world.vault.erase(gone)
    assert (await world.get(read, by="admin")).json()["text"] is None
