"""Fuzzes access tokens: what is read says what was given out, and everything else is a problem with a known code."""

from typing import cast

from cryptography.hazmat.primitives.asymmetric import ec

from schemas.problems import Problem
from tests.fuzz.near import fuzz, watched

with watched("infra.auth"), watched("jwt"):
    from infra.auth.signing import SigningKeys
    from infra.auth.tokens import AccessTokens, Claims

CLAIMS = Claims("alice", "session-1", 3, ("member",), ("password",), expires=2**40)


class OneKey:
    """The keys of a door that never rotates them."""

    private = ec.derive_private_key(7, ec.SECP256R1())

    def current(self) -> tuple[str, ec.EllipticCurvePrivateKey]:
        return "one", self.private

    def public(self, kid: str) -> ec.EllipticCurvePublicKey | None:
        return self.private.public_key() if kid == "one" else None


def tokens() -> AccessTokens:
    return AccessTokens(cast("SigningKeys", OneKey()), "https://annal.test")


GIVEN_OUT = tokens().issue(CLAIMS)


def read(text: str) -> None:
    try:
        told: object = tokens().read(text)
    except Problem as problem:
        told = problem.code
    # PyJWT reads a signature in several spellings of base64, and each says the same: never anything else.
    assert told == CLAIMS if text == GIVEN_OUT else told in ("token_invalid", CLAIMS)


if __name__ == "__main__":
    fuzz(read, GIVEN_OUT)
