"""Fuzzes API keys: only what is written as keys are is read, and everything else is None."""

import hashlib
import re

from tests.fuzz.near import fuzz, watched

with watched("infra.auth"):
    from infra.auth.apikeys import make, read, start

GIVEN_OUT = make(bytes(range(20)))


def read_key(text: str) -> None:
    told = read(text)
    assert len(start(text)) <= 4
    if text == GIVEN_OUT or told is not None:
        assert re.fullmatch(r"annal_[1-9A-HJ-NP-Za-km-z]{34}", text)
        assert told == hashlib.sha256(text.encode()).hexdigest()
    secret = text.encode("utf-8", "surrogatepass")[:20].ljust(20)
    assert read(make(secret)) is not None


if __name__ == "__main__":
    fuzz(read_key, GIVEN_OUT)
