"""The vault makes a key once, gives it to all, and destroys it for good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import TupleRow
from pydantic import SecretStr, TypeAdapter

from infra import tables
from infra.auth import base64url
from infra.auth.vault import LONGEST, Erased, Person, Unsealable, Vault
from infra.settings import Settings, Unusable
from schemas.person import Sealed
from schemas.problems import Problem
from tests.infra.auth.database import away, cut

OLD, NEW = "0" * 63 + "a", "0" * 63 + "b"

alice = Person("alice", bytes(range(64)))
sealed = TypeAdapter(Sealed)


@asynccontextmanager
async def opened(settings: Settings, **changed: object) -> AsyncIterator[Vault]:
    vault = Vault(settings.model_copy(update=changed))
    await vault.open()
    try:
        yield vault
    finally:
        await vault.close()


def rows(settings: Settings, statement: str, *values: Any) -> list[TupleRow]:
    with psycopg.connect(settings.postgres_url) as connection:
        return connection.execute(statement, values).fetchall()


# ── sealing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text(max_size=2_000).filter(lambda text: text.isprintable() or "\n" in text))
def test_what_is_sealed_is_opened_again(text: str) -> None:
    assert alice.open("name", sealed.validate_python(alice.seal("name", text))) == text


def test_the_same_text_is_sealed_alike() -> None:
    assert alice.seal("name", "Ada") == alice.seal("name", "Ada")


def test_sealed_text_moved_to_another_field_does_not_open() -> None:
    with pytest.raises(Unsealable):
        alice.open("password", alice.seal("name", "Ada"))


def test_sealed_text_moved_to_another_person_does_not_open_even_with_the_same_key() -> None:
    with pytest.raises(Unsealable):
        Person("bob", bytes(range(64))).open("name", alice.seal("name", "Ada"))


def test_sealed_text_does_not_open_once_any_bit_of_it_changed() -> None:
    raw = base64url.decode(alice.seal("name", "Ada"))
    for place in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(Unsealable):
            alice.open("name", base64url.encode(bytes(changed)))


@pytest.mark.parametrize("text", ["", "-", "AQ", "Ada", "=" * 40, "é" * 40, "\x00", alice.seal("name", "Ada") + "="])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(Unsealable):
        alice.open("name", text)


def test_the_longest_text_that_is_sealed_may_stand_on_a_topic() -> None:
    sealed.validate_python(alice.seal("traits", "x" * LONGEST))
    with pytest.raises(Problem, match="at most 14983"):
        alice.seal("traits", "x" * (LONGEST + 1))


def test_sealed_text_is_what_rfc_5297_says() -> None:
    """Of three parts of associated data, computed with the RFC's own S2V and CTR."""
    assert alice.seal("name", "Ada") == base64url.encode(b"\x01" + siv(bytes(range(64)), b"Ada", "alice", "name"))


