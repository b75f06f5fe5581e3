"""Rows in PostgreSQL: what a projection folds is written with its place in the same transaction, or not at all."""

import base64
from collections.abc import Collection, Mapping, Sequence

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from infra import postgres
from infra.settings import Settings
from projections import metrics, statements
from projections.fold import fold, wanted
from projections.projection import Key, Projection, Row
from projections.reading import Place, Progress, Stretch, Told

KNOWN_BYTES = 32 << 20
"""How much JSON the rows may be that are remembered; as Python's objects they take some times as much."""

_UNWRITABLE = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, orjson.JSONEncodeError)


class Unwritable(Exception):  # noqa: N818 - one fact among many; which one is found by writing fewer
    """PostgreSQL cannot keep a row that some fact made."""


class Rows:
    """Where the rows of a projection stand in PostgreSQL."""

    def __init__(self, settings: Settings, projection: Projection) -> None:
        self._settings = settings
        self._projection = projection
        self._connection: postgres.Connection | None = None
        self._held: set[bytes] = set()
        self._known: dict[Key, Row] = {}
        self._known_bytes = 0
        self._written: dict[Place, Progress] = {}
        self._load_rows = statements.rows_of(projection.table)
        self._write_all = statements.write(projection.table)

    async def load(self, places: Sequence[Place]) -> dict[Place, Progress]:
        """Say how far each journal has been read into the rows."""
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
        self._held = set(held)
        metrics.NOT_APPLIED.labels(self._projection.name).set(sum(held.values()))
        return {Place(domain, partition): Progress(*progress) for domain, partition, *progress in found}

    async def write(self, stretches: Sequence[Stretch]) -> bool:
        """Fold what was read into the rows; False, and nothing written, if another process has moved one of the places.

        Raises Unwritable, and then nothing is written either.
        """
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
            }
            moved = await connection.execute(self._write_all, said)
        except _UNWRITABLE as error:
            raise Unwritable(str(error)) from error
        if moved.rowcount < len(stretches):
            return False
        self._written.update({stretch.place: stretch.after for stretch in stretches})
        self._know(folded.rows, len(changed))
        self._held.update(told.record.key or b"" for told, _ in folded.held)
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

    async def _rows(self, connection: postgres.Connection, keys: Sequence[Key]) -> dict[Key, Row]:
        known = {key: self._known[key] for key in keys if key in self._known}
        if len(known) == len(keys):
            return known
        names = statements.key_names(self._projection.table)
        named = statements.parameter(dict(zip(names, key, strict=True)) for key in keys if key not in known)
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(self._load_rows, [named])
            return known | {tuple(row[name] for name in names): row for row in await cursor.fetchall()}

    def _know(self, rows: Mapping[Key, Row], size: int) -> None:
        """Remember rows that were written: they stay so until somebody else moves one of the places."""
        if self._projection.grows:
            return
        if self._known_bytes + size > KNOWN_BYTES:
            self._forget()
        self._known.update(rows)
        self._known_bytes += size

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


def _moved(stretch: Stretch) -> Row:
    after = stretch.after._asdict() | {"head": statements.bytea(stretch.after.head)}
    return {**stretch.place._asdict(), "before": stretch.before.read_to, **after}
