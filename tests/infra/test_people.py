"""What doors ask about people is answered by what is known, or not at all."""

from pathlib import Path

import pytest

from infra import redis
from infra.auth.vault import Vault
from infra.ends import Ends
from infra.people import People
from infra.ports import choose
from infra.settings import Settings
from projections.door import ReadDoor
from schemas.problems import Problem


async def test_while_kafka_is_away_nobody_is_told_that_a_session_is_none(stack: Settings, tmp_path: Path) -> None:
    (port,) = choose(tmp_path, {"nobody": None}).values()
    ends = Ends({"bootstrap_servers": f"127.0.0.1:{port}"})
    people = People(ReadDoor(stack, redis.client(stack), ends, vault=Vault(stack)), ends)
    with pytest.raises(Problem) as problem:
        await people.session("a session of a moment ago", newest=True)
    assert problem.value.code == "kafka_unavailable"
