"""What tests of keys and tokens share: a vault in a database of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from infra.auth.vault import Vault
from infra.settings import Settings


@pytest.fixture
def empty(stack: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings with a database and a data directory of the test's own."""
    name = f"vault_{uuid4().hex}"
    with psycopg.connect(stack.postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        url = f"{stack.postgres_url.rsplit('/', 1)[0]}/{name}"
        yield stack.model_copy(update={"postgres_url": url, "data_dir": tmp_path, "master_key": None})
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def vault(empty: Settings) -> AsyncIterator[Vault]:
    vault = Vault(empty)
    await vault.open()
    yield vault
    await vault.close()
