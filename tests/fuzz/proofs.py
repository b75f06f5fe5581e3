"""Fuzzes tokens of mails: what is read is written in one way only, and everything else is None."""

from tests.fuzz.near import fuzz, watched

with watched("infra.auth"):
    from infra.auth import base64url
    from infra.auth.proofs import RANDOM_BYTES, make, read

ACCOUNT, ADDRESS = "0192f0c1-2d3e-7000-8000-000000000001", "ab" * 32
GIVEN_OUT = make(ACCOUNT, "reset", ADDRESS, bytes(range(RANDOM_BYTES)))


def read_token(text: str) -> None:
    told = read(text)
    assert text != GIVEN_OUT or told == (ACCOUNT, "reset", ADDRESS)
    if told is not None:
        assert make(*told, base64url.decode(text)[:RANDOM_BYTES]) == text


if __name__ == "__main__":
    fuzz(read_token, GIVEN_OUT)
