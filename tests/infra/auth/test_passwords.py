"""Passwords are hashed the same way for all, in equal time, by no more at once than the machine bears."""

import asyncio
import statistics
import time
import unicodedata
from collections.abc import Iterator
from contextlib import suppress

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from infra.auth.passwords import WAITING, WORKERS, Passwords, Verified, require_good
from schemas.problems import Problem

PASSWORD = "tangled wires hum"  # noqa: S105 - of nobody


@pytest.fixture(scope="module")
def passwords() -> Iterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


# ── hashing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_password_that_was_hashed_is_right_and_others_are_wrong(passwords: Passwords) -> None:
    hashed = await passwords.hash(PASSWORD)
    assert await passwords.verify(PASSWORD, hashed) == Verified(right=True)
    assert await passwords.verify(PASSWORD + "!", hashed) == Verified(right=False)
    assert await passwords.hash(PASSWORD) != hashed


async def test_hashes_cost_what_rfc_9106_recommends(passwords: Passwords) -> None:
    costs = extract_parameters(await passwords.hash(PASSWORD))
    assert (costs.type, costs.version) == (Type.ID, 19)
    assert (costs.memory_cost, costs.time_cost, costs.parallelism) == (64 * 1024, 3, 4)
    assert (costs.salt_len, costs.hash_len) == (16, 32)


async def test_a_hash_of_weaker_parameters_is_right_and_made_anew(passwords: Passwords) -> None:
    weaker = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(PASSWORD)
    right, rehashed = await passwords.verify(PASSWORD, weaker)
    assert right
    assert rehashed is not None
    assert await passwords.verify(PASSWORD, rehashed) == Verified(right=True)
    assert await passwords.verify("another one", weaker) == Verified(right=False)


async def test_a_password_is_the_same_however_a_keyboard_writes_it(passwords: Passwords) -> None:
    hashed = await passwords.hash("fünf Brücken Äste")
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        typed = unicodedata.normalize(form, "fünf Brücken Äste")
        assert (await passwords.verify(typed, hashed)).right


async def test_a_password_longer_than_any_is_wrong_and_not_cut(passwords: Passwords) -> None:
    hashed = await passwords.hash("a" * 256)
    assert (await passwords.verify("a" * 256, hashed)).right
    assert not (await passwords.verify("a" * 257, hashed)).right
    assert not (await passwords.verify("a" * 1_000_000, hashed)).right


async def test_an_account_that_is_not_there_takes_as_long_as_a_wrong_password(passwords: Passwords) -> None:
    hashed = await passwords.hash(PASSWORD)

    async def took(known: str | None) -> float:
        # By the processor's clock: what else this machine does counts for nothing.
        began = time.process_time()
        assert not (await passwords.verify("wrong password", known)).right
        return time.process_time() - began

    there, not_there = [], []
    for _ in range(5):
        there.append(await took(hashed))
        not_there.append(await took(None))
    assert 0.7 < statistics.median(not_there) / statistics.median(there) < 1.4


async def test_nobody_has_the_password_of_the_account_that_is_not_there(passwords: Passwords) -> None:
    assert await passwords.verify("", None) == Verified(right=False)


@pytest.mark.parametrize(
    "asked",
    [
        "$argon2id$v=19$m=2097152,t=1,p=4",
        "$argon2id$v=19$m=65536,t=1000000,p=4",
        "$argon2id$v=19$m=65536,t=3,p=255",
        "$argon2id$v=19$m=4294967295,t=4294967295,p=1",
        "$argon2d$v=19$m=99999999999999999999,t=1,p=1",
    ],
)
async def test_unbounded_argon2_parameters_are_refused_and_not_computed(passwords: Passwords, asked: str) -> None:
    async with asyncio.timeout(5):
        hashed = f"{asked}$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
        assert await passwords.verify(PASSWORD, hashed) == Verified(right=False)


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        "tangled wires hum",
        "$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m",
        "$argon2id$v=19$m=1_0,t=1,p=1$c29tZXNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m=-8,t=1,p=1$c29tZXNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m=0,t=0,p=0$c29tZXNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=19$m=64,t=1,p=1$$",
        "$argon2id$v=19$m=64,t=1,p=1$!!!!$!!!!",
    ],
)
async def test_what_is_no_hash_of_ours_makes_every_password_wrong(passwords: Passwords, hashed: str) -> None:
    assert await passwords.verify(PASSWORD, hashed) == Verified(right=False)


async def test_too_many_at_once_are_told_to_ask_again_and_room_comes_back(passwords: Passwords) -> None:
    many = [asyncio.create_task(passwords.verify(PASSWORD, None)) for _ in range(WORKERS + WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await passwords.verify(PASSWORD, None)
    assert (refused.value.code, refused.value.status) == ("too_busy", 503)
    assert refused.value.headers == {"Retry-After": "1"}
    # Whoever hangs up makes room only as far as their work has not begun.
    for each in many[4:]:
        each.cancel()
    await asyncio.wait(many)
    assert await passwords.verify(PASSWORD, None) == Verified(right=False)
    assert passwords._room._value == WORKERS + WAITING


# ── choosing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "correct horse battery staple",
        "vK7#pQz9",
        "夜の電車は遅れてくる",
        "4@8({[<369&#!1/|0$5+7%2",
        "word " * 10 + "otherwise unbelievable",
        "quartz" + " lantern" * 31,
    ],
)
def test_what_is_hard_to_guess_is_good(password: str) -> None:
    require_good(password, "ada.lovelace@example.org", "Ada Lovelace")


@pytest.mark.parametrize(
    "password",
    ["password", "12345678", "qwertyuiop", "P@ssw0rd", "letmein1", "aaaaaaaaaaaaaaaaaaaa", "abcabcabcabc", "19951995"],
)
def test_what_is_guessed_first_is_weak(password: str) -> None:
    refuse(password, "harder to guess")


@pytest.mark.parametrize("password", ["", "vK7#pQz", "x7" * 129, "\u00e9\u0065\u0301" * 3])
def test_a_password_has_8_to_256_characters(password: str) -> None:
    refuse(password, "8 to 256 characters")


@pytest.mark.parametrize(
    ("password", "personal"),
    [
        ("xq9 lovelace ZK4", ("lovelace@example.org",)),
        ("xq9 LoveLace ZK4", ("Lovelace@example.org", "")),
        ("xq9 Ada Lovelace ZK4", ("ada@example.org", "Ada Lovelace")),
    ],
)
def test_a_password_that_holds_name_or_address_is_weak(password: str, personal: tuple[str, ...]) -> None:
    refuse(password, "your name or address", *personal)


def test_a_password_made_of_what_is_personal_is_weak() -> None:
    refuse("ada.lovelac3", "harder to guess", "ada.lovelace@example.org")
    refuse("lovel@ce1", "harder to guess", "x@example.org", "Ada Lovelace")


def test_a_short_name_may_be_part_of_a_password() -> None:
    require_good("tangled ada wires hum", "ada@example.org", "Ada")


def test_a_password_that_is_slow_to_judge_holds_nobody_up() -> None:
    for password in ("4@8({[<369&#!1/|0$5+7%2" * 11, "([{1!|" * 42, "a" * 256, "aabaab" * 42):
        began = time.process_time()
        with suppress(Problem):
            require_good(password)
        assert time.process_time() - began < 1


def refuse(password: str, saying: str, *personal: str) -> None:
    with pytest.raises(Problem, match=saying) as refused:
        require_good(password, *personal)
    assert (refused.value.code, refused.value.status) == ("password_weak", 422)
    assert not personal or personal[0].split("@")[0] not in refused.value.detail
