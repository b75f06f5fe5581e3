"""An operator repairs read models while people work: builds, compares, switches, rolls back, empties a quarantine."""

import asyncio
import io
import uuid
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import psycopg
import pytest
from rich.console import Console

from infra.repair import building, listing, releasing, switching
from infra.settings import Settings, Unusable
from projections import versions
from tests.calling import Playing
from tests.walk.conftest import Running

ALICE = {"As": "alice", "Prefer": "wait=20"}
RATE = 100_000.0


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=running.url, timeout=60, auth=Playing()) as client:
        yield client


@pytest.fixture
def settings(running: Running) -> Settings:
    return running.settings


@pytest.fixture
def said() -> Console:
    """A terminal; `text` gives what stands on it."""
    return Console(file=io.StringIO(), width=200)


def text(said: Console) -> str:
    assert isinstance(said.file, io.StringIO)
    return said.file.getvalue()


async def ask(http: httpx2.AsyncClient, command: str, **body: Any) -> str:
    """Ask a command and give its position."""
    answer = await http.post(f"/v1/commands/{command}", json=body, headers=ALICE)
    assert answer.status_code == 200, answer.text
    position: str = answer.json()["position"]
    return position


async def given_invoices(http: httpx2.AsyncClient, count: int) -> list[str]:
    kind = f"invoice-{uuid.uuid4().hex[:8]}"
    await ask(http, "kind.define", kind=kind, json_schema={"type": "object"})
    named = [f"{kind}-{n}" for n in range(count)]
    for each in named:
        await ask(http, "resource.register", resource_id=each, kind=kind, name=each, attributes={"n": 1})
    return named


def asked(settings: Settings, statement: str) -> list[Any]:
    with psycopg.connect(settings.postgres_url, autocommit=True) as connection:
        done = connection.execute(statement.encode())
        return done.fetchall() if done.description else []


@asynccontextmanager
async def people_at_work(http: httpx2.AsyncClient, invoices: list[str]) -> AsyncIterator[list[str]]:
    """People change resources and read what they changed; gives what went wrong."""
    wrong: list[str] = []

    async def work(invoice: str) -> None:
        for n in range(10_000):
            position = await ask(http, "resource.rename", resource_id=invoice, name=f"name {n}")
            headers = {**ALICE, "Annal-Min-Position": position}
            answer = await http.get(f"/v1/resources/{invoice}", headers=headers)
            if answer.status_code != 200 or answer.json()["name"] != f"name {n}":
                wrong.append(f"{invoice} {n}: {answer.text}")
            listed = await http.get("/v1/resources", params={"limit": 5}, headers=headers)
            if listed.status_code != 200 or not listed.json()["items"]:
                wrong.append(f"{invoice} {n}: {listed.text}")

    tasks = [asyncio.create_task(work(each)) for each in invoices]
    try:
        yield wrong
    finally:
        for task in tasks:
            task.cancel()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        wrong.extend(repr(each) for each in told if isinstance(each, Exception))


async def test_a_read_model_is_built_compared_switched_and_rolled_back_while_people_work(
    settings: Settings, http: httpx2.AsyncClient, said: Console
) -> None:
    invoices = await given_invoices(http, 4)
    before = await found(settings, "resource")
    async with people_at_work(http, invoices) as wrong:
        await building.build(settings, "resource", RATE, said)
        assert await building.compare_versions(settings, "resource", said) == 0
        built = await found(settings, "resource__next")
        await switching.switch(settings, "resource", "to try it", said)
        assert await found(settings, "resource") == built
        await asyncio.sleep(1)
        await switching.roll_back(settings, "resource", "", said)
        assert await found(settings, "resource") == before
        await asyncio.sleep(1)
        assert await building.compare_versions(settings, "resource", said) == 0
        await switching.drop(settings, "resource", "next", "", said)
    assert wrong == []
    assert await found(settings, "resource__next") is None
    assert text(said).count("All rows are the same.") == 2


async def found(settings: Settings, name: str) -> versions.Version | None:
    async with await psycopg.AsyncConnection.connect(settings.postgres_url, autocommit=True) as connection:
        return await versions.find(connection, name)


async def test_what_is_done_to_a_read_model_is_on_record(
    settings: Settings, http: httpx2.AsyncClient, said: Console
) -> None:
    await given_invoices(http, 1)
    await building.build(settings, "kind", RATE, said)
    await switching.switch(settings, "kind", "the rules were wrong", said)
    await switching.drop(settings, "kind", "before", "", said)
    told = await within(settings, "SELECT type, data FROM history WHERE domain = 'projection' AND subject = 'kind'", 2)
    assert [type_ for type_, _ in told] == ["projection.switched", "projection.dropped"]
    assert told[0][1]["reason"] == "the rules were wrong"
    # Views of what was look at the table that has the name now.
    assert len(asked(settings, "SELECT 1 FROM pg_depend WHERE refobjid = 'kind'::regclass AND deptype = 'n'")) > 0


async def within(settings: Settings, statement: str, count: int) -> list[Any]:
    """Wait until a query finds so many rows."""
    async with asyncio.timeout(20):
        while len(rows := asked(settings, statement)) < count:  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.05)
    return rows


