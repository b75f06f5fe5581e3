"""The three forms of an export's file, read as the same lines: NDJSON, CSV and Parquet."""

import csv
import io
from collections.abc import Iterator
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson

from schemas.checkpoint import Forged, first_line
from schemas.export import COLUMNS, MANIFEST, Format, Line
from schemas.signed import canonical

BEGINNING = b'{"manifest":'
"""How the last line of NDJSON begins."""

AT_ONCE = 1_000
LONGEST = 1 << 30
"""Bytes that a field of CSV may have."""

Read = tuple[Line | None, str]
"""A line, or None for what is none; and why it is none, or what is wrong with how it is written."""


class Lines(Protocol):
    """The lines of a file, and its manifest as bytes; `sha256` is known when all were read."""

    format: Format
    manifest: bytes

    def __iter__(self) -> Iterator[Read]: ...

    def sha256(self) -> str: ...


def opened(file: Path) -> Lines:
    """Open a file by the ending of its name. Raises Forged where there is no manifest, and OSError."""
    if file.suffix == ".csv":
        return Csv(file)
    if file.suffix == ".parquet":
        return Parquet(file)
    return Ndjson(file)


def manifest_of(file: Path) -> Path:
    return file.with_name(file.name + MANIFEST)


class Ndjson:
    """A line of JSON for each record, and a last one for the manifest."""

    format: Format = "ndjson"

    def __init__(self, file: Path) -> None:
        self._file = file
        self._digest = sha256()
        with file.open("rb") as opened:
            self._end = _last_line(opened)
            opened.seek(self._end)
            last = opened.read()
        if not (last.startswith(BEGINNING) and last.endswith(b"}\n")):
            raise Forged(f"{file} does not end with a manifest: it was cut, or it is no export.")
        self.manifest = last[len(BEGINNING) : -2]

    def __iter__(self) -> Iterator[Read]:
        self._digest = sha256()
        with self._file.open("rb") as opened:
            while opened.tell() < self._end:
                line = opened.readline()
                self._digest.update(line)
                yield _of_json(line)

    def sha256(self) -> str:
        return self._digest.hexdigest()


class Csv:
    """A row for each record under a row of names; the manifest has a file of its own."""

    format: Format = "csv"

    def __init__(self, file: Path) -> None:
        self._file = file
        self.manifest = _beside(file)

    def __iter__(self) -> Iterator[Read]:
        with self._file.open(newline="", encoding="utf-8", errors="replace") as opened:
            csv.field_size_limit(LONGEST)
            rows = csv.reader(opened, strict=True)
            try:
                if next(rows, None) != list(COLUMNS):
                    yield None, f"the first row does not name {', '.join(COLUMNS)}"
                    return
                yield from (_of_texts(row) for row in rows)
            except csv.Error as error:
                yield None, first_line(error)

    def sha256(self) -> str:
        return _digest(self._file)


class Parquet:
    """The same columns as CSV has, in Parquet; the manifest has a file of its own."""

    format: Format = "parquet"

    def __init__(self, file: Path) -> None:
        self._file = file
        self.manifest = _beside(file)

    def __iter__(self) -> Iterator[Read]:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - who has no Parquet need not wait for it

        try:
            with parquet.ParquetFile(self._file) as opened:
                for batch in opened.iter_batches(AT_ONCE):
                    yield from (_of_row(row) for row in batch.to_pylist())
        except (ArrowException, OSError, ValueError) as error:
            yield None, f"Parquet cannot be read on ({first_line(error)})"

    def sha256(self) -> str:
        return _digest(self._file)


def texts(line: Line) -> list[str]:
    """Give a line as CSV has it: what is missing is empty, the fact is JSON, and spaces part the hashes of the path."""
    said = dict(line)
    fact = canonical(line.fact).decode()
    return ["" if each is None else str(each) for each in {**said, "fact": fact, "path": " ".join(line.path)}.values()]


def row(line: Line) -> dict[str, Any]:
    """Give a line as Parquet has it: as CSV, but for numbers."""
    return {**dict(line), "fact": canonical(line.fact).decode(), "path": " ".join(line.path)}


def csv_rows(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _of_json(said: bytes) -> Read:
    try:
        line = Line.model_validate(orjson.loads(said))
    except ValueError as error:
        return None, first_line(error)
    return line, "" if line.write() + b"\n" == said else "it is not written as an export is: something was put in"


def _of_texts(said: list[str]) -> Read:
    if len(said) != len(COLUMNS):
        return None, f"it has {len(said)} columns"
    given = dict(zip(COLUMNS, said, strict=True))
    try:
        numbers = {name: int(given[name]) if given[name] else None for name in ("line", "checkpoint", "index")}
    except ValueError as error:
        return None, first_line(error)
    line, why = _of_row({**given, **numbers})
    return line, why or ("" if line is None or texts(line) == said else "it is not written as an export is")


def _of_row(given: dict[str, Any]) -> Read:
    try:
        said = {**given, "fact": orjson.loads(given["fact"]), "path": given["path"].split(" ") if given["path"] else ()}
        line = Line.model_validate(said)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return None, first_line(error)
    return line, "" if canonical(line.fact).decode() == given["fact"] else "its fact is not written as an export is"


def _last_line(opened: BinaryIO) -> int:
    """Give where the last line begins."""
    end = opened.seek(0, io.SEEK_END)
    at = max(0, end - 1)  # its own end is not what is looked for
    while at:
        start = max(0, at - (1 << 16))
        opened.seek(start)
        found = opened.read(at - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return 0


def _beside(file: Path) -> bytes:
    try:
        return manifest_of(file).read_bytes()
    except FileNotFoundError:
        raise Forged(f"{manifest_of(file)} is not there: without its manifest nothing is known of {file}.") from None


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()
