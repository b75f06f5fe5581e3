"""What anybody may send is fuzzed for some seconds; `uv run python -m tests.fuzz.refresh` goes on until it finds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = 20_000
SECONDS = 10

OBLIVIOUS = """
from tests.fuzz.near import fuzz

def target(text):
    assert "7" not in text

fuzz(target, "annal_")
"""


def fuzzed(artifacts: Path, *what: str) -> subprocess.CompletedProcess[str]:
    """Fuzz in a process of its own, which the fuzzer ends."""
    limits = f"-atheris_runs={RUNS}", f"-max_total_time={SECONDS}", f"-artifact_prefix={artifacts}/"
    command = [sys.executable, *what, *limits]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - ours


@pytest.mark.parametrize("target", ["refresh", "apikeys", "cursors", "tokens", "proofs"])
def test_nothing_that_is_sent_makes_more_than_a_known_answer(target: str, tmp_path: Path) -> None:
    ended = fuzzed(tmp_path, "-m", f"tests.fuzz.{target}")
    assert ended.returncode == 0, ended.stderr[-3000:]
    done = re.search(r"Done (\d+) in", ended.stderr)
    assert done is not None
    assert int(done[1]) > 0


def test_a_target_that_fails_is_found(tmp_path: Path) -> None:
    ended = fuzzed(tmp_path, "-c", OBLIVIOUS)
    assert ended.returncode != 0
    assert "AssertionError" in ended.stdout + ended.stderr
    assert list(tmp_path.glob("crash-*"))
