"""Tokens of another issuer are read if they are for us and signed with its keys, whatever it serves instead of them."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import TypeAdapter

from infra.auth.issuers import Issuers
from infra.auth.tokens import Claims
from infra.settings import Issuer, Unusable
from schemas.message import Subject
from schemas.problems import Problem
from tests.infra.auth import issuing
from tests.infra.auth.issuing import Company


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    async with issuing.company() as company:
        yield company


class Clock:
    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def issuers(company: Company, clock: Clock) -> AsyncIterator[Issuers]:
    issuers = Issuers([company.issuer], clock)
    yield issuers
    await issuers.close()


async def refused(issuers: Issuers, token: str, code: str = "token_invalid") -> None:
    with pytest.raises(Problem) as problem:
        await issuers.read(token)
    assert (problem.value.code, problem.value.status) == (code, 503 if code == "issuer_unavailable" else 401)


# ── what they say ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kid", "algorithm"),
    [("ec", "ES256"), ("rsa", "RS256"), ("rsa", "PS256"), ("ed", "EdDSA")],
)
async def test_a_token_of_an_issuer_we_know_is_read(
    issuers: Issuers, company: Company, kid: str, algorithm: str
) -> None:
    expires = int(time.time()) + 60
    token = company.token(kid, algorithm, exp=expires, jti="7", roles=["staff"])
    assert await issuers.read(token) == Claims("company:ada", "company", 0, ("member",), (), "7", expires)


async def test_the_newer_name_of_ed25519_is_known(issuers: Issuers, company: Company) -> None:
    company.published["ed"]["alg"] = "Ed25519"
    claims = await issuers.read(company.token("ed", "Ed25519"))
    assert claims is not None
    assert claims.account == "company:ada"


async def test_tokens_of_nobody_we_know_are_for_others_to_read(issuers: Issuers, company: Company) -> None:
    assert await issuers.read(company.token(iss="https://annal.test")) is None
    assert await issuers.read(company.token(iss=None)) is None
    assert await issuers.read("no token at all") is None
    assert await issuers.read("") is None
    assert company.asked == 0


@pytest.mark.parametrize("iss", [["https://login.company.test/"], {"https://login.company.test/": 1}, 1, True])
async def test_an_issuer_that_is_no_text_is_nobody(issuers: Issuers, company: Company, iss: object) -> None:
    token = company.token().split(".")
    said = base64.urlsafe_b64encode(orjson.dumps({"iss": iss})).decode().rstrip("=")
    assert await issuers.read(f"{token[0]}.{said}.{token[2]}") is None


async def test_without_issuers_nothing_is_read(company: Company) -> None:
    assert await Issuers(()).read(company.token()) is None


@pytest.mark.parametrize(
    ("said", "roles"),
    [
        ({"roles": ["staff", "boss"]}, ("auditor", "member")),
        ({"roles": "boss staff"}, ("auditor", "member")),
        ({"roles": ["staff", "staff", "admin", "*"]}, ("member",)),
        ({"roles": "admin"}, ()),
        ({"roles": [["staff"], {"staff": 1}, 1, None]}, ()),
        ({"roles": {"staff": True}}, ()),
        ({"roles": 1}, ()),
        ({"groups": ["staff"]}, ()),
    ],
)
async def test_words_that_are_mapped_give_roles_and_others_none(
    issuers: Issuers, company: Company, said: dict[str, Any], roles: tuple[str, ...]
) -> None:
    claims = await issuers.read(company.token(**said))
    assert claims is not None
    assert claims.roles == roles


@pytest.mark.parametrize("sub", ["a b", "ä", "a" * 200, "ada\n", "a/../b", "auth0|5f7c"])
async def test_who_cannot_be_an_id_is_a_uuid(issuers: Issuers, company: Company, sub: str) -> None:
    claims, again = await issuers.read(company.token(sub=sub)), await issuers.read(company.token(sub=sub, jti="2"))
    assert claims is not None
    assert again is not None
    assert UUID(claims.account).version == 5
    assert claims.account == again.account
    assert TypeAdapter(Subject).validate_python(claims.account)


# ── attacks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "said",
    [
        {"aud": "https://another.test"},
        {"aud": []},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": 9999999999.5},
        {"exp": True},
        {"nbf": 9999999999},
        {"iat": 9999999999},
    ],
)
async def test_a_token_for_others_or_of_another_time_is_refused(
    issuers: Issuers, company: Company, said: dict[str, Any]
) -> None:
    token = jwt.PyJWS().encode(
        orjson.dumps({**jwt.decode(company.token(), options={"verify_signature": False}), **said}),
        company.keys["ec"],
        "ES256",
        {"kid": "ec", "typ": "at+jwt"},
    )
    await refused(issuers, token)


async def test_a_token_that_has_expired_is_refused(issuers: Issuers, company: Company) -> None:
    await refused(issuers, company.token(exp=int(time.time()) - 1), "token_expired")


async def test_one_of_several_audiences_is_enough(issuers: Issuers, company: Company) -> None:
    assert await issuers.read(company.token(aud=["https://another.test", issuing.AUDIENCE])) is not None


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", "id", 1, {}, [], ["at+jwt"]])
async def test_a_token_for_another_end_is_refused(issuers: Issuers, company: Company, kind: object) -> None:
    head, said, signature = company.token().split(".")
    header = {"alg": "ES256", "kid": "ec", "typ": kind}
    head = base64.urlsafe_b64encode(orjson.dumps(header)).decode().rstrip("=")
    await refused(issuers, f"{head}.{said}.{signature}")
    if isinstance(kind, str):
        await refused(issuers, company.token(header={"typ": kind}))


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "JWT", None])
async def test_types_that_issuers_write_are_read(issuers: Issuers, company: Company, kind: object) -> None:
    assert await issuers.read(company.token(header={"typ": kind})) is not None


async def test_algorithm_confusion_a_token_without_signature_is_refused(issuers: Issuers, company: Company) -> None:
    _, said, _ = company.token().split(".")
    for algorithm in ("none", "None", "NONE", ""):
        header = orjson.dumps({"alg": algorithm, "kid": "ec", "typ": "at+jwt"})
        await refused(issuers, f"{base64.urlsafe_b64encode(header).decode().rstrip('=')}.{said}.")


@pytest.mark.parametrize("kid", ["ec", "rsa", "ed"])
async def test_algorithm_confusion_a_public_key_is_no_shared_secret(
    issuers: Issuers, company: Company, kid: str
) -> None:
    _, said, _ = company.token().split(".")
    header = base64.urlsafe_b64encode(orjson.dumps({"alg": "HS256", "kid": kid, "typ": "at+jwt"})).decode().rstrip("=")
    secret = company.keys[kid].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = hmac.digest(secret, f"{header}.{said}".encode(), hashlib.sha256)
    await refused(issuers, f"{header}.{said}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}")


async def test_algorithm_confusion_a_key_of_one_kind_verifies_nothing_of_another(
    issuers: Issuers, company: Company
) -> None:
    for kid, algorithm in (("ec", "RS256"), ("rsa", "ES256"), ("ed", "ES256")):
        head, said, signature = company.token().split(".")
        header = orjson.dumps({"alg": algorithm, "kid": kid, "typ": "at+jwt"})
        head = base64.urlsafe_b64encode(header).decode().rstrip("=")
        await refused(issuers, f"{head}.{said}.{signature}")


async def test_a_key_published_for_one_algorithm_verifies_no_other(issuers: Issuers, company: Company) -> None:
    company.published["rsa"]["alg"] = "PS256"
    assert await issuers.read(company.token("rsa", "PS256")) is not None
    await refused(issuers, company.token("rsa", "RS256"))


@pytest.mark.parametrize(
    "published",
    [
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"},
        {"kty": "RSA"},
        {"kty": "RSA", "n": 1, "e": []},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": {}},
        {},
    ],
)
async def test_keys_that_cannot_be_used_are_passed_over(
    issuers: Issuers, company: Company, published: dict[str, Any]
) -> None:
    company.published["bad"] = {**published, "kid": "bad"}
    assert await issuers.read(company.token()) is not None
    await refused(issuers, company.token(header={"kid": "bad"}))


async def test_keys_to_encrypt_with_verify_nothing(issuers: Issuers, company: Company) -> None:
    company.published["ec"]["use"] = "enc"
    await refused(issuers, company.token())


async def test_keys_too_weak_or_not_allowed_verify_nothing(issuers: Issuers, company: Company) -> None:
    company.add("weak", rsa.generate_private_key(65537, 1024))  # noqa: S505 - that is the point
    company.add("p384", ec.generate_private_key(ec.SECP384R1()))
    public: Any = jwt.algorithms.OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key(), as_dict=True)
    company.published["ed448"] = {**public, "kid": "ed448"}
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        weak = company.token("weak", "RS256")
    await refused(issuers, weak)
    await refused(issuers, company.token("p384", "ES384"))
    await refused(issuers, company.token(header={"kid": "ed448"}))


async def test_a_key_that_the_token_brings_along_is_not_believed(issuers: Issuers, company: Company) -> None:
    company.keys["theirs"] = ec.generate_private_key(ec.SECP256R1())
    brought: Any = jwt.algorithms.ECAlgorithm.to_jwk(company.keys["theirs"].public_key(), as_dict=True)
    for header in ({"kid": "ec", "jwk": brought}, {"kid": "ec", "jku": f"{company.url}/elsewhere"}):
        await refused(issuers, company.token("theirs", header=header))
    assert company.asked == 1


async def test_another_issuers_key_verifies_no_token_of_this_one(company: Company) -> None:
    """Two issuers are configured; one signs a token that says it is of the other."""
    async with issuing.company() as evil:
        second = evil.issuer.model_copy(update={"name": "evil", "issuer": "https://login.evil.test/"})
        issuers = Issuers([company.issuer, second])
        assert await issuers.read(evil.token(iss="https://login.evil.test/")) is not None
        await refused(issuers, evil.token())
        await issuers.close()


# ── fetching ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_keys_are_fetched_once_for_many(issuers: Issuers, company: Company) -> None:
    await asyncio.gather(*(issuers.read(company.token(jti=str(number))) for number in range(50)))
    assert company.asked == 1


async def test_keys_are_fetched_again_after_ten_minutes(issuers: Issuers, company: Company, clock: Clock) -> None:
    far = int(time.time()) + 9_999
    await issuers.read(company.token(exp=far))
    clock.ahead = 599
    await issuers.read(company.token(exp=far))
    assert company.asked == 1
    clock.ahead = 601
    await issuers.read(company.token(exp=far))
    assert company.asked == 2
    del company.published["ec"]
    clock.ahead = 1_202
    await refused(issuers, company.token(exp=far))


async def test_an_unknown_kid_has_keys_fetched_at_most_once_a_minute(
    issuers: Issuers, company: Company, clock: Clock
) -> None:
    far = int(time.time()) + 9_999
    await issuers.read(company.token(exp=far))
    company.add("next", ec.generate_private_key(ec.SECP256R1()))
    for number in range(20):
        await refused(issuers, company.token(header={"kid": f"random-{number}"}))
    assert company.asked == 1
    clock.ahead = 61
    assert await issuers.read(company.token("next", exp=far)) is not None
    assert company.asked == 2


@pytest.mark.parametrize(
    "answer",
    [
        issuing.slow,
        issuing.trickling,
        issuing.huge,
        issuing.packed,
        issuing.redirecting,
        issuing.failing,
        issuing.saying(b""),
        issuing.saying(b"<html>"),
        issuing.saying(b"[]"),
        issuing.saying(b'{"keys": {}}'),
        issuing.saying(b'{"keys": ' + b"[" * 5_000),
        issuing.saying(b"\xff\xfe"),
    ],
    ids=["slow", "trickling", "huge", "packed", "redirect", "500", "empty", "html", "list", "object", "deep", "bytes"],
)
async def test_an_issuer_that_misbehaves_is_unavailable_and_soon_asked_again(
    issuers: Issuers, company: Company, clock: Clock, answer: Any
) -> None:
    company.answer = answer
    began = asyncio.get_running_loop().time()
    await refused(issuers, company.token(), "issuer_unavailable")
    assert asyncio.get_running_loop().time() - began < 5
    await refused(issuers, company.token(), "issuer_unavailable")
    assert company.asked == 1
    company.answer, clock.ahead = None, 6
    assert await issuers.read(company.token()) is not None


async def test_keys_that_come_with_more_than_64_kb_are_not_taken(issuers: Issuers, company: Company) -> None:
    listed = orjson.dumps({"keys": list(company.published.values())})
    company.answer = issuing.saying(listed + b" " * (65_537 - len(listed)))
    await refused(issuers, company.token(), "issuer_unavailable")


async def test_keys_known_are_good_for_an_hour_while_the_issuer_is_away(
    issuers: Issuers, company: Company, clock: Clock
) -> None:
    far = int(time.time()) + 9_999
    await issuers.read(company.token(exp=far))
    company.answer = issuing.failing
    clock.ahead = 3_590
    assert await issuers.read(company.token(exp=far)) is not None
    clock.ahead = 3_610
    await refused(issuers, company.token(exp=far), "issuer_unavailable")


async def test_an_issuer_that_is_not_there_is_unavailable(company: Company) -> None:
    gone = company.issuer.model_copy(update={"jwks_url": "http://127.0.0.1:1/jwks"})
    issuers = Issuers([gone])
    await refused(issuers, company.token(), "issuer_unavailable")
    await issuers.close()


@pytest.mark.parametrize(
    "url",
    ["http://login.company.test/jwks", "http://127.0.0.1.company.test/jwks", "ftp://127.0.0.1/", "file:///etc/x", ""],
)
def test_keys_are_fetched_over_https_only(url: str) -> None:
    issuer = Issuer(name="company", issuer="https://c.test", jwks_url=url, audience="a", roles={})
    with pytest.raises(Unusable, match="begin with https://"):
        Issuers([issuer])


def test_keys_of_this_machine_may_come_without_tls() -> None:
    for host in ("localhost:80", "127.0.0.1:1", "[::1]:1"):
        Issuers([Issuer(name="c", issuer="c", jwks_url=f"http://{host}/jwks", audience="a", roles={})])
