"""What each fact makes of a resource's row."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given

from projections.projection import Row
from projections.resource import projection
from schemas.message import CommandRejected, CommandUnchanged, Fact
from schemas.resource import (
    ResourceChanged,
    ResourceRenamed,
    ResourceRestored,
    ResourceReverted,
    ResourceShared,
    ResourceTagged,
    ResourceTransferred,
    ResourceTrashed,
    ResourceUnshared,
    ResourceUntagged,
)
from tests.commands.strategies import Asked, resource_sequences
from tests.commands.test_laws import states
from tests.projections.telling import Journal, registered, rows_of


def row_after(*facts: Fact) -> Row:
    journal = Journal()
    for fact in facts:
        journal.tell("r1", fact)
    return rows_of(projection, journal)["r1",]


def test_a_registered_resource_belongs_to_who_registered_it() -> None:
    moment = datetime(2025, 11, 24, 16, 0, tzinfo=UTC)
    assert row_after(registered(attributes={"pages": 120}, tags=("argentina", "fiction"))) == {
        "resource_id": "r1",
        "kind": "book",
        "kind_version": 1,
        "name": "The book of sand",
        "attributes": {"pages": 120},
        "tags": ["argentina", "fiction"],
        "owner": "alice",
        "editors": [],
        "viewers": [],
        "trashed": False,
        "version": 1,
        "created_time": moment,
        "updated_time": moment,
        "position": "resource:0:0",
    }


def test_every_fact_moves_version_time_and_position() -> None:
    row = row_after(registered(), ResourceRenamed(name="Ficciones"))
    assert row["name"] == "Ficciones"
    assert (row["version"], row["position"]) == (2, "resource:0:1")
    assert row["updated_time"] > row["created_time"]


CASES: dict[str, tuple[list[Fact], dict[str, Any]]] = {
    "a change removes, adds and moves to another version of the kind": (
        [ResourceChanged(patch={"pages": None, "year": 1975}, kind_version=2, kind_position=5)],
        {"attributes": {"title": {"en": "x"}, "year": 1975}, "kind_version": 2},
    ),
    "a change reaches inside": (
        [ResourceChanged(patch={"title": {"es": "y"}}, kind_version=1, kind_position=0)],
        {"attributes": {"pages": 120, "title": {"en": "x", "es": "y"}}},
    ),
    "tags are sorted": ([ResourceTagged(tags=("z", "a"))], {"tags": ["a", "m", "z"]}),
    "a tag goes": ([ResourceUntagged(tags=("m",))], {"tags": []}),
    "a viewer comes": ([ResourceShared(account="bob", role="viewer")], {"viewers": ["bob"], "editors": []}),
    "an account has one role": (
        [ResourceShared(account="bob", role="viewer"), ResourceShared(account="bob", role="editor")],
        {"viewers": [], "editors": ["bob"]},
    ),
    "a role goes": ([ResourceShared(account="bob", role="editor"), ResourceUnshared(account="bob")], {"editors": []}),
    "a former owner is an editor": (
        [ResourceShared(account="bob", role="viewer"), ResourceTransferred(owner="bob", former_owner="alice")],
        {"owner": "bob", "editors": ["alice"], "viewers": []},
    ),
    "into the trash": ([ResourceTrashed()], {"trashed": True}),
    "out of the trash": ([ResourceTrashed(), ResourceRestored()], {"trashed": False}),
    "back to what it was": (
        [
            ResourceRenamed(name="Ficciones"),
            ResourceReverted(to_version=1, kind_version=1, name="Sand", attributes={"pages": 1}, tags=("b",)),
        ],
        {"name": "Sand", "attributes": {"pages": 1}, "tags": ["b"]},
    ),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES)
def test_a_fact_changes_what_it_says_and_nothing_else(facts: list[Fact], expected: dict[str, Any]) -> None:
    first = registered(attributes={"pages": 120, "title": {"en": "x"}}, tags=("m",))
    before, after = row_after(first), row_after(first, *facts)
    moving = {"version", "updated_time", "position"}
    assert {name: after[name] for name in expected} == expected
    assert {name: after[name] for name in after.keys() - expected.keys() - moving} == {
        name: before[name] for name in before.keys() - expected.keys() - moving
    }


def test_a_refusal_and_an_unchanged_command_leave_the_row_as_it_is() -> None:
    refused = CommandRejected(code="resource_exists", reason="It is there.")
    assert row_after(registered(), refused, CommandUnchanged()) == row_after(registered())


@given(resource_sequences())
def test_a_row_says_what_the_rules_know(asked: list[Asked]) -> None:
    journal = Journal()
    known: dict[str, Any] = {}
    for _, command, _, after, outcome in states("resource", asked):
        if isinstance(outcome, list):
            journal.tell(command.subject, *outcome)
        known[command.subject] = after
    rows = rows_of(projection, journal)
    for subject, state in known.items():
        row = rows[subject,]
        assert (row["version"], row["kind"], row["owner"], row["trashed"]) == (
            state.version,
            state.kind,
            state.owner,
            state.trashed,
        )
        assert dict.fromkeys(row["editors"], "editor") | dict.fromkeys(row["viewers"], "viewer") == state.roles
        assert (row["name"], row["kind_version"], tuple(row["tags"])) == (
            state.content.name,
            state.content.kind_version,
            state.content.tags,
        )
        assert row["attributes"] == orjson.loads(state.content.attributes)
