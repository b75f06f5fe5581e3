"""Fuzzes refresh tokens: only what was given out is read, and everything else is None or ValueError."""

from tests.fuzz.near import fuzz, watched

with watched("infra.auth"):
    from infra.auth.refresh import RefreshTokens

SESSION = "0192f0c1-2d3e-7000-8000-000000000002"

tokens = RefreshTokens(b"k" * 32)
GIVEN_OUT = tokens.first(SESSION)


def read(text: str) -> None:
    told = tokens.read(text)
    if text == GIVEN_OUT:
        assert told == (SESSION, tokens.digest(text))
        return
    assert told is None
    for ask in (tokens.following, tokens.digest):
        try:
            ask(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was never given out")


if __name__ == "__main__":
    fuzz(read, GIVEN_OUT)
