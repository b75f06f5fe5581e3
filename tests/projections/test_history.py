"""Every fact of every domain has its row."""

from infra import postgres
from infra.settings import Settings
from projections.history import NEWEST, page, projection
from schemas.kind import KindDefined
from schemas.message import Actor, CommandRejected, CommandUnchanged
from schemas.resource import ResourceTagged
from tests.projections.knowing import Knowing
from tests.projections.people import opened, proof
from tests.projections.telling import Journal, registered, rows_of


def test_a_fact_is_kept_as_it_was_said_with_who_and_why() -> None:
    journal = Journal()
    journal.tell("r1", registered())
    command = journal.tell("r1", ResourceTagged(tags=("a", "b")), actor=Actor(id="bob", via="cli", address="::1"))
    row = rows_of(projection, journal)["resource", "r1", 2]
    assert (row["type"], row["data"]) == ("resource.tagged", {"tags": ("a", "b")})
    assert row["actor"] == {"id": "bob", "via": "cli", "on_behalf_of": None, "address": "::1"}
    assert (row["command_id"], row["correlation_id"], row["causation_id"]) == (command, command, None)
    assert row["position"] == "resource:0:1"


def test_only_what_happened_is_history() -> None:
    journal = Journal()
    journal.tell("r1", registered())
    journal.tell("r1", CommandUnchanged())
    journal.tell("r1", CommandRejected(code="resource_exists", reason="It is there."))
    assert list(rows_of(projection, journal)) == [("resource", "r1", 1)]


def test_domains_do_not_mix() -> None:
    kinds, resources = Journal("kind"), Journal()
    kinds.tell("book", KindDefined(kind_version=1, json_schema={}, description="", owner="alice"))
    resources.tell("book", registered())
    rows = rows_of(projection, kinds) | rows_of(projection, resources)
    assert set(rows) == {("kind", "book", 1), ("resource", "book", 1)}


async def test_what_a_fact_holds_within_it_is_kept_too(ground: Settings, knowing: Knowing) -> None:
    await knowing.tell("account", "alice", opened(proof=proof()))
    async with await postgres.connect(ground) as connection:
        (row,) = await page(connection, "account", "alice", NEWEST, 10)
    assert row["data"] == opened(proof=proof()).model_dump(mode="json")
