"""Whatever is changed in an export, its checkpoints or its manifest is found, and the right place is named."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path

import orjson
import pytest

from infra.prove import lines as forms
from infra.prove.lines import BEGINNING
from infra.prove.offline import Verdict, verify
from schemas import signed
from schemas.resource import ResourceRenamed, ResourceTagged
from tests.infra.prove.paper import OURS, THEIRS, Archive
from tests.projections.telling import Journal, registered

KEY = signed.name_of(OURS)
CHOSEN = ("resource:0:1", "resource:0:4", "resource:1:0")


def archive() -> Archive:
    """Two journals and two checkpoints, always the same."""
    made = _made()
    return Archive(deepcopy(made.journals), OURS, list(made.checkpoints))


@cache
def _made() -> Archive:
    here, there = Journal(), Journal(partition=1)
    here.tell("r1", registered())
    here.tell("r1", ResourceRenamed(name="new"), ResourceTagged(tags=("a",)))
    there.tell("r2", registered())
    archive = Archive([here, there])
    archive.checkpoint()
    here.append(b"r1", b"void", prev=bytes(32))
    here.tell("r1", ResourceRenamed(name="newer"))
    here.append(b"r1", b"rubbish that counts")
    archive.checkpoint()
    return archive


@pytest.fixture
def written(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        file = tmp_path / "export.ndjson"
        file.write_bytes(content)
        return file

    return write


Written = Callable[[bytes], Path]


def said(verdict: Verdict) -> str:
    return "\n".join(map(str, verdict.findings))


@pytest.mark.parametrize("content", [archive().chosen(*CHOSEN), archive().whole(), archive().chosen("resource:0:5")])
def test_what_was_exported_is_proved(written: Written, tmp_path: Path, content: bytes) -> None:
    kept = archive().keep(tmp_path / "kept")
    verdict = verify(written(content), [kept], KEY)
    assert said(verdict) == ""
    assert (verdict.lines, verdict.kept) == (content.count(b"\n") - 1, 2)


def test_a_line_shows_the_fact_and_where_it_stands() -> None:
    line, *_ = map(orjson.loads, archive().chosen("resource:0:4").splitlines())
    assert (line["position"], line["checkpoint"], line["index"], len(line["path"])) == ("resource:0:4", 2, 0, 1)
    assert line["fact"]["data"] == {"name": "newer"}
    assert line["fact"]["meta"]["version"] == 4


@pytest.mark.parametrize(("content", "step"), [(archive().chosen(CHOSEN[1]), 1), (archive().whole(), 11)])
def test_no_byte_can_be_changed(written: Written, content: bytes, step: int) -> None:
    unnoticed = []
    for at in range(0, len(content), step):
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        if not verify(written(changed), key=KEY).findings:
            unnoticed.append(at)
    assert unnoticed == []


@pytest.mark.parametrize("content", [archive().chosen(*CHOSEN), archive().whole()])
def test_it_cannot_be_cut(written: Written, content: bytes) -> None:
    for end in range(0, len(content), 97):
        assert "does not end with a manifest" in said(verify(written(content[:end])))
    assert "does not end with a manifest" in said(verify(written(content[:-1])))


def without(content: bytes, number: int) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[: number - 1] + lines[number:])


def renumbered(content: bytes) -> bytes:
    """Let lines be numbered as they stand, so that what else is wrong is found."""
    *lines, manifest = content.splitlines(keepends=True)
    again = [signed.canonical(orjson.loads(line) | {"line": n}) + b"\n" for n, line in enumerate(lines, 1)]
    return b"".join([*again, manifest])


def test_a_removed_line_is_noticed(written: Written) -> None:
    for content in (archive().chosen(*CHOSEN), archive().whole()):
        gone = said(verify(written(without(content, 2))))
        assert "line 2, resource:" in gone
        assert "it says that it is line 3, and was to be 2: one was removed or added" in gone
    assert "has 2 lines, and its manifest is of 3" in said(verify(written(without(archive().chosen(*CHOSEN), 3))))
    last = said(verify(written(without(archive().whole(), 5))))
    assert "The journal resource:0 ends here with a record of the hash" in last


def test_a_removed_record_of_a_whole_journal_is_named_however_the_lines_are_numbered(written: Written) -> None:
    verdict = verify(written(renumbered(without(archive().whole(), 2))))
    first = verdict.findings[0]
    assert (first.line, first.position) == (2, "resource:0:2")
    assert "one was changed, removed or added" in first.said


def test_an_added_line_is_noticed(written: Written) -> None:
    content, more = archive().chosen(*CHOSEN), archive().chosen("resource:0:2")
    lines = content.splitlines(keepends=True)
    added = b"".join([lines[0], more.splitlines(keepends=True)[0], *lines[1:]])
    assert "line 2, resource:0:2" in said(verify(written(added)))
    assert "has 4 lines, and its manifest is of 3" in said(verify(written(renumbered(added))))
    twice = b"".join([lines[0], lines[0], *lines[1:]])
    assert "line 2, resource:0:1: it stands after a record that it was to stand before" in said(
        verify(written(renumbered(twice)))
    )


def test_swapped_lines_are_noticed(written: Written) -> None:
    first, second, *others = archive().chosen(*CHOSEN).splitlines(keepends=True)
    swapped = said(verify(written(renumbered(b"".join([second, first, *others])))))
    assert "line 2, resource:0:1: it stands after a record that it was to stand before" in swapped


def forged(content: bytes, number: int, **changed: object) -> bytes:
    lines = content.splitlines(keepends=True)
    lines[number - 1] = signed.canonical(orjson.loads(lines[number - 1]) | changed) + b"\n"
    return b"".join(lines)


def test_a_swapped_record_is_noticed(written: Written) -> None:
    content = archive().chosen("resource:0:0", "resource:0:1")
    other = orjson.loads(content.splitlines()[1])
    swapped = forged(content, 1, **{name: other[name] for name in ("key", "value", "prev", "fact", "index", "path")})
    first = verify(written(swapped)).findings[0]
    assert (first.line, first.position) == (1, "resource:0:0")
    assert "not the one that checkpoint 1 proves" in first.said


def test_a_fact_that_says_more_than_its_value_is_noticed(written: Written) -> None:
    content = archive().chosen(*CHOSEN)
    fact = orjson.loads(content.splitlines()[1])["fact"]
    fact["data"]["name"] = "nicer"
    found = said(verify(written(forged(content, 2, fact=fact))))
    assert "line 2, resource:0:4: the fact shown is not what the record's value says" in found


def test_another_place_of_the_same_record_is_noticed(written: Written) -> None:
    found = said(verify(written(forged(archive().chosen(*CHOSEN), 2, position="resource:0:3"))))
    assert "line 2, resource:0:3: the record is not the one that checkpoint 2 proves" in found


def test_a_manifest_of_another_file_is_noticed(written: Written) -> None:
    of_three, of_others = archive().chosen(*CHOSEN), archive().chosen("resource:0:0", *CHOSEN[1:])
    lines, manifest = of_three.splitlines(keepends=True)[:-1], of_others.splitlines(keepends=True)[-1]
    found = said(verify(written(b"".join([*lines, manifest]))))
    assert "Each line is proved, and yet the file is not that of the manifest" in found


def test_another_key_is_noticed(written: Written, tmp_path: Path) -> None:
    theirs = Archive(archive().journals, THEIRS)
    theirs.checkpoint()
    content = theirs.chosen(*CHOSEN)
    assert said(verify(written(content))) == ""  # it is sound by itself: whose key it is one must know
    assert f"the one expected is {KEY}" in said(verify(written(content), key=KEY))
    kept = archive().keep(tmp_path / "kept")
    found = said(verify(written(content), [kept]))
    assert "Checkpoint 1, which was kept, is by another key than the export" in found
    assert "Checkpoint 1 says something else here than where it was kept." in found


def test_a_history_that_was_written_anew_with_the_same_key_is_noticed(written: Written, tmp_path: Path) -> None:
    kept = archive().keep(tmp_path / "kept")
    anew = archive()
    anew.journals[0].records[0].value = anew.journals[1].records[0].value
    rewritten = Archive([Journal(), anew.journals[1]])
    for subject in ("r1", "r7"):
        rewritten.journals[0].tell(subject, registered())
    rewritten.checkpoint()
    content = rewritten.chosen("resource:0:1")
    assert said(verify(written(content), key=KEY)) == ""  # nothing kept elsewhere, nothing to compare with
    found = said(verify(written(content), [kept], KEY))
    assert "Checkpoint 1 says something else here than where it was kept." in found


def test_checkpoints_that_were_kept_are_verified_themselves(written: Written, tmp_path: Path) -> None:
    file = written(archive().chosen(*CHOSEN))
    kept = archive().keep(tmp_path / "kept")
    assert "Checkpoint 1 proves lines here and is not among those" in said(verify(file, [kept / "2.json"]))
    (kept / "2.json").write_bytes((kept / "2.json").read_bytes().replace(b'"count":2', b'"count":1'))
    assert "Checkpoint 2 says other things of the journals than what was signed" in said(verify(file, [kept]))
    (kept / "2.json").write_bytes(b"{}")
    assert "2.json: This is no checkpoint" in said(verify(file, [kept]))
    assert "No such file" in said(verify(file, [kept / "9.json"]))


def test_a_checkpoint_put_between_is_noticed(written: Written, tmp_path: Path) -> None:
    ours, other = archive(), archive()
    kept = ours.keep(tmp_path / "kept")
    other.checkpoints.pop(0)
    other.checkpoints.insert(0, Archive(other.journals).checkpoint())
    (kept / "1.json").write_bytes(other.checkpoints[0].write())
    found = said(verify(written(ours.chosen(*CHOSEN)), [kept], KEY))
    assert "Checkpoint 2 names another checkpoint before it than the one that is there." in found


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"rubbish", BEGINNING + b"{}}\n", BEGINNING + b"[1}\n"])
def test_what_is_no_export_is_said_to_be_none(written: Written, content: bytes) -> None:
    assert len(verify(written(content)).findings) == 1


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    assert "No such file" in said(verify(tmp_path / "none.ndjson"))
    (tmp_path / "some.csv").write_text("line\n")
    assert "without its manifest nothing is known" in said(verify(tmp_path / "some.csv"))
    assert forms.manifest_of(tmp_path / "some.csv").name == "some.csv.manifest.json"
