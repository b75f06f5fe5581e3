"""An address that leads nowhere is one sentence that names it, and never its password."""

import pytest

from infra import kafka, postgres, redis
from infra.settings import Settings, Unusable

PATIENCE = 1


@pytest.mark.parametrize("bootstrap", ["", "127.0.0.1:1", "host:port", "nowhere.invalid:9092"])
async def test_kafka(bootstrap: str) -> None:
    with pytest.raises(Unusable, match="ANNAL_KAFKA_"):
        await kafka.check(Settings(kafka_bootstrap=bootstrap), PATIENCE)


async def test_kafka_with_a_password_that_is_missing() -> None:
    with pytest.raises(Unusable, match="ANNAL_KAFKA_SASL_PASSWORD"):
        await kafka.check(Settings(kafka_bootstrap="127.0.0.1:1", kafka_security_protocol="SASL_SSL"), PATIENCE)


@pytest.mark.parametrize(
    "url", ["", "postgresql://u:hidden@127.0.0.1:1/d", "postgresql://u:hidden@nowhere.invalid/d", "postgresql://u v/"]
)
async def test_postgres(url: str) -> None:
    with pytest.raises(Unusable, match="ANNAL_POSTGRES_URL") as said:
        await postgres.check(Settings(postgres_url=url), PATIENCE)
    assert "hidden" not in str(said.value)


@pytest.mark.parametrize("url", ["", "redis://:hidden@127.0.0.1:1", "redis://host:port", "unix:///nowhere"])
async def test_redis(url: str) -> None:
    with pytest.raises(Unusable, match="ANNAL_REDIS_URL") as said:
        await redis.check(Settings(redis_url=url), PATIENCE)
    assert "hidden" not in str(said.value)
