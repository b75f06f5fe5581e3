"""A fact as listeners are told it: read and written once for all of them."""

import base64
from functools import cached_property
from typing import Any

import orjson

from projections.projection import moment
from projections.reading import Place, Record
from schemas import wire
from schemas.message import CommandRejected, CommandUnchanged, Recorded

NOTHING_HAPPENED = frozenset({CommandRejected.type, CommandUnchanged.type})
"""What stands in journals and is no change of anything: told only to whoever asks for it by its type."""


class Entry:
    """A record that counts; `readers` are the accounts that may read the resource it is about, as last looked up."""

    def __init__(self, place: Place, record: Record) -> None:
        self.place = place
        self.offset = record.offset
        self.time: int = getattr(record, "timestamp", 0)
        """When Kafka stored it, in milliseconds since 1970."""
        self.size = len(record.value or b"")
        self.readers: frozenset[str] = frozenset()
        self.readers_known_at = float("-inf")
        self._record = record

    @cached_property
    def subject(self) -> str:
        return (self._record.key or b"").decode(errors="replace")

    @cached_property
    def type(self) -> str:
        if self._recorded is not None:
            return self._recorded.meta.type
        said = dict(self._record.headers).get("ce_type") or b""
        return said.decode(errors="replace").replace("\n", " ").replace("\r", " ")

    @cached_property
    def actors(self) -> frozenset[str]:
        """Who asked for it, and on whose behalf."""
        if self._recorded is None:
            return frozenset()
        actor = self._recorded.meta.actor
        return frozenset({actor.id, actor.on_behalf_of or actor.id})

    @property
    def happened(self) -> bool:
        return self.type not in NOTHING_HAPPENED

    @property
    def fact_time(self) -> int:
        """The fact's time, in milliseconds since 1970."""
        return self._recorded.meta.time if self._recorded is not None else self.time

    @cached_property
    def whole(self) -> bytes:
        """All that is known of it, as JSON on one line; what is personal is sealed."""
        return orjson.dumps(self._told, default=vars, option=orjson.OPT_UTC_Z)

    @cached_property
    def without_address(self) -> bytes:
        """The same, without where it was asked from: that is for auditors."""
        told = self._told
        if "actor" in told:
            told = told | {"actor": {name: value for name, value in vars(told["actor"]).items() if name != "address"}}
        return orjson.dumps(told, default=vars, option=orjson.OPT_UTC_Z)

    @cached_property
    def _recorded(self) -> Recorded | None:
        """What it says, None if this version cannot read it: then it is told as it came."""
        try:
            return wire.decode_fact(self._record.value or b"")
        except wire.Undecodable:
            return None

    @property
    def _told(self) -> dict[str, Any]:
        where = {"position": f"{self.place.domain}:{self.place.partition}:{self.offset}", "domain": self.place.domain}
        if self._recorded is None:
            value = base64.b64encode(self._record.value or b"").decode()
            return where | {"subject": self.subject, "type": self.type, "unreadable": value}
        meta, fact = self._recorded
        return where | {
            "subject": meta.subject,
            "version": meta.version,
            "fact_id": meta.id,
            "type": meta.type,
            "time": moment(meta.time),
            "actor": meta.actor,
            "command_id": meta.command_id,
            "correlation_id": meta.correlation_id,
            "causation_id": meta.causation_id,
            "data": vars(fact),
        }
