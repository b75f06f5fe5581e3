"""Fuzzes cursors: what is read is what was written, and everything else is a problem with a known code."""

from schemas.problems import Problem
from tests.fuzz.near import fuzz, watched

with watched("projections.cursors"):
    from projections.cursors import Cursors

SCOPE = ["resource", {"kind": "invoice"}, "-updated"]
LAST = ["2026-11-23T22:20:45.916000Z", "invoice-7", None]

cursors = Cursors(b"secret")
GIVEN_OUT = cursors.write(SCOPE, LAST)


def read(text: str) -> None:
    for scope in (SCOPE, []):
        try:
            last = cursors.read(scope, text)
        except Problem as problem:
            told: object = problem.code
        else:
            told = last
        # Base64 may be written in several ways, and each says the same: never anything else.
        assert told == LAST if (scope, text) == (SCOPE, GIVEN_OUT) else told in ("cursor_invalid", LAST)
        assert scope == SCOPE or told == "cursor_invalid"


if __name__ == "__main__":
    fuzz(read, GIVEN_OUT)
