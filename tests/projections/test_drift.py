"""The standing audit finds rows that are not what their facts make, and takes none for wrong that only lags."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from infra import postgres
from infra.postgres import Connection
from infra.settings import Settings
from projections import drift, history, resource, versions
from projections.drift import drifted
from projections.projection import Projection, Row
from projections.rows import Rows
from schemas.projection import FactSkipped
from schemas.resource import ResourceRenamed, ResourceShared, ResourceTagged
from tests.projections.telling import Journal, registered, stretches
from tests.projections.test_follow import run


@pytest.fixture
async def connection(ground: Settings) -> AsyncIterator[Connection]:
    async with await postgres.connect(ground) as connection:
        yield connection


async def project(settings: Settings, projection: Projection, journal: Journal, end: int | None = None) -> None:
    """Let a projection read a journal, or only so many of its records."""
    rows = Rows(settings, projection)
    reached = (await rows.load([journal.place]))[journal.place]
    cut = Journal(journal.domain, journal.partition, journal.records[:end])
    for stretch in stretches(projection, cut, before=reached) if cut.records else ():
        assert await rows.write([stretch])
    await rows.close()


def a_journal() -> Journal:
    journal = Journal()
    for n in range(30):
        journal.tell(f"r{n}", registered(attributes={"n": n, "of": [{"é": None}]}, tags=("a",)))
        journal.tell(f"r{n}", ResourceRenamed(name=f"{n} renamed"), ResourceTagged(tags=("b",)))
        journal.tell(f"r{n}", ResourceShared(account="bob", role="viewer"))
    return journal


@pytest.fixture
async def read(ground: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Let resources and history have read the same journal, and the audit look at all subjects."""
    monkeypatch.setattr(drift, "SAMPLE", 40)
    journal = a_journal()
    await project(ground, resource.projection, journal)
    await project(ground, history.projection, journal)
    return ground


async def test_rows_that_are_the_fold_of_their_facts_have_not_drifted(ground: Settings, connection: Connection) -> None:
    journal = a_journal()
    await project(ground, resource.projection, journal)
    await project(ground, history.projection, journal)
    assert await drift.audit(connection, resource.projection) == {}
    assert await drifted(connection) == []


async def test_a_row_that_was_changed_by_hand_is_found_and_known_until_it_is_mended(
    read: Settings, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run(read, "UPDATE resource SET name = 'wrong', tags = '{}' WHERE resource_id = 'r7'")
    assert await drift.audit(connection, resource.projection) == {"r7": ["name", "tags"]}
    (known,) = await drifted(connection)
    assert (known.projection, known.subject, known.columns) == ("resource", "r7", ["name", "tags"])
    # Whether or not the sample comes upon it again.
    monkeypatch.setattr(drift, "SAMPLE", 0)
    await run(read, "UPDATE resource SET tags = '{a,b}' WHERE resource_id = 'r7'")
    assert await drift.audit(connection, resource.projection) == {"r7": ["name"]}
    await run(read, "UPDATE resource SET name = '7 renamed' WHERE resource_id = 'r7'")
    assert await drift.audit(connection, resource.projection) == {}
    assert await drifted(connection) == []


async def test_a_row_whose_facts_cannot_be_folded_any_more_has_drifted(read: Settings, connection: Connection) -> None:
    await run(read, "UPDATE history SET type = 'resource.unheard_of' WHERE subject = 'r7' AND version = 2")
    assert list(await drift.audit(connection, resource.projection)) == ["r7"]


@pytest.mark.parametrize(("rows", "facts"), [(120, 61), (61, 120), (120, 0), (0, 120), (75, 75)])
async def test_what_only_lags_has_not_drifted(ground: Settings, connection: Connection, rows: int, facts: int) -> None:
    journal = a_journal()
    await project(ground, resource.projection, journal, rows)
    await project(ground, history.projection, journal, facts)
    assert await drift.audit(connection, resource.projection) == {}


async def test_a_fact_that_was_skipped_is_not_missed(read: Settings, connection: Connection) -> None:
    await run(read, "UPDATE resource SET name = 'The book of sand' WHERE resource_id = 'r0'")
    assert list(await drift.audit(connection, resource.projection)) == ["r0"]
    skips = Journal("projection")
    skips.tell("resource", FactSkipped(position="resource:0:1", operator="ada", reason="it was never so"))
    await project(read, history.projection, skips)
    assert await drift.audit(connection, resource.projection) == {}


async def test_a_fact_that_another_build_goes_without_is_missed(read: Settings, connection: Connection) -> None:
    await run(read, "UPDATE resource SET name = 'The book of sand' WHERE resource_id = 'r0'")
    skips, live = Journal("projection"), await versions.find(connection, "resource")
    assert live is not None
    said = {"position": "resource:0:1", "operator": "ada", "reason": "it was never so"}
    skips.tell("resource", FactSkipped(build="another", **said))
    await project(read, history.projection, skips)
    assert await drift.audit(connection, resource.projection) == {"r0": ["name"]}
    skips.tell("resource", FactSkipped(build=live.build, **said))
    await project(read, history.projection, skips)
    assert await drift.audit(connection, resource.projection) == {}


async def test_a_row_that_is_gone_has_drifted_while_there_are_facts_of_it(
    read: Settings, connection: Connection
) -> None:
    await run(read, "DELETE FROM resource WHERE resource_id = 'r7'")
    assert await drift.audit(connection, resource.projection) == {"r7": [drift.MISSING]}
    await run(read, "DELETE FROM history WHERE subject = 'r7'")
    assert await drift.audit(connection, resource.projection) == {}
    assert await drifted(connection) == []


async def test_a_row_that_is_held_back_is_not_missing(
    ground: Settings, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "SAMPLE", 40)
    journal = a_journal()

    def never(*_: object) -> Row:
        raise ValueError("not by these rules")

    await project(ground, replace(resource.projection, project=never), journal)
    await project(ground, history.projection, journal)
    assert await run(ground, "SELECT count(*) FROM resource") == [(0,)]
    assert await drift.audit(connection, resource.projection) == {}


async def test_a_row_of_more_facts_than_there_are_has_drifted(read: Settings, connection: Connection) -> None:
    await run(read, "UPDATE resource SET version = 9 WHERE resource_id = 'r7'")
    assert await drift.audit(connection, resource.projection) == {"r7": ["version"]}


async def test_what_has_drifted_stays_known_while_it_cannot_be_compared(
    ground: Settings, connection: Connection
) -> None:
    journal = a_journal()
    await project(ground, resource.projection, journal)
    await project(ground, history.projection, journal)
    await run(ground, "UPDATE resource SET name = 'wrong'")
    assert await drift.audit(connection, resource.projection)
    known = await drifted(connection)
    await run(ground, "UPDATE positions SET read_to = -1 WHERE projection = 'history'")
    await run(ground, "DELETE FROM history")
    assert await drift.audit(connection, resource.projection) == {}
    await run(ground, "DELETE FROM resource")
    assert await drift.audit(connection, resource.projection) == {}
    assert await drifted(connection) == known


def test_every_read_model_with_a_row_for_each_subject_is_audited() -> None:
    named = {projection.name for projection in drift.AUDITED}
    assert named == {"resource", "account", "address", "totp", "session", "apikey", "role", "character", "conversation"}
