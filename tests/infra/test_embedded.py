"""The embedded stack: its servers answer, and what was written stays."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from psycopg import connect

from infra import embedded, kafka, postgres, redis
from infra.embedded import jars
from infra.embedded import kafka as broker
from infra.settings import Settings, Unusable, publish


async def test_every_server_answers(stack: Settings) -> None:
    await asyncio.gather(kafka.check(stack), postgres.check(stack), redis.check(stack))


async def test_redis_asks_for_the_password(stack: Settings) -> None:
    open_door = "redis://" + stack.redis_url.rsplit("@", 1)[1]
    with pytest.raises(Unusable, match="ANNAL_REDIS_URL"):
        await redis.check(Settings(redis_url=open_door))


def test_a_second_start_finds_what_the_first_left(tmp_path: Path) -> None:
    own = Settings(data_dir=tmp_path, kafka_bootstrap="127.0.0.1:1", redis_url="redis://127.0.0.1:1", postgres_url="")
    with embedded.running(own, {}) as servers:
        first = servers.settings.postgres_url
        with connect(first) as connection:
            connection.execute("CREATE TABLE kept ()")
    with embedded.running(own, {}) as servers:
        assert servers.settings.postgres_url == first
        with connect(first) as connection:
            connection.execute("TABLE kept")


def test_a_clusters_id_may_begin_with_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = UUID(bytes=b"\xf8" + bytes(15))
    monkeypatch.setattr("uuid.uuid4", lambda: identity)
    classpath = jars.fetch(Settings().cache_dir / "jars", lambda _count, _total: None)
    broker.prepare(tmp_path, classpath, 1, 2)
    assert "cluster.id=-AAA" in (tmp_path / "kafka" / "data" / "meta.properties").read_text()


def test_one_data_directory_is_run_once(tmp_path: Path) -> None:
    publish(Settings(data_dir=tmp_path))
    with embedded.held(tmp_path), pytest.raises(Unusable, match="already runs"), embedded.held(tmp_path):
        pass
