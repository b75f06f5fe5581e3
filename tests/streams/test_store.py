"""What a partition's owner remembers on disk, when more than one process wants the disk."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands.resource import Resource
from streams.store import Answer, Mark, Store

HOLDER = """
import sys
from pathlib import Path
from commands.resource import Resource
from streams.store import Answer, Mark, Store
store = Store(Path(sys.argv[1]), Resource, "rules", 1000)
store.write({b"r1": (1, Resource(owner="holder"))}, {"c1": Answer(1, 1, 1, "r1", "r.do", "holder")}, Mark(1))
print("held", flush=True)
sys.stdin.readline()
store.write({b"r2": (1, Resource(owner="holder"))}, {}, Mark(2))
store.close()
print("closed", flush=True)
"""


@contextmanager
def held(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Let another process hold a store, as a worker that was stalled does."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:  # noqa: S603 - our own
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


def let_go(holder: "subprocess.Popen[str]") -> None:
    assert holder.stdin is not None
    assert holder.stdout is not None
    print(file=holder.stdin, flush=True)
    assert holder.stdout.readline() == "closed\n"


def opened(path: Path, rules: str = "rules") -> Store:
    return Store(path, Resource, rules, 1000)


def write(store: Store, owner: str) -> None:
    store.write({b"r1": (1, Resource(owner=owner))}, {"c9": Answer(1, 1, 1, "r1", "resource.register", owner)}, Mark(9))


@pytest.mark.parametrize("clears", [False, True])
def test_what_another_process_holds_is_left_alone(tmp_path: Path, clears: bool) -> None:  # noqa: FBT001 - a case
    path = tmp_path / "3"
    with held(path) as holder:
        ours = opened(path)
        assert ours.mark() == Mark()
        write(ours, "ours")
        if clears:
            ours.clear()
            write(ours, "ours")
        let_go(holder)
        found = ours.state(b"r1")
        assert found is not None
        assert found[1].owner == "ours"
        assert ours.state(b"r2") is None
        assert ours.answer("c9") is not None
        ours.close()
    theirs = opened(path)
    assert theirs.mark() == Mark(2)
    assert theirs.state(b"r2") is not None
    theirs.close()
    assert [each.name for each in tmp_path.iterdir()] == ["3"]


def test_what_workers_that_are_gone_left_beside_it_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "3"
    opened(tmp_path / "3.left").close()
    opened(path).close()
    assert [each.name for each in tmp_path.iterdir()] == ["3"]


def test_a_store_of_other_rules_is_forgotten(tmp_path: Path) -> None:
    store = opened(tmp_path / "3")
    write(store, "earlier")
    store.close()
    anew = opened(tmp_path / "3", "other rules")
    assert (anew.mark(), anew.state(b"r1"), anew.answer("c9")) == (Mark(), None, None)
    anew.close()


def test_a_damaged_store_is_made_anew(tmp_path: Path) -> None:
    store = opened(tmp_path / "3")
    write(store, "earlier")
    store.close()
    (tmp_path / "3" / "CURRENT").write_text("nonsense")
    anew = opened(tmp_path / "3")
    assert anew.mark() == Mark()
    write(anew, "later")
    anew.close()
