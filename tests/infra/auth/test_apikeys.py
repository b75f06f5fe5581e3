"""API keys are written in one way, and typing errors are noticed."""

import hashlib
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.auth.apikeys import make, read, start
from schemas.apikey import CreateKey

SECRET = bytes(range(20))
KEY = make(SECRET)

secrets = st.binary(min_size=20, max_size=20)


def test_a_key_is_the_prefix_28_characters_and_a_checksum_of_6() -> None:
    assert re.fullmatch(r"annal_[1-9A-HJ-NP-Za-km-z]{34}", KEY)


def test_the_same_secret_is_always_written_alike() -> None:
    assert KEY == "annal_111Bhh3pU9gLXZiNDL6PEZuEP5ri2XkqWT"


def test_it_is_base58_as_others_write_it() -> None:
    # A vector of draft-msporny-base58: 28 digits beginning with as many ones as are missing.
    hello = b"Hello World!"
    assert make(bytes(8) + hello)[len("annal_") :][:28] == "2NEpo7TZRRrLZSi2U".rjust(28, "1")


@given(secrets)
@example(bytes(20))
@example(b"\xff" * 20)
def test_a_key_is_known_by_the_digest_of_all_of_it(secret: bytes) -> None:
    key = make(secret)
    assert len(key) == 40
    assert read(key) == hashlib.sha256(key.encode()).hexdigest()


@given(secrets, secrets)
def test_two_secrets_are_two_keys(one: bytes, other: bytes) -> None:
    assert (make(one) == make(other)) == (one == other)


@given(secrets, st.integers(6, 39), st.sampled_from("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"))
def test_one_wrong_character_is_noticed(secret: bytes, place: int, typed: str) -> None:
    key = make(secret)
    mistyped = key[:place] + typed + key[place + 1 :]
    assert mistyped == key or read(mistyped) is None


@given(secrets, st.integers(6, 38))
def test_two_characters_that_changed_places_are_noticed(secret: bytes, place: int) -> None:
    key = make(secret)
    mistyped = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
    assert mistyped == key or read(mistyped) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "annal_",
        KEY[:-1],
        KEY + "1",
        KEY + "\n",
        " " + KEY,
        KEY.upper(),
        KEY.replace("annal_", "annal-"),
        KEY.removeprefix("annal_"),
        KEY[:10] + "0" + KEY[11:],
        KEY[:10] + "é" + KEY[11:],
        KEY[:10] + "\ud800" + KEY[11:],
        KEY[:10] + "٣" + KEY[11:],
        "annal_rt_" + KEY.removeprefix("annal_"),
    ],
)
def test_what_nobody_made_is_nothing(text: str) -> None:
    assert read(text) is None


def test_28_digits_of_more_than_20_bytes_are_nothing() -> None:
    beyond = "annal_" + "z" * 28
    # The checksum may be whatever it likes.
    assert all(read(beyond + KEY[-6:-1] + last) is None for last in "123456789ABCDEFGHJKLMNPQRSTUVWXYZ")


@given(secrets)
def test_its_start_is_one_that_may_be_asked_with(secret: bytes) -> None:
    shown = start(make(secret))
    asked = CreateKey(
        key_id="k", account_id="a", secret="0" * 64, start=shown, name="import", scopes=("*",), expires=None
    )
    assert make(secret).startswith("annal_" + asked.start)
    assert len(shown) == 4
