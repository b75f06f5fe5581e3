"""A file, and a replay that is ended: it goes on as if it had not been."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.replaying import file
from infra.replaying.places import Range
from infra.replaying.reading import How, Piece, pieces
from infra.settings import Unusable
from schemas.resource import ResourceRenamed
from tests.infra.replaying.paper import Paper, a_journal, ask, whole
from tests.projections.telling import Journal, registered


class Killed(BaseException):
    """The process is no more."""


def steps(monkeypatch: pytest.MonkeyPatch, last: int) -> list[str]:
    """Let everything that a file does end after so many steps, the last write in the middle of its bytes."""
    done: list[str] = []
    write, fsync, rename = os.write, os.fsync, Path.replace

    def step(name: str) -> None:
        done.append(name)
        if len(done) == last:
            raise Killed

    def written(descriptor: int, data: memoryview) -> int:
        try:
            step("write")
        except Killed:
            write(descriptor, data[: len(data) // 2])
            raise
        return write(descriptor, data)

    def synced(descriptor: int) -> None:
        step("fsync")
        fsync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        step("replace")
        return rename(path, target)

    monkeypatch.setattr(os, "write", written)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    return done


def attempt(paper: Paper, path: Path, there: Sequence[Range], *, resume: bool) -> None:
    """Replay into a file, as the command does it, but tell nobody."""
    wanted = ask()
    sink = (file.resumed(path, wanted.said) if resume else None) or file.begun(path, wanted.said, there)
    try:
        for piece in pieces(paper, list(sink.ranges), How(wanted, at_once=2)):
            sink.write(piece)
    except Killed:
        os.close(sink._descriptor)
        raise
    sink.close(whole=True)


@pytest.mark.parametrize("every", [0.0, 60.0])
def test_a_replay_that_is_killed_anywhere_and_resumed_writes_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: float
) -> None:
    monkeypatch.setattr(file, "EVERY", every)
    second = Journal(partition=1)
    second.tell("r9", registered(), ResourceRenamed(name="Emma Zunz"))
    paper = Paper(first := a_journal(), second)
    there = [whole(first), whole(second)]
    attempt(paper, tmp_path / "whole", there, resume=False)
    expected, last = (tmp_path / "whole").read_bytes(), 0
    assert expected.count(b"\n") == 8
    while True:
        last += 1
        path = tmp_path / f"killed-{last}"
        with monkeypatch.context() as patched:
            steps(patched, last)
            try:
                attempt(paper, path, there, resume=False)
                break
            except Killed:
                pass
            steps(patched, 2)  # and again, soon after it has gone on
            with pytest.raises(Killed):
                attempt(paper, path, there, resume=True)
        attempt(paper, path, there, resume=True)
        assert path.read_bytes() == expected
        assert not file.places(path).exists()
    assert last > (15 if every == 0 else 6)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(Unusable, match="is there already: name another file"):
        file.begun(tmp_path / "there", {}, [])
    with pytest.raises(Unusable, match="There is nothing to resume"):
        file.resumed(tmp_path / "there", {})
    assert (tmp_path / "there").read_text() == "mine"


def begun(path: Path, asked_for: dict[str, Any]) -> None:
    sink = file.begun(path, asked_for, [whole(a_journal())])
    sink.write(Piece(0, b"a line\n", (), 1, 1, whole(a_journal())))
    sink.close(whole=False)


def test_what_was_begun_is_gone_on_with_as_it_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "begun"
    begun(path, {"types": ["resource.renamed"]})
    with pytest.raises(Unusable, match="is not whole: go on with --resume"):
        file.begun(path, {}, [])
    with pytest.raises(Unusable, match=r"for something else \(types \['resource.renamed'\]\): ask for the same"):
        file.resumed(path, {})
    os.truncate(path, 3)
    with pytest.raises(Unusable, match="was cut: it has 3 of 7 bytes"):
        file.resumed(path, {"types": ["resource.renamed"]})
    file.places(path).write_text("[]")
    with pytest.raises(Unusable, match="cannot be read: delete it"):
        file.resumed(path, {})


def test_two_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "begun"
    begun(path, {})
    first = file.resumed(path, {})
    assert first is not None
    with pytest.raises(Unusable, match="Another replay writes"):
        file.resumed(path, {})
    first.close(whole=True)


def test_a_disk_that_is_full_is_told_and_what_was_written_is_gone_on_with() -> None:
    full = Path("/dev/full")
    with pytest.raises(Unusable, match="cannot be written"):
        file.File(full, {}, [])
