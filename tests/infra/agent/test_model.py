"""The model of the settings: none if none is set, else with their prices and limits."""

import pytest
from pydantic import SecretStr

from agent.model.budget import Budget
from infra.agent.model import listening
from infra.settings import Settings, Unusable, load


def test_without_an_address_there_is_no_model() -> None:
    assert listening(Settings(agent_model="small")) is None


def test_an_address_without_a_model_cannot_be_used() -> None:
    with pytest.raises(Unusable, match=r"set ANNAL_AGENT_MODEL to one"):
        listening(Settings(agent_model_url="http://127.0.0.1:1/v1"))


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(Unusable, match=r"^ANNAL_AGENT_MODEL_URL cannot be used: .*http://127"):
        load(running=False, agent_model_url="localhost")


async def test_a_model_has_the_seconds_and_prices_of_the_settings() -> None:
    found = listening(
        Settings(
            agent_model_url="http://127.0.0.1:1/v1",
            agent_model="small",
            agent_model_key=SecretStr("key"),
            agent_model_timeout=3,
            agent_model_price_in=150,
            agent_model_price_out=600,
            agent_tokens_a_day=50_000,
            agent_cost_a_day=2_000_000,
        )
    )
    assert found is not None
    assert (found.model.name, found.seconds) == ("small", 3)
    assert found.budget == Budget(150, 600, 50_000, 2_000_000)
    await found.model.close()
