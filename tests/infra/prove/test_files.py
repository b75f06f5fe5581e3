"""CSV and Parquet hold what NDJSON holds, and are verified alike."""

import csv
from collections.abc import Iterable
from pathlib import Path

import pytest
from pyarrow import parquet

from infra.prove import files
from infra.prove.lines import manifest_of, opened
from infra.prove.offline import verify
from infra.settings import Unusable
from schemas.export import COLUMNS, Format, Line
from schemas.message import Position
from schemas.resource import ResourceRenamed
from tests.infra.prove.paper import Archive
from tests.projections.telling import Journal, registered

CHOSEN = [Position("resource", 0, 0), Position("resource", 0, 1), Position("resource", 0, 3)]
FORMATS: Iterable[Format] = ("ndjson", "csv", "parquet")


@pytest.fixture(scope="module")
def archive() -> Archive:
    journal = Journal()
    journal.tell("r1", registered(name='a "b", é\n\r=1+1', attributes={"of": [1.5, None, {"x": "y,z"}]}))
    journal.tell("r1", ResourceRenamed(name="new"))
    journal.append(b"\xff\0", b"")
    journal.tell("r1", ResourceRenamed(name="newer"))
    archive = Archive([journal])
    archive.checkpoint()
    return archive


def written(archive: Archive, directory: Path, format_: Format) -> Path:
    file = directory / f"export.{format_}"
    export = archive.export()
    files.write(export, export.chosen(CHOSEN), file, format_)
    return file


def test_all_forms_hold_the_same_lines(archive: Archive, tmp_path: Path) -> None:
    found: list[list[Line | None]] = []
    for format_ in FORMATS:
        file = written(archive, tmp_path, format_)
        verdict = verify(file)
        assert (verdict.findings, verdict.lines) == ([], 3)
        found.append([line for line, _ in opened(file)])
    assert found[0] == found[1] == found[2]


def test_a_whole_journal_may_be_in_any_form(archive: Archive, tmp_path: Path) -> None:
    for format_ in FORMATS:
        file, export = tmp_path / f"whole.{format_}", archive.export()
        files.write(export, export.all_of(archive.names), file, format_)
        assert (verify(file).findings, verify(file).lines) == ([], 4)


def test_a_changed_cell_is_named(archive: Archive, tmp_path: Path) -> None:
    file = written(archive, tmp_path, "csv")
    with file.open(newline="") as opened_:
        rows = list(csv.reader(opened_))
    for column, value in {"key": "cjI=", "prev": "00" * 32, "index": "2", "path": "", "fact": "null"}.items():
        changed = [list(row) for row in rows]
        changed[2][COLUMNS.index(column)] = value
        with file.open("w", newline="") as opened_:
            csv.writer(opened_, lineterminator="\n").writerows(changed)
        (finding,) = verify(file).findings
        assert (finding.line, finding.position) == (2, "resource:0:1"), column


def test_a_changed_row_of_parquet_is_named(archive: Archive, tmp_path: Path) -> None:
    file = written(archive, tmp_path, "parquet")
    table = parquet.read_table(file)
    parquet.write_table(table.take([0, 2]), file)
    assert "line 2, resource:0:3: it says that it is line 3" in str(verify(file).findings[0])
    parquet.write_table(table, file, compression="none")
    assert "the file is not that of the manifest" in str(verify(file).findings[0])
    file.write_bytes(file.read_bytes()[:-9])
    assert "Parquet cannot be read on" in str(verify(file).findings[0])


@pytest.mark.parametrize("noise", [b"", b"\0", b"line\n", b'"', b"\xff\xfe", b"1,2\n"])
def test_noise_is_no_csv(archive: Archive, tmp_path: Path, noise: bytes) -> None:
    file = written(archive, tmp_path, "csv")
    file.write_bytes(noise)
    assert verify(file).findings
    names = ",".join(COLUMNS).encode() + b"\n"
    file.write_bytes(names + noise)
    assert verify(file).findings


def test_a_manifest_of_another_form_is_noticed(archive: Archive, tmp_path: Path) -> None:
    manifest = manifest_of(written(archive, tmp_path, "parquet")).read_bytes()
    file = written(archive, tmp_path, "csv")
    manifest_of(file).write_bytes(manifest)
    assert "The manifest is of a parquet file; this one is csv." in [str(each) for each in verify(file).findings]


def test_an_export_that_fails_leaves_no_manifest(archive: Archive, tmp_path: Path) -> None:
    file, export = written(archive, tmp_path, "csv"), archive.export()
    with pytest.raises(Unusable, match="There is no resource:0:4, the last is resource:0:3"):
        files.write(export, export.chosen([Position("resource", 0, 4)]), file, "csv")
    assert not manifest_of(file).exists()


def test_a_file_says_its_format_by_its_name() -> None:
    assert files.format_of(Path("a.csv"), None) == "csv"
    with pytest.raises(Unusable, match="no format"):
        files.format_of(Path("a.xlsx"), None)
    with pytest.raises(Unusable, match=r"end with \.csv"):
        files.format_of(Path("a.txt"), "csv")
