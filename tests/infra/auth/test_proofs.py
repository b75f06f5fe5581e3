"""A token of the mail says whom it is about, and is worth nothing but as it is."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.auth import base64url, proofs
from infra.auth.proofs import ProofToken

ADDRESS = "ab" * 32
PURPOSES: tuple[proofs.Purpose, ...] = ("verify", "reset", "change_old", "change_new")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_token_tells_whom_and_what_it_is_about(purpose: proofs.Purpose) -> None:
    token = proofs.make("0192f0c1-2d3e-7000-8000-000000000001", purpose, ADDRESS)
    assert proofs.read(token) == ProofToken("0192f0c1-2d3e-7000-8000-000000000001", purpose, ADDRESS)
    assert set(token) <= {*string.ascii_letters, *string.digits, "-", "_"}


def test_no_token_is_made_twice() -> None:
    assert proofs.make("alice", "verify", ADDRESS) != proofs.make("alice", "verify", ADDRESS)


def test_a_token_turned_into_one_of_another_purpose_proves_nothing() -> None:
    token = proofs.make("alice", "verify", ADDRESS)
    raw = bytearray(base64url.decode(token))
    raw[32] = PURPOSES.index("reset")
    turned = base64url.encode(bytes(raw))
    read = proofs.read(turned)
    assert read is not None
    assert read.purpose == "reset"
    assert proofs.digest(turned) != proofs.digest(token)


def test_the_longest_id_of_an_account_has_a_token() -> None:
    token = proofs.make("a" * 200, "reset", ADDRESS)
    assert proofs.read(token) == ProofToken("a" * 200, "reset", ADDRESS)


@given(st.text(max_size=600) | st.binary(max_size=400).map(base64url.encode))
def test_whatever_is_shown_is_read_or_is_no_token(shown: str) -> None:
    token = proofs.read(shown)
    assert token is None or token.purpose in PURPOSES


def test_a_token_that_was_spoilt_on_its_way_is_none_or_of_somebody_else() -> None:
    token = proofs.make("alice", "verify", ADDRESS)
    for spoilt in (token + "=", f" {token}", f"{token}\n", f"{token[:5]}+{token[6:]}", token[: len(token) // 2], ""):
        assert proofs.read(spoilt) is None
    assert proofs.read(token + "A" * 500) is None
    assert proofs.read(token[:-4]) != proofs.read(token)


@pytest.mark.parametrize("account", [b"", b"\xff", b"-alice", b"al ice", b"alice\n", b"a" * 201])
def test_a_token_of_what_is_no_account_is_none(account: bytes) -> None:
    assert proofs.read(base64url.encode(bytes(33) + bytes(32) + account)) is None


def test_a_token_of_no_known_purpose_is_none() -> None:
    assert proofs.read(base64url.encode(bytes(32) + b"\x04" + bytes(32) + b"alice")) is None
