"""The conversations of tests/agent/conversations, had with the agent on the real stack."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.script import Case
from infra.agent.testing import Answer, Ask, Result, cases, players, run
from tests.walk.conftest import Running
from tests.walk.somebody import PASSWORD, Somebody, felt

FOLDER = Path(__file__).parents[1] / "agent" / "conversations"
CASES = {f"{file}: {case.test_case}": case for file, found in cases([FOLDER]).items() for case in found}
AT_ONCE = 4
"""So many conversations go on at a time."""

Results = Mapping[str, asyncio.Task[Result]]


@pytest.fixture(scope="session")
async def administrator(http: httpx2.AsyncClient, running: Running) -> Somebody:
    """Make who runs the service, or be them again."""
    root = Somebody(http, "Root", "root@people.example")
    command = [sys.executable, "-m", "infra.cli", "admin", "create", "--address", root.address]
    environment = os.environ | running.settings.environment() | {"ANNAL_ADMIN_PASSWORD": PASSWORD}
    made = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, env=environment
    )
    assert made.returncode == 0, made.stdout + made.stderr
    await felt(lambda: http.post("/v1/sessions", json={"address": root.address, "password": PASSWORD}), 200)
    await root.sign_in()
    return root


@pytest.fixture(scope="session")
async def results(http: httpx2.AsyncClient, administrator: Somebody) -> AsyncIterator[Results]:
    """Let all of the conversations go on, a few at a time."""
    ask = through(http)
    people = players(ask, administrator.token)
    room = asyncio.Semaphore(AT_ONCE)

    async def have(case: Case) -> Result:
        async with room:
            return await run(case, ask, people)

    tasks = {name: asyncio.create_task(have(case)) for name, case in CASES.items()}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


def through(client: httpx2.AsyncClient) -> Ask:
    """Ask the doors that tests share."""

    async def ask(
        method: str, path: str, token: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await client.request(method, path, json=body, headers=shown | dict(headers or {}))
        return Answer(answer.status_code, answer.json())

    return ask


@pytest.mark.parametrize("name", CASES)
async def test_a_conversation_goes_as_it_is_written_down(results: Results, name: str) -> None:
    result = await results[name]
    assert result.failed is None, result.failed
