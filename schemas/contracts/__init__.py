"""The contracts: every Avro schema that was ever published, each under an id that is its own for good.

`index.json` beside this file lists them in the order of their ids and only ever grows; their schemas stand in
`<domain>/<Class>.<version>.avsc`. `uv run python -m schemas.contracts` adds what the classes say today.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from schemas.avro import Schema

HERE = Path(__file__).parent
ASYNCAPI = HERE / "asyncapi.json"
"""The topics that the contracts stand on, described."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A published schema, the version-th of its name. Its id stands in front of every value written by it."""

    id: int
    name: str
    version: int
    schema: Schema


def committed(directory: Path = HERE) -> tuple[Contract, ...]:
    """Read all contracts, in the order of their ids."""
    index = directory / "index.json"
    entries: list[dict[str, Any]] = orjson.loads(index.read_bytes()) if index.exists() else []
    return tuple(
        Contract(**entry, schema=orjson.loads(path(directory, entry["name"], entry["version"]).read_bytes()))
        for entry in entries
    )


def newest(contracts: Iterable[Contract]) -> dict[str, Contract]:
    """Give the newest contract of every name."""
    return {contract.name: contract for contract in contracts}


def path(directory: Path, name: str, version: int) -> Path:
    """Say where a schema stands: `annal.resource.TagResource`, 1 → `resource/TagResource.1.avsc`."""
    domain, word = name.split(".")[-2:]
    return directory / domain / f"{word}.{version}.avsc"
