"""Every version of a kind has its row."""

from projections.kind import projection
from schemas.kind import KindDefined
from schemas.message import CommandUnchanged
from tests.projections.telling import Journal, rows_of


def defined(version: int, **schema: str) -> KindDefined:
    return KindDefined(kind_version=version, json_schema=schema, description="", owner="alice")


def test_a_version_stays_when_the_next_is_defined() -> None:
    journal = Journal("kind")
    journal.tell("book", defined(1, type="object"))
    journal.tell("book", CommandUnchanged())
    journal.tell("book", defined(2, title="Book"))
    rows = rows_of(projection, journal)
    assert set(rows) == {("book", 1), ("book", 2)}
    assert rows["book", 1]["json_schema"] == {"type": "object"}
    assert rows["book", 2]["position"] == "kind:0:2"
