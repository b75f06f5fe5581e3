"""A strict client that others wrote signs in, goes on, and checks tokens by what the doors publish."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.walk.conftest import Running
from tests.walk.somebody import PASSWORD, somebody

OUTSIDE = Path(__file__).parent.parent / "outside"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The client with what it needs, installed beside nothing of ours."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node is not installed: the strict client is a package of npm.")
    where = tmp_path_factory.mktemp("outside")
    for name in ("package.json", "check.mjs"):
        shutil.copy(OUTSIDE / name, where)
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    installed = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if installed.returncode:
        pytest.skip(f"npm cannot install the strict client: {installed.stderr[-300:]}")
    return node, where


async def test_a_strict_client_of_oauth_finds_nothing_amiss(
    client: tuple[str, Path], http: httpx2.AsyncClient, running: Running, unsuspected: None
) -> None:
    assert unsuspected is None
    person = await somebody(http, "Outsider")
    node, where = client
    said = {"ANNAL_URL": running.url, "ANNAL_ADDRESS": person.address, "ANNAL_PASSWORD": PASSWORD}
    command = [node, "check.mjs"]
    found = subprocess.run(  # noqa: S603, ASYNC221 - ours, and nothing else is to be done meanwhile
        command, cwd=where, env=os.environ | said, capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    assert told["issuer"] == running.settings.url
    assert told["claims"]["sub"] == person.account
    assert told["claims"]["roles"] == ["member"]
