"""The command: whatever a person can mend is one sentence and exit code 1, never a traceback."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra import embedded
from infra.settings import Settings, Unusable


def annal(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """What `annal` says with no settings but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANNAL_")}
    environment: Mapping[str, str] = kept | {f"ANNAL_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "infra.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603 - our own


def assert_one_sentence(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(".\n")
    for word in words:
        assert word in done.stderr


def test_help_names_every_command() -> None:
    done = annal("--help")
    assert done.returncode == 0
    for command in ("up", "api", "worker", "project", "topics", "access", "admin", "status"):
        assert command in done.stdout


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert_one_sentence(annal("up", "--data-dir", str(tmp_path), port=port), port, "ANNAL_PORT")


def test_an_address_that_leads_nowhere(tmp_path: Path) -> None:
    done = annal("up", "--data-dir", str(tmp_path), port=_free_port(), redis_url="redis://127.0.0.1:1")
    assert_one_sentence(done, "127.0.0.1:1", "ANNAL_REDIS_URL")


def test_a_setting_that_makes_no_sense() -> None:
    assert_one_sentence(annal("worker", port="many"), "ANNAL_PORT")


@pytest.mark.parametrize("role", ["api", "worker", "project", "topics"])
def test_a_role_without_servers(role: str, tmp_path: Path) -> None:
    assert_one_sentence(annal(role, "--data-dir", str(tmp_path)), "`annal up`")


def test_doors_for_strangers() -> None:
    servers = {"kafka_bootstrap": "a:1", "postgres_url": "postgresql://a", "redis_url": "redis://a"}
    everywhere = {**servers, "host": "0.0.0.0"}  # noqa: S104 - is refused
    assert_one_sentence(annal("api", **everywhere), "ANNAL_HOST", "ANNAL_SMTP_URL")
    assert_one_sentence(annal("api", **everywhere, dev_login="true"), "ANNAL_HOST", "ANNAL_DEV_LOGIN")


def test_a_data_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_one_sentence(annal("up", "--data-dir", str(tmp_path / "file")), "--data-dir")


def test_a_damaged_database(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, kafka_bootstrap="127.0.0.1:1", redis_url="redis://127.0.0.1:1", postgres_url=""
    )
    with embedded.running(settings, {}):
        pass
    (tmp_path / "postgres" / "data" / "global" / "pg_control").write_bytes(b"damaged")
    with (
        pytest.raises(Unusable, match=r"postgres stopped while starting \(PANIC: .*postgres is damaged, delete it"),
        embedded.running(settings, {}),
    ):
        pass


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil._ntuple_diskusage(10**12, 10**12, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(Unusable, match=r"Only 0 MB are free .* --data-dir"), embedded.held(tmp_path):
        pass


def test_topics_and_status_of_a_running_stack(stack: Settings) -> None:
    known = {name.removeprefix("ANNAL_").lower(): value for name, value in stack.environment().items()}
    made = annal("topics", **known)
    assert made.returncode == 0
    assert "resource.facts" in made.stdout
    assert annal("topics", "--check", **known).returncode == 0
    shown = annal("status", **known | {"port": _free_port()})
    assert shown.returncode == 1, "no door is open here"
    assert "resource:7" in shown.stdout
    assert "nobody answers" in shown.stdout


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])
