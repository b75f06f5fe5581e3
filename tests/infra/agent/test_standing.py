"""A conversation in hand is what the doors say of it, and is read anew where it may be something else."""

from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Any

import pytest
from fastapi import FastAPI

from agent.doors import Answer, Doors
from infra import errors, redis, tables
from infra.agent import standing
from infra.agent.standing import SURE, Standing
from infra.auth import Caller
from infra.auth.vault import Person, Vault
from infra.ends import Ends
from infra.settings import Settings
from projections import conversation, conversations
from projections.door import ReadDoor
from schemas.conversation import ConversationSummarised, HandoverRequested, MessageReceived, ToolConfirmed
from schemas.message import Actor, Fact, FactMeta, Outcome
from tests.projections.knowing import Knowing
from tests.projections.telling import Journal
from tests.projections.test_conversation import answered, opened, proposed, received, replied

NEWER = {"opened_time", "updated_time", "position"}
"""What journals on paper say each by itself."""


class World:
    """A conversation of Alice's, of which the read model and whoever has it in hand are told apart from each other."""

    def __init__(self, app: FastAPI, read: ReadDoor, knowing: Knowing, person: Person) -> None:
        self.read = read
        self.person = person
        self.standing = Standing(read, self._newest)
        self.asked = 0
        self.position = ""
        self._app = app
        self._knowing = knowing
        self._journal = Journal("conversation")
        self._message: FactMeta | None = None

    async def _newest(self, _: str) -> list[str]:
        self.asked += 1
        return [self.position]

    async def tell(self, *facts: Fact, known: bool = True, heard: bool = True) -> None:
        for fact in facts:
            recorded = self._journal.recorded("talk", fact)
            if known:
                self.position = await self._knowing.tell("conversation", "talk", fact)
            if heard:
                self.standing.hear(recorded, f"conversation:1:{recorded.meta.version}")
            if isinstance(fact, MessageReceived):
                self._message = recorded.meta

    def doors(self, by: str = "alice") -> Doors:
        return Doors(self._app, Caller(Actor(id=by), (frozenset({"conversation:own"}),)), None)

    async def find(self, doors: Doors | None = None) -> Answer:
        """Find it for the newest message."""
        assert self._message is not None
        return await self.standing.find(doors or self.doors(), self._message)


@pytest.fixture
async def world(ours: Settings, knowing: Knowing) -> AsyncIterator[World]:
    tables.empty(ours)
    cache, vault = redis.client(ours), Vault(ours)
    read = ReadDoor(ours, cache, Ends({"bootstrap_servers": "127.0.0.1:1"}), vault=vault)
    app = FastAPI()
    app.include_router(conversations.routes(read))
    errors.handle(app)
    await vault.open()
    await read.start()
    world = World(app, read, knowing, await vault.person("alice"))
    await world.tell(opened, received())
    yield world
    await read.stop()
    await vault.close()
    await cache.aclose()


async def test_what_was_read_once_goes_on_with_what_is_heard(world: World) -> None:
    doors = world.doors()
    assert (await world.find(doors)).body["turn"] == 1
    assert doors.reached == [world.position]
    await world.tell(answered(), replied(), proposed, HandoverRequested(), received(2), known=False)
    await world.tell(ToolConfirmed(turn=2, proposal_id="p"), known=False)
    told = (await world.find()).body
    assert (told["turn"], told["answered"], told["version"], told["wanted"]) == (2, 1, 8, True)
    assert world.asked == 1


async def test_it_is_what_the_doors_say(world: World) -> None:
    await world.find()
    summary = ConversationSummarised(first=1, last=1, text=world.person.seal("summary", "in short"))
    await world.tell(answered(), replied(), summary, HandoverRequested(), received(2))
    doors = world.doors()
    told = (await world.find(doors)).body
    said = (await world.doors().get("/v1/conversations/talk")).body
    assert {name: told[name] for name in said.keys() - NEWER} == {name: said[name] for name in said.keys() - NEWER}
    assert (doors.reached, told["position"]) == (["conversation:1:7"], "conversation:1:7")
    assert world.asked == 1


async def test_what_is_told_again_changes_nothing(world: World) -> None:
    await world.find()
    await world.tell(replied(), known=False)
    before = (await world.find()).body
    world.standing.hear(Journal("conversation").recorded("talk", opened), "conversation:1:0")
    assert (await world.find()).body == before


async def test_what_follows_on_something_unheard_is_read_anew(world: World) -> None:
    await world.find()
    await world.tell(replied(), heard=False)
    await world.tell(received(2))
    assert (await world.find()).body["answered"] == 1
    assert world.asked == 2


async def test_a_message_that_is_not_heard_yet_is_read(world: World) -> None:
    await world.find()
    await world.tell(received(2), heard=False)
    assert (await world.find()).body["turn"] == 2
    assert world.asked == 2


async def test_what_a_message_says_of_a_proposal_is_waited_for(world: World) -> None:
    await world.find()
    await world.tell(proposed, received(2))
    await world.tell(ToolConfirmed(turn=2, proposal_id="p"), heard=False)
    assert (await world.find()).body["proposal"]["confirmed"] is True


async def test_what_is_heard_while_it_is_read_is_not_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = world.read.ask

    async def slow(query: Any) -> Any:
        row = await ask(query)
        await world.tell(replied())
        monkeypatch.undo()
        return row

    get = Doors.get

    async def got(doors: Doors, path: str) -> Answer:
        answer = await get(doors, path)
        monkeypatch.setattr(world.read, "ask", slow)
        return answer

    monkeypatch.setattr(Doors, "get", got)
    await world.find()
    assert (await world.find()).body["answered"] == 1
    assert world.asked == 2


async def test_whoever_stood_still_believes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.find()
    await world.tell(replied(), heard=False)
    monkeypatch.setattr(standing, "monotonic", lambda: monotonic() + SURE + 1)
    assert (await world.find()).body["answered"] == 1
    world.standing.beat()
    monkeypatch.undo()
    assert (await world.find()).body["answered"] == 1
    assert world.asked == 3


async def test_a_fact_that_cannot_be_taken_in_disturbs_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.find()

    def breaks(*_: Any) -> None:
        raise ValueError

    monkeypatch.setattr(conversation, "project", breaks)
    await world.tell(replied(), known=False)
    monkeypatch.undo()
    await world.find()
    assert world.asked == 2


async def test_what_does_not_know_our_own_step_is_read_anew(world: World) -> None:
    await world.find()
    await world.tell(replied(), heard=False)
    for version in (3, 2):
        world.standing.stepped(Outcome(command_id="c", status="accepted", type="", subject="talk", version=version))
    assert (await world.find()).body["answered"] == 1
    assert world.asked == 2


@pytest.mark.parametrize("doubt", [Standing.forget, lambda standing: standing.doubt("talk")])
async def test_what_is_in_doubt_is_read_anew(world: World, doubt: Callable[[Standing], None]) -> None:
    await world.find()
    doubt(world.standing)
    await world.tell(replied(), heard=False)
    assert (await world.find()).body["answered"] == 1
    assert world.asked == 2


async def test_it_is_told_to_whom_it_belongs_alone(world: World) -> None:
    await world.find()
    answer = await world.find(world.doors("bob"))
    assert (answer.status, answer.code) == (404, "not_found")
