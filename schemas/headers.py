"""The headers of a record: the CloudEvents 1.0 Kafka binding in binary mode, so that its tools read our topics too."""

from datetime import UTC, datetime
from functools import lru_cache

from schemas.message import CommandMeta, FactMeta

Headers = list[tuple[str, bytes]]


def command_headers(meta: CommandMeta) -> Headers:
    return _headers(meta, meta.type)


def fact_headers(meta: FactMeta) -> Headers:
    return _headers(meta, meta.command_type)


def _headers(meta: CommandMeta | FactMeta, command_type: str) -> Headers:
    second, milliseconds = divmod(meta.time, 1000)
    return [
        *_same_for_all(meta.type, command_type),
        ("ce_id", meta.id.encode()),
        ("ce_subject", meta.subject.encode()),
        ("ce_time", b"%s.%03dZ" % (_moment(second), milliseconds)),
    ]


@lru_cache(maxsize=1024)
def _same_for_all(type_: str, command_type: str) -> Headers:
    domain = command_type.partition(".")[0] or "unknown"
    return [
        ("ce_specversion", b"1.0"),
        ("ce_type", type_.encode()),
        # A refusal's own type names no domain; the command it answers does.
        ("ce_source", f"/annal/{domain}".encode()),
        ("content-type", b"application/avro"),
    ]


@lru_cache(maxsize=16)
def _moment(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
