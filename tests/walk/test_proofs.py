"""Everybody's history is proved: at the doors, at a terminal, with nothing but files, and after a person is erased."""

import asyncio
import os
import sys
from pathlib import Path

import httpx2
import orjson
import pytest

from infra.auth.vault import Vault
from infra.prove.offline import verify
from infra.settings import Settings
from schemas.checkpoint import Checkpoint
from tests.walk.conftest import Running
from tests.walk.somebody import Somebody, felt, played, somebody

pytestmark = pytest.mark.timeout(600)


async def annal(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Run a command as at a terminal; its exit code, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.cli", *arguments),
        env=os.environ | settings.environment() | {"COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@pytest.fixture(scope="module")
async def auditor(http: httpx2.AsyncClient) -> Somebody:
    return await played(http, "prover", "auditor")


async def test_checkpoints_are_read_at_a_door(http: httpx2.AsyncClient, running: Running, auditor: Somebody) -> None:
    await somebody(http, "Cy")
    code, said = await annal(running.settings, "checkpoint")
    assert code == 0, said
    (key,) = (await http.get("/v1/checkpoints/key")).json().values()
    assert key in said
    newest, *_ = (await auditor.get("/v1/checkpoints", limit=2)).json()["items"]
    answer = await auditor.get(f"/v1/checkpoints/{newest['number']}")
    checkpoint = Checkpoint.read(answer.content)
    assert checkpoint.statement.key == key
    assert checkpoint.statement.model_dump() == newest
    file = running.settings.data_dir / "checkpoints" / f"{newest['number']}.json"
    assert file.read_bytes() == answer.content
    before = (await auditor.get("/v1/checkpoints", before=newest["number"])).json()["items"]
    assert [each["number"] for each in before] == list(range(newest["number"] - 1, max(0, newest["number"] - 51), -1))


async def test_only_who_may_audit_reads_checkpoints(http: httpx2.AsyncClient, auditor: Somebody) -> None:
    member = await played(http, "nobody-special", "member")
    for path in ("/v1/checkpoints", "/v1/checkpoints/1"):
        assert (await member.get(path)).json()["code"] == "permission_missing"
        assert (await http.get(path)).json()["code"] == "credentials_missing"
    for number in ("0", "x", "1e3", "-1", "99999999", "9" * 40):
        assert (await auditor.get(f"/v1/checkpoints/{number}")).json()["code"] == "not_found"
    assert (await auditor.get("/v1/checkpoints", before="x")).json()["code"] == "query_invalid"


async def test_erasing_a_person_breaks_no_proof(http: httpx2.AsyncClient, running: Running, tmp_path: Path) -> None:
    settings, kept = running.settings, running.settings.data_dir / "checkpoints"
    ada = await somebody(http, "Ada")
    file = tmp_path / "ada.ndjson"
    code, said = await annal(settings, "export", "--out", str(file), "--subject", ada.account)
    assert code == 0, said
    key = (await http.get("/v1/checkpoints/key")).json()["key"]
    before = verify(file, [kept], key)
    assert ([*map(str, before.findings)], before.lines) == ([], len(file.read_bytes().splitlines()) - 1)
    assert b"Ada" not in file.read_bytes()  # what is personal is sealed
    assert await is_known(settings, ada)

    await ada.ask("account.erase", account_id=ada.account)
    await felt(lambda: ada.get("/v1/accounts/me"), 401)
    assert not await until_forgotten(settings, ada)
    assert verify(file, [kept], key).findings == []
    again = tmp_path / "again.ndjson"
    code, said = await annal(settings, "export", "--out", str(again), "--subject", ada.account)
    assert code == 0, said
    then, now = (path.read_bytes().splitlines() for path in (file, again))
    shown = [[orjson.loads(line) for line in lines[:-1]] for lines in (then, now)]
    assert [each["value"] for each in shown[1]][: before.lines] == [each["value"] for each in shown[0]]
    code, said = await annal(settings, "verify", str(again), "--checkpoint", str(kept), "--key", key)
    assert code == 0, said
    code, said = await annal(settings, "verify", "--journal", str(shown[0][0]["position"]).rpartition(":")[0])
    assert code == 0, said


async def test_a_changed_export_is_told_at_the_terminal(running: Running, tmp_path: Path) -> None:
    file = tmp_path / "kinds.csv"
    code, said = await annal(running.settings, "export", "--out", str(file), "--domain", "role")
    assert code == 0, said
    file.write_bytes(file.read_bytes() + b"\n")
    code, said = await annal(Settings(data_dir=tmp_path), "verify", str(file))
    assert code == 1
    assert "Traceback" not in said
    assert "is not what was exported" in said


async def is_known(settings: Settings, person: Somebody) -> bool:
    vault = Vault(settings)
    await vault.open()
    try:
        return await vault.newest(person.account) is not None
    finally:
        await vault.close()


async def until_forgotten(settings: Settings, person: Somebody) -> bool:
    for _ in range(100):
        if not await is_known(settings, person):
            return False
        await asyncio.sleep(0.2)
    return True
