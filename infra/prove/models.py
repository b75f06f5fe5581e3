"""Folds a journal again and compares what that makes with the rows in PostgreSQL, as they stand in one snapshot."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
from psycopg import IsolationLevel, sql
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from infra import postgres
from infra.prove.asked import Wrong
from infra.prove.walk import TOLD
from infra.records import Records
from infra.settings import Settings, Unusable
from projections import quarantine, statements
from projections.projection import Key, Projection, Row
from projections.read_models import READ_MODELS
from projections.reading import Place, Progress, Told, read
from schemas import topics
from schemas.checkpoint import Journal

_READ = "SELECT projection, domain, partition, read_to FROM positions"
_HELD = "SELECT projection, domain, partition, subject, min(read_at) FROM held_fact GROUP BY 1, 2, 3, 4"
_ROWS = "SELECT split_part(position, ':', 1), split_part(position, ':', 2)::int, count(*) FROM {} GROUP BY 1, 2"
_PLACED = "SELECT domain, partition, count(*) FROM {} GROUP BY 1, 2"
"""The same of a read model that keeps its places in columns."""

LONGEST = 500
"""Characters that are told of a difference."""


@dataclass
class Snapshot:
    """What PostgreSQL held at one moment: how far each read model was, and its rows by journal.

    `held` are the facts that it held back, by their subjects the first of each, and `skipped` those it goes without.
    """

    name: str
    read_to: dict[tuple[str, Journal], int]
    held: dict[tuple[str, Journal], dict[bytes, int]]
    rows: Counter[tuple[str, Journal]]
    skipped: dict[str, set[str]]


@dataclass
class Compared:
    """What was looked at of one read model and one journal, and what was found."""

    projection: str
    journal: Journal
    facts: int = 0
    rows: int = 0
    held: int = 0
    wrong: list[Wrong] = field(default_factory=list)


@contextmanager
def snapshot(settings: Settings, projections: Sequence[Projection]) -> Iterator[Snapshot]:
    """Keep a moment of PostgreSQL for all who compare, until the block ends. Raises Unusable."""
    try:
        with _connected(settings) as connection, connection.transaction():
            (name,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
            found = Snapshot(name, {}, {}, Counter(), {})
            for projection, domain, partition, read_to in connection.execute(_READ):
                found.read_to[projection, Journal(domain, partition)] = read_to
            for projection, domain, partition, subject, read_at in connection.execute(_HELD):
                found.held.setdefault((projection, Journal(domain, partition)), {})[subject] = read_at
            for projection in projections:
                skipped = connection.execute(quarantine.SKIPPED, {"name": projection.name})
                found.skipped[projection.name] = {position for (position,) in skipped}
                count = _ROWS if "position" in projection.table.c else _PLACED
                for domain, partition, rows in connection.execute(
                    sql.SQL(count).format(sql.Identifier(projection.name))
                ):
                    found.rows[projection.name, Journal(domain, partition)] = rows
            yield found
    except psycopg.Error as error:
        raise Unusable(f"PostgreSQL does not show its read models ({str(error).strip()}): see that it runs.") from error


def compare(
    settings: Settings,
    moment: Snapshot,
    name: Journal,
    told: Callable[[int], object],
    projections: Sequence[Projection] = READ_MODELS,
) -> list[Compared]:
    """Fold a journal into each read model that follows it, and compare; `told` hears how many records were read.

    Raises Unusable.
    """
    topic = topics.facts(name.domain)
    with _connected(settings) as connection, connection.transaction(), Records(settings) as reader:
        connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(moment.name)))
        folding = [
            _Folding(connection, each, name, moment)
            for each in projections
            if name.domain in {domain.name for domain in each.domains} and (each.name, name) in moment.read_to
        ]
        end = max((each.read_to + 1 for each in folding), default=0)
        for batch in reader.read(topic, name.partition, 0, min(end, reader.around(topic, name.partition)[1])):
            for each in folding:
                each.take(batch)
            told(len(batch))
        return [each.close() for each in folding]


class _Folding:
    """A read model in the making, beside the one that is there.

    A row says by its `position` which fact made it what it is. When the fold comes to that fact the two must be alike,
    and the row need not be remembered any more.
    """

    def __init__(self, connection: Any, projection: Projection, name: Journal, moment: Snapshot) -> None:
        key = projection.name, name
        self.read_to = moment.read_to[key]
        self._found = Compared(projection.name, name)
        self._connection = connection
        self._projection = projection
        self._held = moment.held.get(key, {})
        self._skipped = moment.skipped[projection.name]
        self._there = moment.rows[key]
        self._load = statements.rows_of(projection.table)
        self._names = statements.key_names(projection.table)
        self._rows: dict[Key, Row] = {}
        self._done = Progress()

    def take(self, records: Sequence[Any]) -> None:
        """Fold records, and compare the rows that are then what they are in PostgreSQL."""
        records = [each for each in records if each.offset <= self.read_to]
        if not records:
            return
        stretch = read(self._projection, Place(*self._found.journal), self._done, records)
        self._done = stretch.after
        facts = [told for told in stretch.facts if told.key is not None or told.recorded is None]
        there = self._ask({key for told in facts for key in self._keys(told)})
        touched = dict.fromkeys(key for told in facts if (key := self._fold(told, there)) is not None)
        for key in touched:
            self._compare(key, there.get(key))
        for told in facts:
            for key in self._keys(told)[1:]:  # nothing else is made of it
                self._rows.pop(key, None)

    def close(self) -> Compared:
        """Give what was found, once all was read that the read model has read."""
        for key, row in self._rows.items():
            if self._projection.follows is None:
                self._wrong(_offset(row), key, "is of a later fact in PostgreSQL, and there is none")
        missing = self._there - self._found.rows
        if missing > 0 and not self._found.wrong:
            said = f"{missing} rows of {self._projection.name} are in PostgreSQL that no fact made"
            self._found.wrong.append(Wrong(str(self._found.journal), said))
        return self._found

    def _keys(self, told: Told) -> tuple[Key, ...]:
        if told.recorded is None or told.key is None:
            return ()
        follows = self._projection.follows
        return (told.key,) if follows is None else (told.key, follows(told.recorded))

    def _fold(self, told: Told, there: Mapping[Key, Row]) -> Key | None:
        """Apply a fact; give the key of the row that it made, if it made one."""
        offset = told.record.offset
        if offset >= self._held.get(told.record.key or b"", self.read_to + 1):
            self._found.held += 1
            return None
        if told.position in self._skipped:
            return None
        self._found.facts += 1
        if told.recorded is None or told.key is None:
            self._wrong(offset, (), f"cannot be made, and no fact is held back: {told.error}")
            return None
        *_, before = self._keys(told)
        row = self._rows.get(before) or _earlier(there.get(before), offset)
        try:
            self._rows[told.key] = self._projection.project(row, told.recorded, told.position)
        except Exception as error:  # noqa: BLE001 - whatever a fold raises, it could not have made the row
            self._wrong(offset, told.key, f"cannot be made: {type(error).__name__}: {error}")
            return None
        return told.key

    def _compare(self, key: Key, there: Row | None) -> None:
        row = self._rows.get(key)
        if row is None:
            return
        if there is None:
            self._wrong(_offset(row), key, "is not in PostgreSQL")
        elif (at := _offset(there)) > _offset(row):
            return
        elif at < _offset(row):
            self._wrong(_offset(row), key, f"is still what {self._found.journal}:{at} made of it")
        else:
            self._found.rows += 1
            differing = _differing(row, there)
            if differing:
                told = "; ".join(
                    f"{name} is {found!r} and was to be {due!r}" for name, (found, due) in differing.items()
                )
                self._wrong(_offset(row), key, told[:LONGEST])
        if self._projection.follows is None:
            del self._rows[key]

    def _ask(self, keys: set[Key]) -> dict[Key, Row]:
        named = statements.parameter(dict(zip(self._names, key, strict=True)) for key in keys)
        with self._connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(self._load, [named])
            return {tuple(row[name] for name in self._names): row for row in cursor.fetchall()}

    def _wrong(self, offset: int, key: Key, said: str) -> None:
        if len(self._found.wrong) < TOLD:
            which = f"{self._projection.name} {' '.join(map(str, key))}".strip()
            self._found.wrong.append(Wrong(f"{self._found.journal}:{offset}", f"the row {which} {said}"))


def _earlier(row: Row | None, offset: int) -> Row | None:
    return row if row is not None and _offset(row) < offset else None


def _offset(row: Row) -> int:
    """Give where the fact stands that made a row what it is."""
    return int(row["position"].rpartition(":")[2] if "position" in row else row["read_at"])


def _differing(due: Row, found: Row) -> dict[str, tuple[Any, Any]]:
    one, other = _plain(due), _plain(found)
    return {name: (other.get(name), value) for name, value in one.items() if other.get(name) != value}


def _plain(row: Row) -> Row:
    """Give a row as JSON has it: what PostgreSQL gave back may be of other types of Python."""
    plain: Row = orjson.loads(orjson.dumps(row, default=vars))
    return plain


@contextmanager
def _connected(settings: Settings) -> Iterator[Any]:
    with psycopg.connect(postgres.url(settings), autocommit=True, application_name="annal") as connection:
        set_json_loads(orjson.loads, connection)
        connection.execute("SET TimeZone TO 'UTC'")
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        yield connection
