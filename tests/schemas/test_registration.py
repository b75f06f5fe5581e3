from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from schemas.contracts import committed
from schemas.domains import COMMANDS, DOMAINS, FACTS
from schemas.message import Actor, CommandUnchanged, FactMeta, Recorded
from schemas.registration import Unregistrable, agree, register
from schemas.wire import WIRE, Undecodable, Wire, decode_fact, encode_fact
from tests.served import served

RECORDED = Recorded(
    FactMeta(
        id="f1",
        type="command.unchanged",
        subject="r1",
        version=1,
        time=1,
        actor=Actor(id="alice"),
        command_id="c1",
        command_type="resource.tag",
        command_offset=0,
        correlation_id="c1",
    ),
    CommandUnchanged(),
)


class RegistryOfOnesOwn:
    """What of a Schema Registry's protocol registering needs; ids begin at 100001."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.subjects: dict[str, list[int]] = {}
        self.refuses = ""
        self.app = FastAPI()
        self.app.post("/subjects/{subject}/versions")(self.register)

    async def register(self, subject: str, request: Request) -> JSONResponse:
        asked: dict[str, Any] = await request.json()
        if self.refuses and self.refuses in subject:
            return JSONResponse({"error_code": 409, "message": "Schema being registered is incompatible"}, 409)
        number = self.ids.setdefault(asked["schema"], 100_001 + len(self.ids))
        versions = self.subjects.setdefault(subject, [])
        versions += [number] if number not in versions else []
        return JSONResponse({"id": number})


@pytest.fixture
def registry() -> RegistryOfOnesOwn:
    return RegistryOfOnesOwn()


@pytest.fixture
def url(registry: RegistryOfOnesOwn) -> Iterator[str]:
    with served(registry.app) as address:
        yield address


async def test_values_carry_the_ids_of_a_registry_of_ones_own(registry: RegistryOfOnesOwn, url: str) -> None:
    contracts = committed()
    ids = await register(url, contracts, DOMAINS)
    assert ids.keys() == {contract.id for contract in contracts}
    assert (
        registry.subjects["resource.facts-annal.CommandUnchanged"]
        == registry.subjects["kind.facts-annal.CommandUnchanged"]
    )
    assert await register(url + "/", contracts, DOMAINS) == ids
    assert len(registry.ids) == len(contracts)

    wire = Wire(COMMANDS.values(), FACTS.values(), contracts)
    before = wire.encode_fact(RECORDED)
    wire.number(ids)
    after = wire.encode_fact(RECORDED)
    assert int.from_bytes(after[1:5]) == ids[int.from_bytes(before[1:5])]
    assert after[5:] == before[5:]
    assert wire.decode_fact(after) == RECORDED
    with pytest.raises(Undecodable, match="No contract has its schema id"):
        wire.decode_fact(before)


async def test_a_process_agrees_on_ids_before_it_writes(registry: RegistryOfOnesOwn, url: str) -> None:
    before = WIRE.contracts
    await agree("")
    assert WIRE.contracts == before
    try:
        await agree(url)
        assert {contract.id for contract in WIRE.contracts} == set(registry.ids.values())
        assert decode_fact(encode_fact(RECORDED)) == RECORDED
    finally:
        WIRE.number({contract.id: contract.id for contract in committed()})
    assert WIRE.contracts == before


async def test_a_contract_that_is_refused_is_named(registry: RegistryOfOnesOwn, url: str) -> None:
    registry.refuses = "TagResource"
    with pytest.raises(
        Unregistrable,
        match=r"refuses version 1 of resource.commands-annal.resource.TagResource \(409: Schema being registered is",
    ):
        await register(url, committed(), DOMAINS)


async def test_a_registry_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(
        Unregistrable, match=r"^The Schema Registry at 127.0.0.1 gives no answer that can be used \("
    ) as caught:
        await register("http://anna:secret@127.0.0.1:9/", committed(), DOMAINS)
    assert "secret" not in str(caught.value)


async def test_an_address_of_something_else_is_no_registry() -> None:
    with served(FastAPI()) as url, pytest.raises(Unregistrable, match="404"):
        await register(url, committed(), DOMAINS)
