"""What a person may see is read anew when something of it moved, and for nobody else."""

from asyncio import gather
from dataclasses import replace
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from agent.doors import Doors
from agent.slots import Thing
from agent.things import Things
from infra.auth import Caller
from schemas.message import Actor

ADA = Caller(Actor(id="ada"), (frozenset({"resource:read", "kind:read"}),))


class Read:
    """Doors that list what is known here, and how far their read models are."""

    def __init__(self) -> None:
        self.position = {"resource": "resource:0:7,resource:1:3", "kind": "kind:0:1"}
        self.items: dict[str, list[dict[str, Any]]] = {
            "/v1/resources": [{"resource_id": "r", "name": "Rossi", "kind": "invoice", "position": "resource:0:7"}],
            "/v1/kinds": [{"kind": "invoice"}],
            "/v1/accounts": [{"account_id": "bob", "address": "bob@example.org", "position": "account:0:1"}],
        }
        self.asked: list[str] = []
        self.status = 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        path = scope["path"]
        self.asked.append(path)
        position = self.position.get(path.removeprefix("/v1/").removesuffix("s"), "")
        headers = [(b"annal-position", position.encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": orjson.dumps({"items": self.items[path]})})

    def doors(self, caller: Caller = ADA, *reached: str) -> Doors:
        return Doors(self, caller, None, list(reached))


def remembering(read: Read) -> Things:
    return Things(lambda domain: read.position[domain])


async def test_what_did_not_move_is_read_once() -> None:
    read = Read()
    things = remembering(read)
    known = await things.seen(read.doors())
    assert known.things == (
        Thing("resource", "r", "Rossi", "invoice", "resource:0:7"),
        Thing("kind", "invoice", "invoice"),
    )
    assert await things.seen(read.doors()) is known
    assert sorted(read.asked) == ["/v1/kinds", "/v1/resources"]


async def test_who_asks_at_once_is_told_of_one_reading() -> None:
    read = Read()
    things = remembering(read)
    told = await gather(*(things.seen(read.doors()) for _ in range(3)))
    assert sorted(read.asked) == ["/v1/kinds", "/v1/resources"]
    assert told[0].things == told[1].things == told[2].things
    far = read.doors(ADA, "resource:1:4")
    await gather(things.seen(far), things.seen(read.doors()))
    assert sorted(read.asked) == ["/v1/kinds", "/v1/resources", "/v1/resources"]


async def test_what_moved_is_read_anew_and_nothing_else() -> None:
    read = Read()
    things = remembering(read)
    await things.seen(read.doors())
    read.position["resource"] = "resource:0:8,resource:1:3"
    read.items["/v1/resources"][0]["name"] = "Verdi"
    assert [thing.name for thing in (await things.seen(read.doors())).things] == ["Verdi", "invoice"]
    assert read.asked.count("/v1/kinds") == 1


async def test_what_was_done_before_is_waited_for_though_it_is_not_heard_of_yet() -> None:
    read = Read()
    things = remembering(read)
    await things.seen(read.doors())
    await things.seen(read.doors(ADA, "resource:1:3", "conversation:0:99"))
    assert read.asked.count("/v1/resources") == 1
    await things.seen(read.doors(ADA, "resource:1:4"))
    await things.seen(read.doors(ADA, "resource:2:0"))
    assert read.asked.count("/v1/resources") == 3


async def test_nobody_is_shown_what_another_saw_or_what_they_saw_when_they_might_do_more() -> None:
    read = Read()
    things = remembering(read)
    await things.seen(read.doors())
    await things.seen(read.doors(replace(ADA, actor=Actor(id="bob"))))
    fewer = replace(ADA, grants=(frozenset({"kind:read"}),))
    assert [thing.domain for thing in (await things.seen(read.doors(fewer))).things] == ["kind"]
    assert read.asked.count("/v1/resources") == 2


async def test_accounts_are_read_each_time() -> None:
    read = Read()
    things = remembering(read)
    admin = replace(ADA, grants=(frozenset({"*"}),))
    for address in ("bob@example.org", "bob@example.com"):
        read.items["/v1/accounts"][0]["address"] = address
        known = await things.seen(read.doors(admin))
        assert known.things[-1] == Thing("account", "bob", address, "", "account:0:1")


async def test_while_nobody_knows_how_far_read_models_are_all_is_read() -> None:
    read = Read()
    things = Things(lambda _: "")
    read.position = {}
    await things.seen(read.doors())
    await things.seen(read.doors())
    assert read.asked.count("/v1/resources") == 2


async def test_an_answer_that_is_none_is_not_remembered() -> None:
    read = Read()
    things = remembering(read)
    read.status = 403
    assert (await things.seen(read.doors())).things == ()
    read.status = 200
    assert len((await things.seen(read.doors())).things) == 2
