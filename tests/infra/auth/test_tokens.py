"""An access token is worth what it says only as we wrote it, to us, until it expires."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace
from typing import Any
from uuid import UUID

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from infra.auth.signing import SigningKeys
from infra.auth.tokens import LIFE, AccessTokens, Claims
from infra.auth.vault import Vault
from schemas.problems import Problem

ISSUER = "https://annal.test"
CLAIMS = Claims("alice", "session-1", 3, ("member", "auditor"), ("password", "totp"), expires=int(time.time()) + 86_400)


@pytest.fixture
async def keys(vault: Vault) -> SigningKeys:
    keys = SigningKeys(vault)
    await keys.reload()
    return keys


@pytest.fixture
def tokens(keys: SigningKeys) -> AccessTokens:
    return AccessTokens(keys, ISSUER)


def refused(tokens: AccessTokens, token: str, code: str = "token_invalid") -> None:
    with pytest.raises(Problem) as problem:
        tokens.read(token)
    assert (problem.value.code, problem.value.status) == (code, 401)
    assert problem.value.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}


def changed(
    tokens: AccessTokens, keys: SigningKeys, said: dict[str, Any] | None = None, header: dict[str, Any] | None = None
) -> str:
    """Sign a token of ours again with our own key, after changes; None takes a claim away."""
    token = tokens.issue(CLAIMS)
    kid, private = keys.current()
    payload = {**jwt.decode(token, options={"verify_signature": False}), **(said or {})}
    headers = {"typ": "at+jwt", "kid": kid, **(header or {})}
    kept = {name: value for name, value in payload.items() if value is not None}
    return jwt.PyJWS().encode(orjson.dumps(kept), private, "ES256", headers)


# ── ours ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_issued_is_read(tokens: AccessTokens) -> None:
    assert tokens.read(tokens.issue(CLAIMS)) == CLAIMS


def test_another_door_of_the_same_issuer_reads_it(tokens: AccessTokens, keys: SigningKeys) -> None:
    assert AccessTokens(keys, ISSUER).read(tokens.issue(CLAIMS)) == CLAIMS


def test_a_token_is_as_rfc_9068_says(tokens: AccessTokens, keys: SigningKeys) -> None:
    token = tokens.issue(CLAIMS)
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "at+jwt", "kid": keys.current()[0]}
    said = jwt.decode(token, keys.current()[1].public_key(), ["ES256"], audience=ISSUER)
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= said.keys()
    assert (said["iss"], said["aud"], said["sub"], said["sid"]) == (ISSUER, ISSUER, "alice", "session-1")


def test_a_token_lives_ten_minutes_from_when_it_was_made(tokens: AccessTokens) -> None:
    said = jwt.decode(tokens.issue(Claims("alice", "session-1")), options={"verify_signature": False})
    assert said["exp"] - said["iat"] in (LIFE, LIFE - 1)
    assert LIFE == 600


def test_each_token_has_an_id_of_its_own() -> None:
    one, other = Claims("alice", "session-1"), Claims("alice", "session-1")
    assert one.jti != other.jti
    assert UUID(one.jti).version == 4


def test_a_token_is_worth_nothing_from_the_second_it_expires_although_it_is_remembered(keys: SigningKeys) -> None:
    now = time.time()
    tokens = AccessTokens(keys, ISSUER, now=lambda: now)
    token = tokens.issue(CLAIMS)
    now = CLAIMS.expires - 0.001
    assert tokens.read(token) == CLAIMS
    now = float(CLAIMS.expires)
    refused(tokens, token, "token_expired")
    assert len(tokens._read) == 0
    refused(tokens, token, "token_expired")


def test_no_more_tokens_are_remembered_than_there_is_room_for(
    tokens: AccessTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens._read, "_size", 3)
    issued = [tokens.issue(replace(CLAIMS, jti=str(number))) for number in range(5)]
    for token in (*issued, issued[0]):
        tokens.read(token)
    assert len(tokens._read) == 3
    assert [tokens._read.get(token) is not None for token in issued] == [True, False, False, True, True]


def test_what_was_refused_is_not_remembered(tokens: AccessTokens) -> None:
    refused(tokens, "x.y.z")
    assert len(tokens._read) == 0


# ── attacks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_algorithm_confusion_a_token_without_signature_is_refused(tokens: AccessTokens) -> None:
    said = jwt.decode(tokens.issue(CLAIMS), options={"verify_signature": False})
    kid = jwt.get_unverified_header(tokens.issue(CLAIMS))["kid"]
    for algorithm in ("none", "None", "NONE", "nOnE"):
        refused(tokens, raw({"alg": algorithm, "typ": "at+jwt", "kid": kid}, said, b""))


def test_algorithm_confusion_the_public_key_is_no_shared_secret(tokens: AccessTokens, keys: SigningKeys) -> None:
    kid, private = keys.current()
    public = private.public_key()
    said = jwt.decode(tokens.issue(CLAIMS), options={"verify_signature": False})
    for secret in (
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        orjson.dumps(keys.jwks()["keys"][0]),
        b"",
    ):
        head = {"alg": "HS256", "typ": "at+jwt", "kid": kid}
        signed = raw(head, said, b"").rpartition(".")[0]
        refused(tokens, raw(head, said, hmac.digest(secret, signed.encode(), hashlib.sha256)))


def test_a_key_that_the_token_brings_along_is_not_believed(tokens: AccessTokens, keys: SigningKeys) -> None:
    theirs = ec.generate_private_key(ec.SECP256R1())
    said = jwt.decode(tokens.issue(CLAIMS), options={"verify_signature": False})
    brought = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(theirs.public_key()))
    for header in ({"jwk": brought}, {"jku": "https://evil.test/jwks"}, {"x5u": "https://evil.test/x5u"}, {}):
        signed = jwt.encode(said, theirs, "ES256", {"typ": "at+jwt", "kid": keys.current()[0], **header})
        refused(tokens, signed)


@pytest.mark.parametrize(
    "kid",
    ["", "../../../../dev/null", "' OR 1=1 --", "x' UNION SELECT 'secret", "/proc/self/environ", "\x00", "k" * 4_000],
)
def test_kid_injection_names_no_key(tokens: AccessTokens, keys: SigningKeys, kid: str) -> None:
    refused(tokens, changed(tokens, keys, header={"kid": kid}))


@pytest.mark.parametrize("kid", [None, 1, [], {}, ["kid"], True])
def test_a_kid_that_is_no_text_names_no_key(tokens: AccessTokens, kid: object) -> None:
    said = jwt.decode(tokens.issue(CLAIMS), options={"verify_signature": False})
    refused(tokens, raw({"alg": "ES256", "typ": "at+jwt", "kid": kid}, said, bytes(64)))


@pytest.mark.parametrize("kind", ["JWT", "jwt", "AT+JWT", "id+jwt", "logout+jwt", "application/at+jwt", "", None, {}])
def test_a_token_of_the_wrong_type_is_refused(tokens: AccessTokens, keys: SigningKeys, kind: object) -> None:
    refused(tokens, changed(tokens, keys, header={"typ": kind}))


@pytest.mark.parametrize(
    "exp", ["9999999999", "never", 9999999999.5, 1e300, True, [9999999999], {"exp": 9999999999}, None]
)
def test_an_exp_that_is_text_or_no_whole_number_is_refused(
    tokens: AccessTokens, keys: SigningKeys, exp: object
) -> None:
    refused(tokens, changed(tokens, keys, {"exp": exp}))


@pytest.mark.parametrize("exp", [0, -1, 1, 1_700_000_000])
def test_an_exp_that_has_passed_is_refused(tokens: AccessTokens, keys: SigningKeys, exp: int) -> None:
    refused(tokens, changed(tokens, keys, {"exp": exp}), "token_expired")


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "iat", "sub", "sid", "jti", "client_id", "gen", "roles", "amr"])
def test_a_token_that_lacks_a_claim_is_refused(tokens: AccessTokens, keys: SigningKeys, claim: str) -> None:
    refused(tokens, changed(tokens, keys, {claim: None}))


@pytest.mark.parametrize(
    "said",
    [
        {"iss": "https://annal.test/"},
        {"iss": ["https://annal.test"]},
        {"iss": "https://evil.test"},
        {"aud": "https://another.test"},
        {"aud": ["https://annal.test", "https://another.test"]},
        {"aud": {"https://annal.test": 1}},
        {"nbf": 9999999999},
        {"nbf": "soon"},
    ],
)
def test_a_token_of_another_issuer_audience_or_time_is_refused(
    tokens: AccessTokens, keys: SigningKeys, said: dict[str, Any]
) -> None:
    refused(tokens, changed(tokens, keys, said))


def test_a_token_for_another_audience_is_read_there_only(tokens: AccessTokens, keys: SigningKeys) -> None:
    others = AccessTokens(keys, ISSUER, audience="https://another.test")
    assert others.read(others.issue(CLAIMS)) == CLAIMS
    refused(tokens, others.issue(CLAIMS))
    refused(others, tokens.issue(CLAIMS))


@pytest.mark.parametrize(
    "said",
    [
        {"sub": 1},
        {"sid": ["session-1"]},
        {"jti": {}},
        {"iat": "now"},
        {"gen": "3"},
        {"gen": 3.0},
        {"gen": True},
        {"roles": "admin"},
        {"roles": [["admin"]]},
        {"amr": {"password": 1}},
    ],
)
def test_claims_of_other_types_are_refused(tokens: AccessTokens, keys: SigningKeys, said: dict[str, Any]) -> None:
    refused(tokens, changed(tokens, keys, said))


def test_a_token_tampered_with_is_refused_wherever_it_is(tokens: AccessTokens) -> None:
    token = tokens.issue(CLAIMS)
    for place in range(0, len(token), 3):
        other = "A" if token[place] != "A" else "B"
        refused(tokens, token[:place] + other + token[place + 1 :])


def test_a_signature_moved_to_other_claims_is_refused(tokens: AccessTokens) -> None:
    token, other = tokens.issue(CLAIMS), tokens.issue(replace(CLAIMS, roles=("admin",)))
    (head, _, signature), (_, said, _) = token.split("."), other.split(".")
    refused(tokens, f"{head}.{said}.{signature}")


def test_a_signature_of_zeros_is_refused(tokens: AccessTokens) -> None:
    """As Java once took it: r and s of 0 satisfied the equation of ECDSA."""
    head, said, _ = tokens.issue(CLAIMS).split(".")
    for length in (0, 1, 64, 72):
        refused(tokens, f"{head}.{said}.{base64.urlsafe_b64encode(bytes(length)).decode().rstrip('=')}")


def test_a_critical_header_that_nobody_knows_is_refused(tokens: AccessTokens, keys: SigningKeys) -> None:
    refused(tokens, changed(tokens, keys, header={"crit": ["exp"], "exp": 1}))


def test_a_token_too_large_is_refused_before_it_is_looked_at(
    tokens: AccessTokens, keys: SigningKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = changed(tokens, keys, {"roles": ["r" * 8 * 1024]})
    looked: list[str] = []
    monkeypatch.setattr(json, "loads", looked.append)
    refused(tokens, large)
    assert looked == []


def test_json_nested_without_end_is_refused(tokens: AccessTokens) -> None:
    head = base64.urlsafe_b64encode(b"[" * 5_000).decode().rstrip("=")
    refused(tokens, f"{head}.{head[:1000]}.AA")


@given(st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_=-]{0,80}\.[A-Za-z0-9_=-]{0,80}\.[A-Za-z0-9_=-]{0,80}"))
def test_whatever_is_shown_is_refused_in_order(token: str) -> None:
    class Nothing:
        def public(self, _: str) -> None:
            return None

    nothing: Any = Nothing()
    refused(AccessTokens(nothing, ISSUER), token)


def raw(header: dict[str, Any], said: dict[str, Any], signature: bytes) -> str:
    parts = (orjson.dumps(header), orjson.dumps(said), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