def siv(key: bytes, said: bytes, *place: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415
    from cryptography.hazmat.primitives.cmac import CMAC  # noqa: PLC0415

    def cmac(data: bytes) -> bytes:
        mac = CMAC(algorithms.AES(key[:32]))
        mac.update(data)
        return mac.finalize()

    def doubled(block: bytes) -> bytes:
        number = int.from_bytes(block) << 1
        return ((number & (1 << 128) - 1) ^ (0x87 if number >> 128 else 0)).to_bytes(16)

    def xor(one: bytes, other: bytes) -> bytes:
        return bytes(left ^ right for left, right in zip(one, other, strict=True))

    chain = cmac(bytes(16))
    for part in (b"annal", *(each.encode() for each in place)):
        chain = xor(doubled(chain), cmac(part))
    tag = cmac(xor(doubled(chain), said + b"\x80" + bytes(15 - len(said))))
    counter = bytearray(tag)
    counter[8] &= 0x7F
    counter[12] &= 0x7F
    encryptor = Cipher(algorithms.AES(key[32:]), modes.CTR(bytes(counter))).encryptor()
    return tag + encryptor.update(said)


# ── persons ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_person_has_one_key_in_every_process(empty: Settings, vault: Vault) -> None:
    async with opened(empty) as other:
        text = (await vault.person("alice")).seal("name", "Ada")
        assert (await other.person("alice")).open("name", text) == "Ada"


async def test_two_who_make_a_key_at_once_have_the_same(empty: Settings, vault: Vault) -> None:
    async with opened(empty) as other:
        made = await asyncio.gather(*(each.person("alice") for each in (vault, other) * 10))
    assert len({person.seal("name", "Ada") for person in made}) == 1


async def test_two_persons_have_two_keys(vault: Vault) -> None:
    alices, bobs = await vault.person("alice"), await vault.person("bob")
    assert alices._key != bobs._key


async def test_asking_who_is_known_makes_no_key(vault: Vault) -> None:
    assert await vault.known("alice") is None
    assert await vault.ask(lambda connection: count(connection, "person_key")) == 0
    await vault.person("alice")
    person = await vault.known("alice")
    assert person is not None
    assert person.account_id == "alice"


async def count(connection: psycopg.AsyncConnection[Any], table: str) -> int:
    cursor = await connection.execute(f"SELECT count(*) FROM vault.{table}".encode())  # noqa: S608 - a name of ours
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_an_erased_person_is_not_known_and_has_no_key(empty: Settings, vault: Vault) -> None:
    await vault.person("alice")
    await vault.erase("alice")
    assert await vault.known("alice") is None
    with pytest.raises(Erased):
        await vault.person("alice")
    assert rows(empty, "SELECT wrapped FROM vault.person_key") == [(None,)]


async def test_the_tombstone_of_who_never_had_a_key_prevents_a_new_key(empty: Settings, vault: Vault) -> None:
    await vault.erase("alice")
    async with opened(empty) as other:
        with pytest.raises(Erased):
            await other.person("alice")


async def test_erasing_again_changes_nothing(empty: Settings, vault: Vault) -> None:
    await vault.erase("alice")
    first = rows(empty, "SELECT * FROM vault.person_key")
    await vault.erase("alice")
    assert rows(empty, "SELECT * FROM vault.person_key") == first


async def test_another_process_forgets_the_erased_when_it_is_told(empty: Settings, vault: Vault) -> None:
    async with opened(empty) as other:
        await other.person("alice")
        await vault.erase("alice")
        assert await other.known("alice") is not None
        other.forget("alice")
        assert await other.known("alice") is None


async def test_who_is_erased_while_the_key_is_read_is_not_remembered(vault: Vault) -> None:
    await vault.person("alice")
    reading = asyncio.create_task(vault.newest("alice"))
    await asyncio.sleep(0)
    vault.forget("alice")
    assert await reading is None
    assert await vault.known("alice") is None


async def test_what_is_erased_leaves_the_table_without_waiting_for_more(vault: Vault, empty: Settings) -> None:
    options = rows(empty, "SELECT reloptions FROM pg_class WHERE relname = 'person_key'")
    assert options == [(["autovacuum_vacuum_threshold=0", "autovacuum_vacuum_scale_factor=0"],)]
    assert vault


# ── secrets and master keys ───────────────────────────────────────────────────────────────────────────────────────────


async def test_a_secret_is_made_once_for_all(empty: Settings, vault: Vault) -> None:
    async with opened(empty) as other:
        made = await asyncio.gather(*(each.secret("address") for each in (vault, other) * 10))
        assert len(set(made)) == 1
        assert len(made[0]) == 32
        assert await other.secret("refresh") != made[0]


async def test_the_master_key_is_made_in_the_data_directory_for_its_owner_alone(empty: Settings, vault: Vault) -> None:
    path = empty.data_dir / "master_key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(path.read_text())) == 32
    assert [each.name for each in empty.data_dir.iterdir()] == ["master_key"]
    assert vault


async def test_keys_stand_in_the_database_wrapped_only(empty: Settings, vault: Vault) -> None:
    key, secret = (await vault.person("alice"))._key, await vault.secret("address")
    stored = b"".join(
        bytes(row[0])
        for table in ("person_key", "secret")
        for row in rows(empty, f"SELECT wrapped FROM vault.{table}")  # noqa: S608 - constant
    )
    assert len(stored) > 64
    assert key not in stored
    assert secret not in stored


async def test_another_master_key_opens_nothing(empty: Settings, vault: Vault, tmp_path: Path) -> None:
    assert vault
    with pytest.raises(Unusable, match="another master key"):
        await Vault(empty.model_copy(update={"data_dir": tmp_path / "another"})).open()


async def test_what_an_older_master_key_wrapped_is_wrapped_again_by_the_first(empty: Settings) -> None:
    both = {"master_key": SecretStr(f"{NEW}, {OLD}")}
    async with opened(empty, master_key=SecretStr(OLD)) as vault:
        text = (await vault.person("alice")).seal("name", "Ada")
        secret = await vault.secret("address")
        await vault.person("bob")
        await vault.erase("bob")
    async with opened(empty, **both) as vault:
        assert (await vault.person("alice")).open("name", text) == "Ada"
        assert await vault.rewrap() == 3
        assert await vault.rewrap() == 0
    async with opened(empty, master_key=SecretStr(NEW)) as vault:
        assert (await vault.person("alice")).open("name", text) == "Ada"
        assert await vault.secret("address") == secret
        assert await vault.known("bob") is None
    with pytest.raises(Unusable, match="another master key"):
        async with opened(empty, master_key=SecretStr(OLD)):
            pass


@pytest.mark.parametrize("key", ["", "secret", OLD[1:], f"{OLD},", f"{OLD},{'g' * 64}", OLD + "0"])
def test_what_is_no_master_key_is_refused(empty: Settings, key: str) -> None:
    with pytest.raises(Unusable, match="64 hexadecimal digits"):
        Vault(empty.model_copy(update={"master_key": SecretStr(key)}))


async def test_a_wrapped_key_moved_to_another_row_is_refused(empty: Settings, vault: Vault) -> None:
    await vault.person("alice")
    with psycopg.connect(empty.postgres_url) as connection:
        connection.execute("INSERT INTO vault.person_key SELECT 'bob', wrapped, made_time FROM vault.person_key")
    with pytest.raises(Unusable, match="changed by somebody else"):
        await vault.person("bob")


# ── with PostgreSQL ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_many_open_the_vault_at_once(empty: Settings) -> None:
    vaults = [Vault(empty) for _ in range(4)]
    await asyncio.gather(*(vault.open() for vault in vaults))
    secrets = [await vault.secret("address") for vault in vaults]
    await asyncio.gather(*(vault.close() for vault in vaults))
    assert len(set(secrets)) == 1


async def test_making_the_read_models_anew_leaves_the_vault(empty: Settings, vault: Vault) -> None:
    text = (await vault.person("alice")).seal("name", "Ada")
    tables.make(empty)
    with psycopg.connect(empty.postgres_url) as connection:
        connection.execute("UPDATE tables_made SET definition = 'of yesterday'")
    assert tables.make(empty, anew=True) != []
    async with opened(empty) as other:
        assert (await other.person("alice")).open("name", text) == "Ada"


async def test_connections_that_were_cut_are_made_again(empty: Settings, vault: Vault) -> None:
    await vault.person("alice")
    cut(empty)
    assert await vault.newest("alice") is not None


async def test_while_postgresql_is_away_who_is_remembered_is_given_and_others_are_a_problem(
    empty: Settings, vault: Vault
) -> None:
    await vault.person("alice")
    with away(empty):
        assert (await vault.person("alice")).account_id == "alice"
        with pytest.raises(Problem) as refused:
            await vault.person("bob")
        assert (refused.value.code, refused.value.headers) == ("postgres_unavailable", {"Retry-After": "1"})
    assert (await back(vault)).account_id == "bob"


async def back(vault: Vault) -> Person:
    async with asyncio.timeout(60):
        while True:
            try:
                return await vault.person("bob")
            except Problem:
                await asyncio.sleep(0.1)
