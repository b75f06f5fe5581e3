"""The conversations of tests/agent/conversations on the real stack; some of them eight times with a model."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.script import Case
from infra.agent.endpoint import serving
from infra.agent.people import Answer, Ask, players
from infra.agent.rounds import AT_ONCE, cases, rounds
from infra.agent.scripted import Scripted
from infra.agent.testing import Result, run
from tests.walk.agents import instead
from tests.walk.conftest import Running
from tests.walk.somebody import PASSWORD, Somebody, felt

FOLDER = Path(__file__).parents[1] / "agent" / "conversations"
CASES = {f"{file}: {case.test_case}": case for file, found in cases([FOLDER]).items() for case in found}

WITH_MODEL = (
    "refusals.yaml: what changed after it was proposed is not done",
    "resources.yaml: sharing waits until it is confirmed in words",
    "talk.yaml: a name is corrected while another value is asked for",
    "talk.yaml: what was spoken of last is it",
)
"""Those that are had with a model in each run of the tests; docs/agent-testing.md has the figures of all of them."""

TIMES = 8

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
        return Answer(answer.status_code, answer.json() if answer.content else None)

    return ask


@pytest.mark.parametrize("name", CASES)
async def test_a_conversation_goes_as_it_is_written_down(results: Results, name: str) -> None:
    result = await results[name]
    assert result.failed is None, result.failed


@pytest.mark.timeout(600)
async def test_with_a_model_that_now_and_then_answers_badly_a_conversation_goes_so_each_time(
    running: Running, http: httpx2.AsyncClient, administrator: Somebody
) -> None:
    model, ask = Scripted(), through(http)
    people = players(ask, administrator.token)
    room = asyncio.Semaphore(AT_ONCE)

    async def have(name: str) -> list[Result]:
        async with room:
            return await rounds(CASES[name], ask, people, TIMES, model)

    async with serving(model.handle) as url, instead(running, agent_model_url=url, agent_model="scripted"):
        found = await asyncio.gather(*(have(name) for name in WITH_MODEL))
    results = [result for each in found for result in each]
    assert [result.failed for result in results] == [None] * TIMES * len(WITH_MODEL)
    tiers = Counter(tier for result in results for tier in result.tiers)
    assert tiers["model"] > tiers["lexical"] > 0