async def test_of_two_switches_at_once_one_is_done_and_the_other_told(settings: Settings, said: Console) -> None:
    await building.build(settings, "role", RATE, said)
    switches = (switching.switch(settings, "role", "", said) for _ in range(2))
    done = await asyncio.gather(*switches, return_exceptions=True)
    (told,) = [each for each in done if each is not None]
    assert isinstance(told, Unusable)
    assert "Somebody else is repairing role" in str(told) or "There is no role__next" in str(told)
    await switching.drop(settings, "role", "before", "", said)


async def refused(doing: Awaitable[Any], *words: str) -> None:
    with pytest.raises(Unusable) as told:
        await doing
    for word in words:
        assert word in str(told.value)
    assert str(told.value).endswith(".")


async def test_what_cannot_be_done_is_said_in_a_sentence(settings: Settings, said: Console) -> None:
    await refused(building.build(settings, "nothing", RATE, said), "no projection nothing", "resource")
    await refused(building.build(settings, "role__next", RATE, said), "no projection role__next")
    await refused(building.compare_versions(settings, "role", said), "no role__next", "annal projection build role")
    await refused(switching.switch(settings, "role", "", said), "no role__next", "annal projection build role")
    await refused(switching.roll_back(settings, "role", "", said), "no role__before")
    await refused(switching.drop(settings, "role", "next", "", said), "no role__next", "annal projection list")
    await refused(releasing.skip(settings, "role", "role:0:7", "  ", said), "--reason")
    await refused(releasing.skip(settings, "role", "role:0:7", "it is broken", said), "no fact at role:0:7")
    await refused(releasing.skip(settings, "role", "nonsense", "it is broken", said), "no position", "resource:3:17")
    await refused(releasing.resume(settings, "role", "clerk", said, dry=True), "holds nothing back of clerk")
    await refused(releasing.show(settings, "role__x", "clerk", said), "no version role__x")


async def test_a_version_of_another_definition_or_far_behind_is_not_switched_to(
    settings: Settings, said: Console
) -> None:
    await building.build(settings, "role", RATE, said)
    try:
        asked(settings, "UPDATE tables_made SET definition = 'another' WHERE name = 'role__next'")
        await refused(switching.switch(settings, "role", "", said), "another version of Annal", "build role")
        await refused(building.compare_versions(settings, "role", said), "another version of Annal")
        await building.build(settings, "role", RATE, said)  # makes it anew
        asked(settings, "UPDATE positions SET read_to = read_to - 100000 WHERE projection = 'role__next'")
        await refused(switching.switch(settings, "role", "", said), "lacks", "annal projection build role")
    finally:
        await switching.drop(settings, "role", "next", "", said)


async def test_a_subject_is_held_seen_resumed_and_skipped(
    settings: Settings, http: httpx2.AsyncClient, said: Console
) -> None:
    """Somebody put a check on the table that some facts do not pass; later they take it away."""
    one, other = await given_invoices(http, 2)
    asked(settings, "ALTER TABLE resource ADD CONSTRAINT no_colons CHECK (name NOT LIKE '%:%')")
    try:
        for invoice in (one, other):
            await ask(http, "resource.rename", resource_id=invoice, name="a: b")
            await ask(http, "resource.tag", resource_id=invoice, tags=["late"])
        await within(settings, "SELECT 1 FROM held_fact", 4)
        assert await releasing.show_all(settings, said) == 1
        assert await listing.show_lag(settings, said) == 1
        await releasing.show(settings, "resource", one, said)
        assert '"name": "a: b"' in text(said)
        assert await releasing.resume(settings, "resource", one, said, dry=False) == 1
        ((position,),) = asked(
            settings,
            "SELECT concat_ws(':', domain, partition, read_at) FROM held_fact"  # noqa: S608 - our own
            f" WHERE subject = '{other}' AND error LIKE 'Check%'",
        )
        assert await releasing.skip(settings, "resource", position, "nobody means it", said) == 0
        assert await named(http, other) == (other, ["late"])
    finally:
        asked(settings, "ALTER TABLE resource DROP CONSTRAINT no_colons")
    assert await releasing.resume(settings, "resource", one, said, dry=True) == 0
    assert await releasing.resume(settings, "resource", one, said, dry=False) == 0
    assert await named(http, one) == ("a: b", ["late"])
    assert await releasing.show_all(settings, said) == 0
    # What comes later finds both as any other subject.
    for invoice in (one, other):
        position = await ask(http, "resource.tag", resource_id=invoice, tags=["paid"])
        answer = await http.get(f"/v1/resources/{invoice}", headers={**ALICE, "Annal-Min-Position": position})
        assert answer.json()["tags"] == ["late", "paid"]


async def named(http: httpx2.AsyncClient, invoice: str) -> tuple[str, list[str]]:
    answer = (await http.get(f"/v1/resources/{invoice}", headers=ALICE)).json()
    return answer["name"], answer["tags"]


async def test_all_is_listed(settings: Settings, said: Console) -> None:
    await listing.show_versions(settings, said)
    assert await listing.show_lag(settings, said) == 0
    for name in ("resource", "history", "resource_documents", "annal.projection.resource"):
        assert name in text(said)
