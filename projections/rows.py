"""Rows in PostgreSQL: what a projection folds is written with its place in the same transaction, or not at all."""

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads
from sqlalchemy import Table

from infra import postgres, telemetry
from infra.settings import Settings, Unusable
from projections import metrics, statements
from projections.definitions import fingerprint
from projections.definitions import statements as making
from projections.fold import Folded, fold, wanted
from projections.projection import Key, Projection, Row
from projections.reading import Place, Progress, Stretch, Told, read, sentence

KNOWN_BYTES = 32 << 20
"""How much JSON the rows may be that are remembered; as Python's objects they take some times as much."""

UNWRITABLE = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, orjson.JSONEncodeError)
"""What is raised when PostgreSQL cannot keep a row that some fact made."""

log = telemetry.log(__name__)


class Unwritable(Exception):  # noqa: N818 - one fact among many; which one is found by writing fewer
    """PostgreSQL cannot keep a row that some fact made."""


async def look_up(connection: postgres.Connection, table: Table, load: bytes, keys: Sequence[Key]) -> dict[Key, Row]:
    """Give the rows of these keys that there are; `load` is the statement for it, of the same table."""
    names = statements.key_names(table)
    named = statements.parameter(dict(zip(names, key, strict=True)) for key in keys)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(load, [named])
        return {tuple(row[name] for name in names): row for row in await cursor.fetchall()}


