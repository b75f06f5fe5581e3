"""The tables of the knowledge base, in a schema of their own: an index of what stands elsewhere, made anew at will."""

from typing import Any

from sqlalchemy import Column, Computed, Connection, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.schema import CreateSchema
from sqlalchemy.types import UserDefinedType

from infra import postgres
from infra.settings import Settings, Unusable

ONE_AT_A_TIME = 7_215_203
"""The advisory lock that the makers of the tables queue for; any number that nobody else uses."""

DIMENSIONS = 384
"""Of the vectors that agent/understanding/embedding.py makes."""

_WORDS = (
    "setweight(to_tsvector('english'::regconfig, title || ' ' || heading), 'A') || "
    "to_tsvector('english'::regconfig, text)"
)

metadata = MetaData(schema="knowledge")


class Vector(UserDefinedType[str]):
    """The type of pgvector; PostgreSQL reads and writes it as text, such as [0.5,-0.25]."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return f"vector({DIMENSIONS})"


# A row stays when its resource is trashed: nobody who comes late may put back an older version.
Table(
    "document",
    metadata,
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False, comment="Of all that the vectors are made of; empty once it is taken out"),
)
_chunk = Table(
    "chunk",
    metadata,
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("heading", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("readers", ARRAY(Text), comment="NULL for everybody"),
    Column("position", Text),
    Column("embedding", Vector(), nullable=False),
    Column("words", TSVECTOR, Computed(_WORDS, persisted=True)),
    Index("chunk_found", "readers", "words", postgresql_using="gin"),
    Index("chunk_near", "embedding", postgresql_using="hnsw", postgresql_ops={"embedding": "vector_cosine_ops"}),
)
Index("chunk_of_everybody", _chunk.c.source, postgresql_where=_chunk.c.readers.is_(None))


def make(settings: Settings, *, anew: bool = False) -> None:
    """Make the schema and the tables that are missing; with `anew` all, and empty. Raises Unusable."""
    engine = postgres.engine(settings)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
            _require_vectors(connection)
            connection.execute(CreateSchema("knowledge", if_not_exists=True))
            if anew:
                metadata.drop_all(connection)
            metadata.create_all(connection)
    except OperationalError as error:
        raise Unusable(
            f"The knowledge base cannot be made in PostgreSQL ({error.orig}): see ANNAL_POSTGRES_URL."
        ) from error
    finally:
        engine.dispose()


def _require_vectors(connection: Connection) -> None:
    try:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    except OperationalError:
        raise
    except DBAPIError as error:
        raise Unusable(
            "PostgreSQL has no vectors, which the knowledge base needs: install pgvector 0.8 or later there, and have "
            "its administrator run CREATE EXTENSION vector in this database."
        ) from error
