"""A record as a line of JSON: the same that the doors tell of it, and what is sealed stays sealed."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from infra.records import Record
from infra.replaying.asked import Asked
from infra.replaying.places import Place
from schemas import avro, wire
from schemas.contracts import newest
from schemas.domains import COMMANDS, FACTS
from schemas.export import Facts
from schemas.upcast import UPCASTERS

Line = Callable[[Record], bytes | None]
"""Gives the line of a record that counts, None if it is not wanted."""

Said = tuple[dict[str, Any], Any]
"""What travels with a message, and its own fields."""

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
_HEAD = 5


def lines(asked: Asked, place: Place) -> Line:
    """Make what turns records of a partition into lines."""
    journal, where = place.source.journal, str(place)
    read = _reader(journal=journal)
    version, command_id = ("version", "command_id") if journal else ("expected_version", "id")
    since, until = _moments(asked)
    types, actors = asked.types, asked.actors
    subjects = frozenset(each.encode() for each in asked.subjects)

    def line(record: Record) -> bytes | None:
        if subjects and record.key not in subjects:
            return None
        position = f"{where}:{record.offset}"
        said = read(record.value or b"")
        if said is None:
            wanted = not types and not actors and since <= record.timestamp <= until
            return orjson.dumps({"position": position, **_unreadable(record)}, None, _OPTIONS) if wanted else None
        meta, data = said
        actor = meta["actor"]
        if (
            not since <= (meta["time"] if journal else record.timestamp) <= until
            or (types and meta["type"] not in types)
            or (actors and actor["id"] not in actors and actor["on_behalf_of"] not in actors)
        ):
            return None
        told = _told(position, meta, actor, data, version=version, command_id=command_id)
        return orjson.dumps(told, vars, _OPTIONS)

    return line


def _told(  # noqa: PLR0913 - a message, and what the two sorts of them call differently
    position: str, meta: dict[str, Any], actor: dict[str, Any], data: Any, *, version: str, command_id: str
) -> dict[str, Any]:
    return {
        "position": position,
        "type": meta["type"],
        "subject": meta["subject"],
        version: meta[version],
        "time": datetime.fromtimestamp(meta["time"] / 1000, UTC),
        # Where it was asked from is for auditors.
        "actor": {"id": actor["id"], "via": actor["via"], "on_behalf_of": actor["on_behalf_of"]},
        "command_id": meta[command_id],
        "correlation_id": meta["correlation_id"],
        "causation_id": meta["causation_id"],
        "data": data,
    }


def _reader(*, journal: bool) -> Callable[[bytes], Said | None]:
    """Make what gives a fact, or a command, as it reads today; None for bytes that are none.

    What was written by the newest contract of its name is read as plain values, which takes two thirds of the time of
    making messages; what is older, as its class is today.
    """
    decode: Callable[[bytes], Any] = wire.decode_fact if journal else wire.decode_command
    names = {avro.full_name(each) for each in (FACTS.values() if journal else COMMANDS.values())}
    today = {
        b"\0" + contract.id.to_bytes(_HEAD - 1)
        for contract in newest(wire.WIRE.contracts).values()
        if contract.name in names and (contract.name, contract.version) not in UPCASTERS
    }
    plain = Facts.of(wire.WIRE.contracts).plain

    def read(value: bytes) -> Said | None:
        if value[:_HEAD] in today and (said := plain(value)) is not None:
            return said["meta"], said["data"]
        try:
            meta, message = decode(value)
        except wire.Undecodable:
            return None
        return {**vars(meta), "actor": vars(meta.actor)}, message

    return read


def _moments(asked: Asked) -> tuple[int, int]:
    since, until = asked.since, asked.until
    return since if isinstance(since, int) else 0, until if isinstance(until, int) else 1 << 62


def _unreadable(record: Record) -> dict[str, Any]:
    """Tell of bytes that this version cannot read as they came."""
    subject = (record.key or b"").decode(errors="replace")
    return {"subject": subject, "unreadable": b64encode(record.value or b"").decode()}