class Rows:
    """Where the rows of a projection stand in PostgreSQL; `live` is the projection that a version is one of."""

    def __init__(self, settings: Settings, projection: Projection, live: Projection | None = None) -> None:
        self._settings = settings
        self._projection = projection
        self._definition = fingerprint(making((live or projection).table))
        self._made: int | None = None
        self._connection: postgres.Connection | None = None
        self._held: set[bytes] = set()
        self._known: dict[Key, Row] = {}
        self._known_bytes = 0
        self._written: dict[Place, Progress] = {}
        self._load_rows = statements.rows_of(projection.table)
        self._write_all = statements.write(projection.table)

    async def load(self, places: Sequence[Place]) -> dict[Place, Progress]:
        """Say how far each journal has been read into the rows. Raises Unusable if the table is another version's."""
        connection = await self._connected()
        named = {
            "projection": self._projection.name,
            "domain": [place.domain for place in places],
            "partition": [place.partition for place in places],
        }
        found = await (await connection.execute(statements.READ, named)).fetchall()
        if len(found) < len(places):
            await connection.execute(statements.BEGIN, named | {"genesis": Progress().head})
            found = await (await connection.execute(statements.READ, named)).fetchall()
        # Read after the places: whoever holds another fact back from here on moves a place, and is noticed.
        held = dict(await (await connection.execute(statements.HELD, named)).fetchall())
        made = await self._table(connection)
        if made != self._made or self._held - held.keys():
            # Another table has the name now, or held facts were applied by whoever repairs.
            self._forget()
        self._made, self._held = made, set(held)
        metrics.NOT_APPLIED.labels(self._projection.name).set(sum(held.values()))
        return {Place(domain, partition): Progress(*progress) for domain, partition, *progress in found}

    async def write(self, stretches: Sequence[Stretch]) -> bool:
        """Fold what was read into the rows; False if another process has moved one of the places, or the rows.

        A fact that PostgreSQL cannot keep is found by halving, and holds back its subject.
        """
        try:
            return await self._write(stretches)
        except Unwritable as error:
            for part in _parts(self._projection, stretches, error):
                if not await self.write([part]):
                    return False
            return True

    async def _write(self, stretches: Sequence[Stretch]) -> bool:
        """Write all or, if False is given or Unwritable raised, nothing."""
        connection = await self._connected()
        facts = [told for stretch in stretches for told in stretch.facts]
        if any(self._written.get(stretch.place) != stretch.before for stretch in stretches):
            self._forget()
        # Rows are read without a lock: they change with their places alone, and if those move nothing is written.
        rows = await self._rows(connection, wanted(self._projection, facts))
        folded = fold(self._projection, rows, facts, self._held)
        try:
            changed = statements.parameter(folded.rows.values())
            said = {
                "projection": self._projection.name,
                "places": statements.parameter(map(_moved, stretches)),
                "rows": changed,
                "held": statements.parameter(self._kept(*each) for each in folded.held),
                "made": self._made,
                "behind": list(self._held.intersection(_subjects(folded))),
            }
            moved = await connection.execute(self._write_all, said)
        except UNWRITABLE as error:
            raise Unwritable(reason(error)) from error
        if moved.rowcount < len(stretches):
            self._forget()
            return False
        self._written.update({stretch.place: stretch.after for stretch in stretches})
        self._know(folded.rows, len(changed))
        self._hold(folded)
        return True

    async def beat(self, reached: Mapping[Place, Progress], _near: Collection[Place]) -> bool:
        """Say whether all places are where they were left: not so if PostgreSQL came back without its last moments."""
        return await self.load(list(reached)) == reached

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _connected(self) -> postgres.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await postgres.connect(self._settings)
            set_json_loads(orjson.loads, self._connection)
            # Places go with rows, so whatever a crash of the server forgets is read again: no need to await the disk.
            await self._connection.execute("SET synchronous_commit TO off")
            # Rows are looked up by key alone; a plan made while the table was small must not outlive that.
            await self._connection.execute("SET enable_seqscan TO off")
        return self._connection

    async def _table(self, connection: postgres.Connection) -> int:
        """Give the table that has the projection's name now. Raises Unusable if another version of Annal made it."""
        name = self._projection.name
        found = await (await connection.execute(statements.MADE, {"projection": name})).fetchall()
        ((made, definition),) = found
        if definition not in (None, self._definition):
            raise Unusable(f"The table {name} was made by another version of Annal: run `annal project` of that one.")
        return int(made)

    async def _rows(self, connection: postgres.Connection, keys: Sequence[Key]) -> dict[Key, Row]:
        known = {key: self._known[key] for key in keys if key in self._known}
        if len(known) == len(keys):
            return known
        lacking = [key for key in keys if key not in known]
        return known | await look_up(connection, self._projection.table, self._load_rows, lacking)

    def _know(self, rows: Mapping[Key, Row], size: int) -> None:
        """Remember rows that were written: they stay so until somebody else moves one of the places."""
        if self._projection.grows:
            return
        if self._known_bytes + size > KNOWN_BYTES:
            self._forget()
        self._known.update(rows)
        self._known_bytes += size

    def _hold(self, folded: Folded) -> None:
        for told, error in folded.held:
            subject = told.record.key or b""
            if subject not in self._held:
                name = subject.decode(errors="replace")
                log.error("a fact holds back its subject", projection=self._projection.name, subject=name, reason=error)
            self._held.add(subject)

    def _forget(self) -> None:
        self._known.clear()
        self._known_bytes = 0

    def _kept(self, told: Told, error: str) -> Row:
        domain, partition, offset = told.position.split(":")
        headers = [
            [name.replace("\0", ""), base64.b64encode(value or b"").decode()] for name, value in told.record.headers
        ]
        return {
            "projection": self._projection.name,
            "domain": domain,
            "partition": int(partition),
            "read_at": int(offset),
            "subject": statements.bytea(told.record.key),
            "error": error,
            "value": statements.bytea(told.record.value),
            "headers": headers,
        }


def reason(error: Exception) -> str:
    """Say in one line why PostgreSQL does not keep a row, and nothing of what is in it."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return f"{type(error).__name__}: {said}" if said else sentence(error)


def _subjects(folded: Folded) -> set[bytes]:
    return {told.record.key or b"" for told, _ in folded.held}


def _parts(projection: Projection, stretches: Sequence[Stretch], error: Unwritable) -> Sequence[Stretch]:
    """Give smaller stretches to be written in turn; of one record, that with its fact held back. Raises the error."""
    stretch, *others = stretches
    half = len(stretch.records) // 2
    if others:
        return stretches
    if not half and all(told.recorded is None for told in stretch.facts):
        raise error
    if not half:
        return [replace(stretch, facts=[told._replace(recorded=None, error=str(error)) for told in stretch.facts])]
    first = read(projection, stretch.place, stretch.before, stretch.records[:half])
    return [first, read(projection, stretch.place, first.after, stretch.records[half:])]


def _moved(stretch: Stretch) -> Row:
    after = stretch.after._asdict() | {"head": statements.bytea(stretch.after.head)}
    return {**stretch.place._asdict(), "before": stretch.before.read_to, **after}
