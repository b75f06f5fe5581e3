"""The examples of docs/subscribing.md do what the page says, where their languages are installed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from infra.outsiders import group_lags
from tests.walk.conftest import Running
from tests.walk.somebody import Somebody, played

HERE = Path(__file__).parent.parent / "outside" / "subscribing"
CUT_BY_ITSELF = 28
"""What curl says when its time is over."""

JARS = Path.home() / ".cache" / "annal" / "jars"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give where the packages of JavaScript are installed, beside nothing of ours."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("Node is not installed.")
    where = tmp_path_factory.mktemp("subscribing")
    for name in ("package.json", *(each.name for each in HERE.glob("*.mjs"))):
        shutil.copy(HERE / name, where)
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    installed = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if installed.returncode:
        pytest.skip(f"npm cannot install the clients: {installed.stderr[-300:]}")
    return where


@pytest.fixture
async def alice(running: Running) -> AsyncIterator[Somebody]:
    async with httpx2.AsyncClient(base_url=running.url, timeout=60) as door:
        yield await played(door, f"alice{uuid4().hex[:8]}", "member")


@pytest.fixture
async def subject(alice: Somebody) -> str:
    """Give a resource with two facts."""
    kind, resource_id = f"k{uuid4().hex[:10]}", f"r{uuid4().hex[:10]}"
    await alice.ask("kind.define", kind=kind, json_schema={"type": "object"})
    await alice.ask("resource.register", resource_id=resource_id, kind=kind, name="One", attributes={})
    await alice.ask("resource.rename", resource_id=resource_id, name="Two")
    return resource_id


def ran(running: Running, alice: Somebody, subject: str, *command: str, where: Path = HERE, code: int = 0) -> str:
    said = {
        "KAFKA": running.settings.kafka_bootstrap,
        "ANNAL": running.url,
        "TOKEN": alice.token,
        "SUBJECT": subject,
        "COUNT": "2",
    }
    found = subprocess.run(  # noqa: S603 - ours
        command, cwd=where, env=os.environ | said, capture_output=True, text=True, timeout=90, check=False
    )
    assert found.returncode == code, found.stderr
    return found.stdout


def lines(said: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.splitlines()]


def both(subject: str) -> list[dict[str, object]]:
    return [
        {"type": "resource.registered", "subject": subject, "name": "One"},
        {"type": "resource.renamed", "subject": subject, "name": "Two"},
    ]


async def test_python_reads_the_topic(running: Running, alice: Somebody, subject: str) -> None:
    assert lines(ran(running, alice, subject, sys.executable, "subscribe.py")) == both(subject)


async def test_how_far_a_group_is_behind_is_known(running: Running, alice: Somebody, subject: str) -> None:
    ran(running, alice, subject, sys.executable, "subscribe.py")
    for name in ("Three", "Four"):
        await alice.ask("resource.rename", resource_id=subject, name=name)
    (group,) = [each for each in await group_lags(running.settings) if each.group == "subscriber.python"]
    assert group.lag_facts >= 2
    assert 0 < group.lag_seconds < 600
    ada = await played(alice.door, f"ada{uuid4().hex[:8]}", "auditor")
    told = (await ada.get("/v1/subscribers")).json()["groups"]
    assert [each["group"] for each in told if each["group"] == group.group] == [group.group]
    metrics = (await alice.door.get("/metrics")).text
    assert f'annal_group_lag_facts{{group="{group.group}"}}' in metrics


async def test_javascript_reads_the_topic(running: Running, alice: Somebody, subject: str, packages: Path) -> None:
    assert lines(ran(running, alice, subject, "node", "subscribe.mjs", where=packages)) == both(subject)


@pytest.mark.parametrize("script", ["events.mjs", "socket.mjs"])
async def test_javascript_listens(running: Running, alice: Somebody, subject: str, packages: Path, script: str) -> None:
    assert lines(ran(running, alice, subject, "node", "--experimental-websocket", script, where=packages)) == both(
        subject
    )


async def test_java_reads_the_topic(running: Running, alice: Somebody, subject: str, tmp_path: Path) -> None:
    javac, jars = shutil.which("javac"), _jars("kafka-clients-", "slf4j-api-", "lz4-java-", "snappy-java-", "zstd-jni-")
    if javac is None or not jars:
        pytest.skip("No Java compiler is installed, or Kafka's jars are not here.")
    paths = os.pathsep.join([*jars, str(tmp_path)])
    ran(running, alice, subject, javac, "-cp", paths, "-d", str(tmp_path), "Subscribe.java")
    told = lines(ran(running, alice, subject, "java", "-cp", paths, "Subscribe"))
    assert [(each["type"], each["subject"]) for each in told] == [
        ("resource.registered", subject),
        ("resource.renamed", subject),
    ]
    assert all(isinstance(each["schema"], int) for each in told)


async def test_curl_listens(running: Running, alice: Somebody, subject: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed.")
    _, *events = ran(running, alice, subject, "sh", "listen.sh", code=CUT_BY_ITSELF).strip().split("\n\n")
    told = [dict(line.split(": ", 1) for line in event.splitlines()) for event in events]
    assert [event["event"] for event in told] == ["reached", "resource.registered", "resource.renamed"]
    assert [json.loads(event["data"])["subject"] for event in told[1:]] == [subject, subject]


def _jars(*names: str) -> Sequence[str]:
    found = [str(jar) for name in names for jar in sorted(JARS.glob(f"{name}*.jar"))]
    return found if any("kafka-clients" in each for each in found) else []
