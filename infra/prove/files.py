"""Writes an export into a file: NDJSON with the manifest as its last line, CSV and Parquet with it in a file beside."""

from collections.abc import Callable, Iterable
from hashlib import file_digest
from pathlib import Path

from infra.prove.export import Export
from infra.prove.lines import AT_ONCE, csv_rows, manifest_of, row, texts
from infra.settings import Unusable
from schemas.export import COLUMNS, Format, Line

NUMBERS = {"line", "checkpoint", "index"}


def write(export: Export, lines: Iterable[Line], file: Path, format_: Format) -> None:
    """Write lines and their manifest; a file that is cut short has no manifest, and none that was there before.

    Raises Unusable.
    """
    beside = manifest_of(file)
    beside.unlink(missing_ok=True)
    WRITERS[format_](export, lines, file)
    if format_ != "ndjson":
        with file.open("rb") as opened:
            digest = file_digest(opened, "sha256").hexdigest()
        beside.write_bytes(export.manifest(format_, digest).write())


def _ndjson(export: Export, lines: Iterable[Line], file: Path) -> None:
    with file.open("wb") as opened:
        opened.writelines(export.ndjson(lines))


def _csv(_: Export, lines: Iterable[Line], file: Path) -> None:
    with file.open("wb") as opened:
        opened.write(csv_rows([list(COLUMNS)]))
        opened.writelines(csv_rows([texts(line)]) for line in lines)


def _parquet(_: Export, lines: Iterable[Line], file: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 - takes a third of a second
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {name: pa.int64() if name in NUMBERS else pa.string() for name in COLUMNS}
    schema = pa.schema(kinds.items())
    with parquet.ParquetWriter(file, schema, compression="zstd") as opened:
        for some in _batches(lines):
            opened.write_table(pa.Table.from_pylist([row(line) for line in some], schema))


def _batches(lines: Iterable[Line]) -> Iterable[list[Line]]:
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


WRITERS: dict[Format, Callable[[Export, Iterable[Line], Path], None]] = {
    "ndjson": _ndjson,
    "csv": _csv,
    "parquet": _parquet,
}


def format_of(file: Path, named: str | None) -> Format:
    """Give the format that was named, else that of the file's name. Raises Unusable."""
    said = named or file.suffix.removeprefix(".")
    found: Format | None = next((each for each in WRITERS if each == said), None)
    if found is None:
        raise Unusable(f"{said or file.name} is no format of exports: name --format {', '.join(WRITERS)}.")
    if f".{found}" != file.suffix:
        raise Unusable(f"Let the file's name end with .{found}: by it the file is read again.")
    return found
