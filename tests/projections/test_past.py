"""Every read can be of what was; who changed a field, when and from what is told, and never to who may not know now."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import postgres
from infra.settings import Settings
from projections.changes import differences, path_of
from projections.lens import AsOf, look_back
from projections.past import SUBJECTS, projection
from projections.rows import Rows
from projections.session import find
from schemas.kind import KindDefined
from schemas.problems import Problem
from schemas.resource import (
    ResourceChanged,
    ResourceRenamed,
    ResourceShared,
    ResourceTagged,
    ResourceTransferred,
    ResourceUnshared,
)
from schemas.wire import decode_fact
from tests.projections.knowing import Knowing
from tests.projections.telling import Journal, partition_of, registered, rows_of, stretches
from tests.projections.test_http import World, opened, problem


@pytest.fixture
async def world(ground: Settings, knowing: Knowing) -> AsyncIterator[World]:
    async with opened(ground) as client:
        yield World(client, knowing)


async def time_passes(world: World) -> None:
    """Let there be newer facts in every journal of resources, of somebody else."""
    for partition in range(8):
        name = next(name for name in (f"z{n}" for n in range(1000)) if partition_of(name) == partition)
        await world.tell(name, registered(owner="zed"))
        for n in range(9):
            await world.tell(name, ResourceRenamed(name=f"Name {n}"))


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_version_is_kept_as_the_subject_was() -> None:
    journal = Journal()
    journal.tell("r1", registered(name="One"))
    journal.tell("r1", ResourceRenamed(name="Two"), ResourceTagged(tags=("t",)))
    rows = rows_of(projection, journal)
    states = [rows["resource", "r1", version]["state"] for version in (1, 2, 3)]
    assert [(state["name"], state["tags"], state["version"]) for state in states] == [
        ("One", [], 1),
        ("Two", [], 2),
        ("Two", ["t"], 3),
    ]
    assert states[2] == rows_of(SUBJECTS["resource"], journal)["r1",]


async def test_what_follows_in_another_batch_goes_on_from_the_row_before(ground: Settings) -> None:
    journal, sink = Journal(), Rows(ground, projection)
    for name in ("One", "Two", "Three"):
        journal.tell("r1", registered(name=name) if name == "One" else ResourceRenamed(name=name))
        before = (await sink.load([journal.place]))[journal.place]
        await sink.close()
        for stretch in stretches(projection, journal, before=before):
            assert await sink.write([stretch])
    async with await postgres.connect(ground) as connection:
        found = await connection.execute("SELECT state->>'name', state->>'kind' FROM past ORDER BY version")
        assert await found.fetchall() == [("One", "book"), ("Two", "book"), ("Three", "book")]
    await sink.close()


# ── looking back ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_resource_is_read_as_it_was_at_a_position(world: World) -> None:
    first = await world.tell("r1", registered(name="One", attributes={"pages": 120}))
    now = await world.tell(
        "r1", ResourceRenamed(name="Two"), ResourceChanged(patch={"pages": 130}, kind_version=1, kind_position=0)
    )
    then = await world.get(f"/v1/resources/r1?as_of={first}")
    assert (then.json()["name"], then.json()["attributes"], then.headers["ETag"]) == ("One", {"pages": 120}, '"1"')
    assert then.headers["Annal-Position"] == first
    same = await world.get(f"/v1/resources/r1?as_of={now}")
    assert same.json() == (await world.get("/v1/resources/r1")).json()


async def test_before_it_was_there_it_is_not_found(world: World) -> None:
    first = await world.tell("r1", registered(name="One"))
    domain, partition, _ = first.split(":")
    other = next(name for name in (f"x{n}" for n in range(1000)) if partition_of(name) == int(partition))
    later = await world.tell(other, registered(name="Later"))
    answer = await world.get(f"/v1/resources/{other}?as_of={first}")
    assert problem(answer) == (404, "not_found")
    assert (await world.get(f"/v1/resources/{other}?as_of={later}")).status_code == 200
    assert domain == "resource"


async def test_who_may_read_the_past_is_told_by_the_rights_of_now(world: World) -> None:
    await world.tell("r1", registered())
    shared = await world.tell("r1", ResourceShared(account="bob", role="viewer"))
    gone = await world.tell("r1", ResourceUnshared(account="bob"))
    paths = [f"/v1/resources/r1?as_of={shared}", f"/v1/resources/r1/history?as_of={shared}"]
    paths += ["/v1/resources/r1/diff", "/v1/resources/r1/changes?field=/name"]
    for path in paths:
        assert problem(await world.get(path, by="bob")) == (404, "not_found")
        assert (await world.get(path)).status_code == 200
    await time_passes(world)
    assert await world.names(f"/v1/resources?as_of={shared}", by="bob") == []
    await world.tell("r1", ResourceTransferred(owner="eve", former_owner="alice"))
    then = await world.get(f"/v1/resources/r1?as_of={gone}", by="eve")
    assert then.json()["owner"] == "alice"


async def test_lists_are_as_they_were_with_all_filters(world: World) -> None:
    places = [await world.tell("r1", registered(name="One", tags=("a",)))]
    places.append(await world.tell("r2", registered(name="Two", tags=("b",))))
    then = ",".join(places)
    await world.tell("r1", ResourceRenamed(name="Uno"), ResourceTagged(tags=("b",)))
    # In a journal that is not named it would be as of the newest fact of those that are.
    third = next(name for name in (f"x{n}" for n in range(1000)) if partition_of(name) == partition_of("r1"))
    await world.tell(third, registered(name="Three", tags=("a",)))
    await time_passes(world)
    assert await world.names(f"/v1/resources?sort=name&as_of={then}") == ["One", "Two"]
    assert await world.names(f"/v1/resources?tag=a&as_of={then}") == ["One"]
    assert await world.names(f"/v1/resources?q=one&as_of={then}") == ["One"]
    assert await world.names("/v1/resources?tag=a&sort=name") == ["Three", "Uno"]
    page = (await world.get(f"/v1/resources?sort=name&limit=1&as_of={then}")).json()
    assert [item["name"] for item in page["items"]] == ["One"]
    assert await world.names(page["next"]) == ["Two"]


async def test_history_and_kinds_are_as_they_were(world: World) -> None:
    first = await world.tell(
        "book", KindDefined(kind_version=1, json_schema={}, description="", owner="a"), domain="kind"
    )
    await world.tell("book", KindDefined(kind_version=2, json_schema={}, description="", owner="a"), domain="kind")
    assert (await world.get(f"/v1/kinds/book?as_of={first}")).json()["kind_version"] == 1
    listed = (await world.get(f"/v1/kinds?as_of={first}")).json()["items"]
    assert [each["kind_version"] for each in listed] == [1]
    place = await world.tell("r1", registered())
    await world.tell("r1", ResourceRenamed(name="Two"))
    happened = (await world.get(f"/v1/resources/r1/history?as_of={place}")).json()["items"]
    assert [each["version"] for each in happened] == [1]


async def test_in_the_past_it_is_as_late_as_it_was(ground: Settings) -> None:
    """Whether a session could go on depends on the clock, which is looked back to as well."""
    async with await postgres.connect(ground) as connection, connection.transaction():
        await look_back(connection, AsOf(), datetime(2025, 1, 1, tzinfo=UTC))
        (now,) = await (await connection.execute("SELECT now()")).fetchone() or (None,)
        assert now == datetime(2025, 1, 1, tzinfo=UTC)
        assert await find(connection, "nobody's") is None


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("as_of=yesterday", "moment_invalid"),
        ("as_of=2026-01-05T09:30:00", "moment_invalid"),
        ("as_of=2999-01-01T00:00:00Z", "moment_in_future"),
        ("as_of=resource:99:1", "position_invalid"),
        ("as_of=nothing:0:1", "position_invalid"),
        ("as_of=resource:0:1,", "position_invalid"),
        ("as_of=resource:0:99999999999999999999", "position_invalid"),
        ("as_of=login:0:1", "position_invalid"),
    ],
)
async def test_what_is_no_moment_is_refused(world: World, asked: str, code: str) -> None:
    for path in ("/v1/resources/r1", "/v1/resources", "/v1/kinds"):
        assert problem(await world.get(f"{path}?{asked}")) == (400, code)


async def test_of_a_journal_whose_end_nobody_knows_nothing_is_said(world: World) -> None:
    """Kafka is away here: what the other journals had by then cannot be known to be known."""
    first = await world.tell("r1", registered())
    answer = await world.get(f"/v1/resources?as_of={first}")
    assert problem(answer) == (503, "kafka_unavailable")


async def test_while_a_fact_is_held_back_nobody_is_told_of_the_past(world: World, ground: Settings) -> None:
    """It may be the one that took the right away."""
    first = await world.tell("r1", registered())
    paths = [f"/v1/resources/r1?as_of={first}", "/v1/resources/r1/history", "/v1/resources/r1/diff"]
    for path in (*paths, "/v1/resources/r1/changes?field=/name"):
        assert (await world.get(path)).status_code == 200
    async with await postgres.connect(ground) as connection:
        await connection.execute(
            "INSERT INTO held_fact (projection, domain, partition, read_at, subject, error, value, headers)"
            " VALUES ('resource', 'resource', 0, 9, 'r1', 'it is held', '', '[]')"
        )
    for path in (*paths, "/v1/resources/r1/changes?field=/name"):
        assert problem(await world.get(path)) == (404, "not_found")


def test_a_version_without_the_one_before_is_held_back() -> None:
    journal = Journal()
    journal.tell("r1", registered())
    journal.tell("r1", ResourceRenamed(name="Two"))
    recorded = decode_fact(journal.records[1].value)
    with pytest.raises(ValueError, match="the version before 2 is not known"):
        projection.project(None, recorded, "resource:0:1")


async def test_what_history_does_not_tell_of_yet_is_not_compared(world: World, ground: Settings) -> None:
    await world.tell("r1", registered(name="One"))
    await world.tell("r1", ResourceRenamed(name="Two"))
    async with await postgres.connect(ground) as connection:
        await connection.execute("DELETE FROM history WHERE subject = 'r1' AND version = 2")
    told = (await world.get("/v1/resources/r1/diff?from=1")).json()
    assert (told["to"], told["changes"]) == (1, [])
    async with await postgres.connect(ground) as connection:
        await connection.execute("UPDATE history SET version = 2 WHERE subject = 'r1'")
    answer = await world.get("/v1/resources/r1/diff")
    assert problem(answer) == (503, "read_model_behind")


# ── who changed it ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_who_changed_a_field_is_told_with_what_it_was(world: World) -> None:
    await world.tell("r1", registered(attributes={"pages": 120, "by": {"name": "Borges"}}))
    await world.tell("r1", ResourceChanged(patch={"pages": 130}, kind_version=1, kind_position=0), actor="bob")
    command = world.command
    await world.tell("r1", ResourceRenamed(name="Other"))
    await world.tell(
        "r1", ResourceChanged(patch={"by": {"name": "B."}, "pages": None}, kind_version=1, kind_position=0)
    )
    items = (await world.get("/v1/resources/r1/changes?field=/attributes/pages")).json()["items"]
    told = [(each["version"], each["before"], each["after"], each["actor"]["id"]) for each in items]
    assert told == [(4, 130, None, "alice"), (2, 120, 130, "bob"), (1, None, 120, "alice")]
    assert items[1]["command_id"] == command
    (first,) = (await world.get("/v1/resources/r1/changes?field=/attributes/pages&limit=1")).json()["items"]
    assert first["version"] == 4
    nested = (await world.get("/v1/resources/r1/changes?field=/attributes/by/name")).json()["items"]
    assert [each["version"] for each in nested] == [4, 1]
    assert (await world.get("/v1/resources/r1/changes?field=/attributes/none")).json()["items"] == []


async def test_a_difference_names_each_field_and_who_changed_it_last(world: World) -> None:
    first = await world.tell("r1", registered(name="One", attributes={"pages": 120}))
    await world.tell("r1", ResourceChanged(patch={"pages": 130}, kind_version=1, kind_position=0), actor="bob")
    await world.tell("r1", ResourceChanged(patch={"pages": 140}, kind_version=1, kind_position=0), actor="eve")
    await world.tell("r1", ResourceRenamed(name="Two"), actor="bob")
    for since in ("1", first):
        told = (await world.get(f"/v1/resources/r1/diff?from={since}")).json()
        assert (told["from"], told["to"]) == (1, 4)
        fields = [
            (each["field"], each["before"], each["after"], each["changed"]["actor"]["id"]) for each in told["changes"]
        ]
        assert fields == [("/attributes/pages", 120, 140, "eve"), ("/name", "One", "Two", "bob")]
    between = (await world.get("/v1/resources/r1/diff?from=2&to=3")).json()
    assert [(each["before"], each["after"]) for each in between["changes"]] == [(130, 140)]
    whole = (await world.get("/v1/resources/r1/diff")).json()
    assert whole["from"] == 0
    assert {"/name", "/owner", "/kind"} < {each["field"] for each in whole["changes"]}


async def test_what_cannot_be_compared_is_refused(world: World) -> None:
    await world.tell("r1", registered())
    await world.tell("r1", ResourceRenamed(name="Two"))
    assert problem(await world.get("/v1/resources/r1/diff?from=2&to=1")) == (422, "query_invalid")
    assert problem(await world.get("/v1/resources/r1/diff?from=soon")) == (400, "moment_invalid")
    assert problem(await world.get("/v1/resources/r1/changes?field=name")) == (422, "query_invalid")
    assert problem(await world.get("/v1/resources/r1/changes")) == (422, "query_invalid")
    assert problem(await world.get("/v1/resources/r2/diff")) == (404, "not_found")


# ── pure ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

names = st.text(st.characters(exclude_characters="\0"), max_size=3)
values = st.recursive(st.none() | st.booleans() | st.integers() | names, lambda inner: st.lists(inner, max_size=2))
objects = st.recursive(
    st.dictionaries(names, values, max_size=3),
    lambda inner: st.dictionaries(names, values | inner, max_size=3),
)


@given(objects)
def test_nothing_differs_from_itself(said: dict[str, object]) -> None:
    assert differences(said, said) == {}


@given(objects, objects)
def test_every_difference_is_found_where_its_path_leads(before: dict[str, object], after: dict[str, object]) -> None:
    for pointer, (was, now) in differences(before, after).items():
        assert (type(was), was) != (type(now), now)
        assert (_found(before, path_of(pointer)), _found(after, path_of(pointer))) == (was, now)


def test_true_is_not_one_as_json_has_it() -> None:
    assert differences({"a": 1, "b": [0]}, {"a": True, "b": [False]}) == {"/a": (1, True), "/b": ([0], [False])}
    assert differences({"a": 1}, {"a": 1.0}) == {}


def test_a_pointer_may_hold_what_separates_names() -> None:
    assert differences({"a/b~c": 1}, {"a/b~c": 2}) == {"/a~1b~0c": (1, 2)}
    assert path_of("/a~1b~0c") == ["a/b~c"]
    with pytest.raises(Problem):
        path_of("a")


def _found(said: object, path: list[str]) -> object:
    for name in path:
        said = said.get(name) if isinstance(said, dict) else None
    return said
