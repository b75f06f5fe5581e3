"""Fuzzes API keys: only what is written as keys are is read, and everything else is None."""

import hashlib
from functools import reduce

from tests.fuzz.near import fuzz, watched

with watched("infra.auth"):
    from infra.auth.apikeys import make, read, start

DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
GIVEN_OUT = make(bytes(range(20)))


def read_key(text: str) -> None:
    told = read(text)
    assert len(start(text)) <= 4
    if text == GIVEN_OUT or told is not None:
        number = reduce(lambda sum_, digit: sum_ * 58 + DIGITS.index(digit), text[6:34], 0)
        assert text == make(number.to_bytes(20, "big"))
        assert told == hashlib.sha256(text.encode()).hexdigest()
    secret = text.encode("utf-8", "surrogatepass")[:20].ljust(20)
    assert read(make(secret)) is not None


if __name__ == "__main__":
    fuzz(read_key, GIVEN_OUT)
