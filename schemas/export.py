"""Exports: facts in lines with their proof, and a manifest that says which lines they are, signed.

An export of chosen facts proves each of them: the path of its line leads to the root of a block of a checkpoint. A
whole export has every fact of its journals from the first on: the chain is the proof, and that nothing is left out.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, StringConstraints

from schemas import signed
from schemas.checkpoint import Block, Count, Forged, Moment, Statement, first_line
from schemas.contracts import Contract
from schemas.message import Message, Position
from schemas.reading import Reader, reader
from schemas.signed import Hash, Signature, canonical

PURPOSE = "export 1"
MANIFEST = ".manifest.json"
"""What the name of a manifest ends with where it is no line of the file; what comes before is the file's name."""

Format = Literal["ndjson", "csv", "parquet"]

_HEAD = 5
"""Bytes before the Avro of a value: a zero and the four of a schema id."""


class Line(Message):
    """A record that counts; `key` and `value` in base64, `prev` as its header has it.

    `fact` is what the value says, as `{"meta": …, "data": …}`, or null for bytes that are no fact. `checkpoint`,
    `index` and `path` lead to the root of its block, and are null and empty in a whole export.
    """

    line: Annotated[int, Field(ge=1, strict=True)]
    position: str
    key: str
    value: str
    prev: Hash
    fact: dict[str, Any] | None
    checkpoint: Annotated[int, Field(ge=1, strict=True)] | None = None
    index: Count | None = None
    path: tuple[Hash, ...] = ()

    def write(self) -> bytes:
        """Give the line of NDJSON, without its end."""
        return canonical(self.model_dump())

    def place(self) -> Position:
        """Give where it stands. Raises Forged."""
        try:
            return Position.parse(self.position)
        except ValueError:
            raise Forged(f"{self.position} is no position") from None

    def record(self) -> tuple[bytes, bytes]:
        """Give key and value. Raises Forged for what is not written as base64 is."""
        return _bytes(self.key), _bytes(self.value)


COLUMNS = tuple(Line.model_fields)


class Proved(Message):
    """A block, with the path from it to the root that its checkpoint's statement signs; it is one `of` so many."""

    checkpoint: Annotated[int, Field(ge=1, strict=True)]
    block: Block
    index: Count
    of: Count
    path: tuple[Hash, ...]


class Manifest(Message):
    """What an export is: what was asked for, its lines by number and SHA-256, and the checkpoints that prove them.

    `sha256` is over all bytes before the manifest's line, or over the whole file where it has a file of its own.
    `contracts` names the schema ids of the values; `blocks` are those that hold a line, or of a `whole` export those
    with which its journals end.
    """

    asked: dict[str, Any]
    format: Format
    time: Moment
    whole: bool
    count: Count
    sha256: Hash
    contracts: dict[Annotated[str, StringConstraints(pattern=r"^\d{1,9}$")], str]
    statements: tuple[Statement, ...]
    blocks: tuple[Proved, ...]
    key: Hash
    signature: Signature

    @classmethod
    def make(cls, private: Ed25519PrivateKey, **said: Any) -> Self:
        unsigned = cls(**said, key=signed.name_of(private), signature="00" * 64)
        return unsigned.model_copy(update={"signature": signed.sign(private, PURPOSE, unsigned.said())})

    @classmethod
    def read(cls, document: bytes) -> Self:
        """Read what `write` wrote. Raises Forged for anything that was not signed so, to the last byte."""
        try:
            manifest = cls.model_validate(orjson.loads(document))
        except ValueError as error:
            raise Forged(f"This is no manifest: {first_line(error)}.") from None
        if manifest.write() != document or not signed.is_signed(
            manifest.key, PURPOSE, manifest.said(), manifest.signature
        ):
            raise Forged(f"The manifest was changed: it is not what the key {manifest.key} signed.")
        return manifest

    def write(self) -> bytes:
        """Give the document, in its one form."""
        return canonical(self.model_dump())

    def said(self) -> dict[str, Any]:
        """Give what is signed."""
        return self.model_dump(exclude={"signature"})


class Facts:
    """Reads facts as they were written, whatever their classes have become since."""

    def __init__(self, contracts: Mapping[bytes, Contract]) -> None:
        self._contracts = contracts
        self._readers: dict[bytes, Reader] = {}
        self.met: dict[str, str] = {}
        """The contracts that were needed, by schema id."""

    @classmethod
    def of(cls, contracts: Iterable[Contract]) -> Self:
        """Read by contracts with the ids they have here."""
        return cls({_head(contract.id): contract for contract in contracts})

    @classmethod
    def named(cls, names: Mapping[str, str], contracts: Iterable[Contract]) -> Self:
        """Read by contracts with the ids that a manifest gives them."""
        known = {_name(contract): contract for contract in contracts}
        return cls({_head(int(number)): known[name] for number, name in names.items() if name in known})

    def plain(self, value: bytes) -> dict[str, Any] | None:
        """Give what a value says; None for bytes that no contract can read."""
        head = value[:_HEAD]
        contract = self._contracts.get(head)
        if contract is None:
            return None
        read = self._readers.get(head)
        if read is None:
            read = self._readers[head] = _reader(contract)
            self.met[str(int.from_bytes(head[1:]))] = _name(contract)
        try:
            meta, data = read(value, _HEAD)
        except Exception:  # noqa: BLE001 - whatever the bytes are, they are no fact
            return None
        return {"meta": meta, "data": data}


_READERS: dict[str, Reader] = {}
"""They take milliseconds to be made, and a contract never changes."""


def _reader(contract: Contract) -> Reader:
    name = _name(contract)
    if name not in _READERS:
        _READERS[name] = reader(contract.schema, {})
    return _READERS[name]


def text(data: bytes) -> str:
    return b64encode(data).decode()


def _bytes(said: str) -> bytes:
    try:
        data = b64decode(said, validate=True)
    except ValueError:
        raise Forged("its key or value is no base64") from None
    if text(data) != said:
        raise Forged("its key or value is not written as base64 is")
    return data


def _head(number: int) -> bytes:
    return b"\0" + number.to_bytes(_HEAD - 1)


def _name(contract: Contract) -> str:
    return f"{contract.name}.{contract.version}"
