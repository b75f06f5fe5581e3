"""The tables that all projections share: how far each has read, and which facts could not be applied."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, LargeBinary, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

# `read_to` and `head` are written in the transaction that writes the rows: a crash repeats nothing and skips nothing.
positions = Table(
    "positions",
    metadata,
    Column("projection", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("read_to", BigInteger, nullable=False, comment="Offset of the last record read; -1 before the first"),
    Column("head", LargeBinary, nullable=False, comment="Hash of the last record that counts"),
    Column("answered", BigInteger, nullable=False, comment="Offset of the newest command whose outcome was read"),
    Column("fact_time", BigInteger, nullable=False, comment="Time of the newest fact read, in milliseconds since 1970"),
    Column("moved_time", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# Now and then a place from which a reader of a journal can go on, and still tell which records count; written with the
# places of the projection `outcome`, which reads all journals.
waypoint = Table(
    "waypoint",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("read_to", BigInteger, primary_key=True, comment="Offset of the last record before which to go on"),
    Column("head", LargeBinary, nullable=False, comment="Hash of the last record that counts up to there"),
    Column("fact_time", BigInteger, nullable=False, comment="Time of the newest fact up to there, in ms since 1970"),
)

# Each subject's held facts stand here in the order of their offsets, as they came: all that is needed to resume.
held_fact = Table(
    "held_fact",
    metadata,
    Column("projection", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("read_at", BigInteger, primary_key=True, comment="Offset of the fact"),
    Column("subject", LargeBinary, nullable=False, comment="The record's key"),
    Column("error", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False, comment="Name and value in base64, in order"),
    Column("held_time", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("held_fact_subject", "projection", "domain", "partition", "subject"),
)

# What the standing audit found, until it finds it mended.
drifted_row = Table(
    "drifted_row",
    metadata,
    Column("projection", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("columns", ARRAY(Text), nullable=False, comment="Those that differ, or what the fold said instead"),
    Column("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
