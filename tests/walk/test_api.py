"""The API document is true: whatever is sent, there is no error of ours and no answer that it does not have."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from infra.api import create
from infra.embedded.process import Child
from infra.ports import choose
from infra.ready import door as address
from infra.ready import ready
from infra.settings import Settings
from tests.walk.conftest import STARTED_WITHIN, Running

Case: TypeAlias = "schemathesis.Case[Any]"

NOWHERE = Settings(
    kafka_bootstrap="127.0.0.1:1", postgres_url="postgresql://x@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1"
)

# A command as the document wants it may be against the rules.
NEVER = [positive_data_acceptance]


@schemathesis.serializer("application/x-ndjson")
def lines(_: Any, value: Any) -> bytes:
    return str(value).encode()


# What is listened to never ends.
STREAMS = ["/v1/facts", *(f"/v1/conversations/{{conversation_id}}/{what}" for what in ("events", "runs"))]
"""What answers with events for a while; test_listening.py and test_channels.py hear them."""

api = schemathesis.openapi.from_dict(create(NOWHERE).openapi()).exclude(path=STREAMS)


@pytest.fixture(scope="module")
def door(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Doors that anybody may ask as often as they like, in a process of their own."""
    (port,) = choose(tmp_path_factory.mktemp("anything"), {"api": None}).values()
    there = running.settings.model_copy(update={"rate_limits": False, "port": port})
    child = Child("anything", [sys.executable, "-m", "infra.cli", "api"], there.data_dir, there.environment())
    child.start()
    child.wait_ready(partial(ready, there), STARTED_WITHIN)
    yield address(there)
    child.stop()


@pytest.fixture(scope="module")
def shown(door: str) -> dict[str, str]:
    """The credentials of somebody who may do everything."""
    sent = {"account": "anything", "roles": ["admin"]}
    token = httpx2.post(f"{door}/v1/dev/login", json=sent, timeout=60).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


@api.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_answer_is_unexpected(case: Case, door: str, shown: dict[str, str]) -> None:
    case.call_and_validate(door, headers=shown, excluded_checks=[*NEVER, *_not_of(case)])


def _not_of(case: Case) -> list[Any]:
    """Name what cannot be asked where anything goes: of arrays in a query, which may be one value; of lines of text."""
    arrays = any(parameter.definition["schema"].get("type") == "array" for parameter in case.operation.query)
    text = case.media_type == "application/x-ndjson"
    return [negative_data_rejection] if arrays or text else []
