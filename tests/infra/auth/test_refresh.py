"""Refresh tokens are a chain: each has one successor, and what was never given out is nothing."""

import base64
import hashlib
import hmac
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.auth.refresh import Refresh, RefreshTokens

SESSION = "0192f0c1-2d3e-7000-8000-000000000002"
KEY = b"k" * 32

tokens = RefreshTokens(KEY)
FIRST = tokens.first(SESSION)

ids = st.uuids().map(str)


def parts(token: str) -> tuple[bytes, bytes, bytes]:
    raw = base64.urlsafe_b64decode(token.removeprefix("annal_rt_"))
    return raw[:16], raw[16:40], raw[40:]


def written(session: bytes, secret: bytes, tag: bytes) -> str:
    return "annal_rt_" + base64.urlsafe_b64encode(session + secret + tag).decode()


@given(ids)
def test_a_token_says_its_session_and_the_digest_of_its_secret(session_id: str) -> None:
    token = tokens.first(session_id)
    _, secret, _ = parts(token)
    assert tokens.read(token) == Refresh(session_id, hashlib.sha256(secret).hexdigest())
    assert tokens.digest(token) == hashlib.sha256(secret).hexdigest()
    assert len(token) == 73


def test_first_tokens_are_chance() -> None:
    assert len({tokens.first(SESSION) for _ in range(1000)}) == 1000


def test_a_session_is_a_uuid() -> None:
    with pytest.raises(ValueError, match="UUID"):
        tokens.first("session-1")


def test_the_successor_is_an_hmac_of_the_token_at_every_door() -> None:
    session, secret, _ = parts(FIRST)
    following = hmac.digest(KEY, b"following" + session + secret, hashlib.sha256)[:24]
    tag = hmac.digest(KEY, b"tag" + session + following, hashlib.sha256)[:8]
    assert RefreshTokens(KEY).following(FIRST) == written(session, following, tag)


def test_a_chain_stays_in_its_session_and_never_comes_back() -> None:
    token, chain = FIRST, {FIRST}
    for _ in range(1000):
        token = tokens.following(token)
        read = tokens.read(token)
        assert read is not None
        assert read.session_id == SESSION
        chain.add(token)
    assert len(chain) == 1001


def test_the_same_secret_in_two_sessions_is_two_chains() -> None:
    _, secret, _ = parts(FIRST)
    other = UUID(int=1).bytes
    tag = hmac.digest(KEY, b"tag" + other + secret, hashlib.sha256)[:8]
    successors = {parts(tokens.following(token))[1] for token in (FIRST, written(other, secret, tag))}
    assert len(successors) == 2


def test_doors_of_another_key_gave_out_none_of_these() -> None:
    other = RefreshTokens(b"other" * 8)
    assert other.read(FIRST) is None
    for ask in (other.following, other.digest):
        with pytest.raises(ValueError, match="never given out"):
            ask(FIRST)


@given(st.integers(0, 47), st.integers(1, 255))
def test_a_token_with_one_byte_changed_was_never_given_out(place: int, change: int) -> None:
    raw = bytearray(b"".join(parts(FIRST)))
    raw[place] ^= change
    assert tokens.read("annal_rt_" + base64.urlsafe_b64encode(raw).decode()) is None


@given(st.binary(min_size=48, max_size=48) | st.binary(max_size=100))
def test_bytes_by_chance_were_never_given_out(raw: bytes) -> None:
    assert tokens.read("annal_rt_" + base64.urlsafe_b64encode(raw).decode()) is None


@given(st.text())
def test_text_by_chance_was_never_given_out(text: str) -> None:
    assert tokens.read(text) is None
    assert tokens.read("annal_rt_" + text) is None


# One whose base64 has both characters that are written otherwise in plain base64.
SLASHED = next(
    token for token in (tokens.first(SESSION) for _ in range(10_000)) if "-" in token and token.count("_") > 2
)


@pytest.mark.parametrize(
    "token",
    [
        "",
        FIRST + "\n",
        " " + FIRST,
        FIRST[:-1],
        FIRST + "A",
        FIRST + "==",
        FIRST[:-4],
        FIRST.removeprefix("annal_rt_"),
        FIRST.replace("annal_rt_", "ANNAL_RT_"),
        FIRST[:40] + "\n" + FIRST[40:],
        FIRST[:40] + "é" + FIRST[41:],
        FIRST[:40] + "\ud800" + FIRST[41:],
        "annal_rt_" + SLASHED.removeprefix("annal_rt_").replace("-", "+"),
        "annal_rt_" + SLASHED.removeprefix("annal_rt_").replace("_", "/"),
    ],
)
def test_a_token_is_written_in_one_way(token: str) -> None:
    assert tokens.read(SLASHED) is not None
    assert tokens.read(token) is None
