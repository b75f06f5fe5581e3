"""What was done to other systems, tried on accounts and sessions: each test names what happened and to whom."""

import asyncio
import statistics
import time
from itertools import pairwise
from typing import Any

import httpx2
import jwt
import pyotp
import pytest

from infra.auth import base64url, proofs
from infra.auth.refresh import PREFIX, RefreshTokens
from schemas.session import GRACE_MS
from tests.walk.conftest import Running, doors, forget_failures
from tests.walk.somebody import PASSWORD, Somebody, felt, somebody, told

pytestmark = pytest.mark.usefixtures("unsuspected")

Door = httpx2.AsyncClient
OTHER_PASSWORD = "nine herons under a copper bridge"  # noqa: S105 - of nobody


@pytest.fixture(scope="module")
async def ada(http: Door) -> Somebody:
    return await somebody(http, "Ada")


@pytest.fixture(scope="module")
async def grace(http: Door) -> Somebody:
    return await somebody(http, "Grace")


async def refresh(door: Door, token: str, **headers: str) -> httpx2.Response:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return await door.post("/v1/sessions/refresh", json={"refresh_token": token}, headers=said)


# ── refresh tokens ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_refresh_race(ada: Somebody, http: Door, other: Door) -> None:
    """CVE-2026-1035: two who refresh at once, at two processes, have one successor and not two."""
    await ada.sign_in()
    answers = await asyncio.gather(*(refresh(door, ada.refresh) for door in (http, other) * 4))
    assert {answer.status_code for answer in answers} == {200}
    (following,) = {answer.json()["refresh_token"] for answer in answers}
    assert following != ada.refresh
    assert (await refresh(other, following)).status_code == 200


@pytest.fixture(scope="module")
async def replaced(ada: Somebody, running: Running) -> list[list[dict[str, Any]]]:
    """Two sessions, each refreshed twice by a process that is gone, and after the grace: what it answered."""
    told = []
    async with doors(running.settings.model_copy(update={"rate_limits": False})) as gone:
        for _ in range(2):
            first = (await ada.sign_in()).json()
            second = (await refresh(gone, first["refresh_token"], Idempotency_Key="again")).json()
            third = (await refresh(gone, second["refresh_token"])).json()
            told.append([first, second, third])
    await asyncio.sleep(GRACE_MS / 1000 + 0.5)
    return told


async def test_replay_after_a_restart(replaced: list[list[dict[str, Any]]], http: Door) -> None:
    """CVE-2026-9802: that a refresh token was used is known although the process that took it is gone."""
    first, _, third = replaced[0]
    replayed = await refresh(http, first["refresh_token"])
    assert (replayed.status_code, replayed.json()["code"]) == (401, "session_ended")
    # Whoever it was, nobody goes on with that session.
    assert (await refresh(http, third["refresh_token"])).status_code == 401
    shown = {"Authorization": f"Bearer {third['access_token']}"}
    await felt(lambda: http.get("/v1/accounts/me", headers=shown), 401)


async def test_replay_under_one_idempotency_key(replaced: list[list[dict[str, Any]]], http: Door) -> None:
    """A key that makes two requests one would make an old refresh token good for as long as it is remembered."""
    replayed = await refresh(http, replaced[1][0]["refresh_token"], Idempotency_Key="again")
    assert (replayed.status_code, replayed.json()["code"]) == (401, "session_ended")


async def test_refresh_token_of_one_session_elsewhere(ada: Somebody, grace: Somebody, http: Door) -> None:
    """CVE-2026-55672: a token is bound to whom it was given, and guessing at another's session does not end that."""
    victim, mine = [(await each.sign_in()).json() for each in (ada, grace)]
    theirs, own = [base64url.decode(each["refresh_token"].removeprefix(PREFIX)) for each in (victim, mine)]
    forged = RefreshTokens(b"not the doors'" * 2).first(victim["session_id"])
    spliced = PREFIX + base64url.encode(theirs[:16] + own[16:])
    key = (await ada.ask("apikey.create", name="import", scopes=["resource:read"]))["key"]
    for token in (forged, spliced, victim["access_token"], key, "", "annal_rt_"):
        answer = await refresh(http, token)
        assert answer.json()["code"] in ("refresh_invalid", "body_invalid")
    as_access = await http.get("/v1/accounts/me", headers={"Authorization": f"Bearer {victim['refresh_token']}"})
    assert as_access.status_code == 401
    assert (await refresh(http, victim["refresh_token"])).status_code == 200


async def test_session_fixation(ada: Somebody, grace: Somebody, http: Door) -> None:
    """CVE-2026-7507: nobody chooses the id of a session, or of an account, and a planted cookie is nothing."""
    for chosen in ({"session_id": "0192f0c1-2d3e-7000-8000-000000000002"}, {"account_id": grace.account}):
        assert (await ada.sign_in(422, **chosen)).json()["code"] == "body_invalid"
    planted = {
        "Cookie": f"__Host-annal-refresh={grace.refresh}",
        "Idempotency-Key": "chosen",
        "Origin": "http://localhost",
    }
    sent = {"address": ada.address, "password": PASSWORD, "cookie": True}
    begun = [await http.post("/v1/sessions", json=sent, headers=planted) for _ in range(2)]
    assert [each.json()["account_id"] for each in begun] == [ada.account] * 2
    assert len({each.json()["session_id"] for each in begun}) == 2
    assert all(grace.refresh not in each.headers["Set-Cookie"] for each in begun)
    opened = await http.post(
        "/v1/commands/account.open", json={**sent, "account_id": grace.account}, headers={"Prefer": "wait=20"}
    )
    assert opened.status_code == 422


async def test_a_session_that_was_left(ada: Somebody, http: Door, other: Door) -> None:
    """Nothing of it opens a door, at any process, and other sessions of the account go on."""
    kept = (await ada.sign_in()).json()
    left = (await ada.sign_in()).json()
    shown = {"Authorization": f"Bearer {left['access_token']}"}
    assert (await http.post("/v1/sessions/leave", headers=shown)).status_code == 204
    await felt(lambda: other.get("/v1/accounts/me", headers=shown), 401)
    assert (await refresh(other, left["refresh_token"])).status_code == 401
    assert (await refresh(other, kept["refresh_token"])).status_code == 200


async def test_cross_site_request_forgery(ada: Somebody, http: Door) -> None:
    """A cookie is good for a page of this service only, and for nothing but refreshing."""
    sent = {"address": ada.address, "password": PASSWORD, "cookie": True}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert (await http.post("/v1/sessions", json=sent, headers=headers)).status_code == 403
    answer = await http.post("/v1/sessions", json=sent, headers={"Origin": "http://localhost"})
    assert "refresh_token" not in answer.json()
    cookie, _, attributes = answer.headers["Set-Cookie"].partition("; ")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= set(attributes.split("; "))
    assert cookie.startswith("__Host-")
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "null"},
    ):
        forged = await http.post("/v1/sessions/refresh", json={}, headers={"Cookie": cookie, **headers})
        assert (forged.status_code, forged.json()["code"]) == (403, "origin_forbidden")
    own = await http.post("/v1/sessions/refresh", json={}, headers={"Cookie": cookie, "Origin": "http://localhost"})
    assert own.status_code == 200
    for path in ("/v1/accounts/me", "/v1/sessions"):
        assert (await http.get(path, headers={"Cookie": cookie, "Origin": "http://localhost"})).status_code == 401


# ── addresses and passwords ───────────────────────────────────────────────────────────────────────────────────────────


async def test_pre_hijack_by_an_address_that_is_not_verified(http: Door) -> None:
    """CVE-2026-44166, CVE-2026-53516: who registers another's address has nothing once its reader comes."""
    mallory = Somebody(http, "Mallory")
    victim = Somebody(http, "Victim", mallory.address)
    await mallory.register(OTHER_PASSWORD)
    assert (await mallory.sign_in(403, OTHER_PASSWORD)).json()["code"] == "address_not_verified"
    asked = await http.post("/v1/commands/account.ask_password_reset", json={"address": victim.address})
    assert asked.status_code == 202
    reset = await victim.mailed("Set a new password")
    verify = await victim.mailed("Confirm your mail address")
    await victim.ask("account.reset_password", token=reset, password=PASSWORD)
    sent = {"address": victim.address, "password": PASSWORD}
    await felt(lambda: http.post("/v1/sessions", json=sent), 200)
    assert (await mallory.sign_in(401, OTHER_PASSWORD)).json()["code"] == "credentials_wrong"
    for command, body in (
        ("account.reset_password", {"token": reset, "password": OTHER_PASSWORD}),
        ("account.reset_password", {"token": verify, "password": OTHER_PASSWORD}),
    ):
        await mallory.ask(command, 422, **body)
    await victim.sign_in()


async def test_tokens_of_an_address_after_it_changed(http: Door) -> None:
    """CVE-2026-115770: what was mailed to an address proves nothing once the account has another one."""
    dora = await somebody(http, "Dora")
    old, wanted, new = dora.address, f"wanted.{dora.address}", f"new.{dora.address}"
    await dora.ask("account.change_address", address=wanted, password=PASSWORD)
    abandoned = await dora.mailed("Confirm your new mail address", wanted)
    await dora.ask("account.change_address", address=new, password=PASSWORD)
    await http.post("/v1/commands/account.ask_password_reset", json={"address": old})
    reset = await dora.mailed("Set a new password")
    agreed = await dora.mailed("Agree to your new mail address")
    await dora.ask("account.verify_address", token=await dora.mailed("Confirm your new mail address", new))
    await dora.ask("account.confirm_address_change", token=agreed)
    late = await dora.post("/v1/commands/account.verify_address", {"token": abandoned})
    assert (late.status_code, late.json()["code"]) in ((409, "address_not_held"), (422, "token_wrong"))
    stale = await dora.ask("account.reset_password", 422, token=reset, password=OTHER_PASSWORD)
    assert stale["code"] == "token_wrong"
    sent = {"address": new, "password": PASSWORD}
    await felt(lambda: http.post("/v1/sessions", json=sent), 200)
    await dora.sign_in(401)


async def test_reset_without_mail(http: Door) -> None:
    """CVE-2026-18963: no answer has a token that only the mail may have, and nobody makes one themselves."""
    eve = await somebody(http, "Eve")
    new = f"new.{eve.address}"
    answers = [
        await eve.post("/v1/commands/account.renew_proof", {"address": eve.address}),
        await eve.post("/v1/commands/account.ask_password_reset", {"address": eve.address}),
        await eve.post("/v1/commands/account.change_address", {"address": new, "password": PASSWORD}),
    ]
    mailed = [
        await eve.mailed("Set a new password"),
        await eve.mailed("Agree to your new mail address"),
        await eve.mailed("Confirm your new mail address", new),
    ]
    paths = ("/v1/accounts/me", f"/v1/accounts/{eve.account}/export", f"/v1/accounts/{eve.account}/history")
    answers += [await eve.get(path) for path in paths]
    assert all(answer.is_success for answer in answers)
    said = "".join(answer.text + str(answer.headers) for answer in answers)
    for token in mailed:
        assert token not in said
        assert proofs.digest(token) not in said
    address = proofs.read(mailed[0])
    assert address is not None
    forged = proofs.make(eve.account, "reset", address.address)
    for token in (forged, *mailed[1:]):
        await eve.ask("account.reset_password", 422, token=token, password=OTHER_PASSWORD)


async def test_account_enumeration_by_what_is_said(ada: Somebody, http: Door) -> None:
    """Signing in, resetting and asking for another proof say the same of addresses that nobody has."""
    nobody = Somebody(http, "Nobody")
    for path, more in (
        ("/v1/sessions", {"password": "wrong"}),
        ("/v1/commands/account.ask_password_reset", {}),
        ("/v1/commands/account.renew_proof", {}),
    ):
        known, unknown = [told(await http.post(path, json={"address": each.address, **more})) for each in (ada, nobody)]
        assert known == unknown
        assert ada.account not in known[2]


async def test_account_enumeration_by_the_clock(ada: Somebody, http: Door, running: Running) -> None:
    """A wrong password takes as long for an address that nobody has as for one that somebody has."""
    for _ in range(2):
        ratio = await _known_to_unknown(ada, http, running)
        if 0.7 < ratio < 1.4:
            return
    raise AssertionError(f"for an account it takes {ratio:.2f} times as long as for none")


async def _known_to_unknown(ada: Somebody, http: Door, running: Running) -> float:
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    for _ in range(15):
        for which, address in (("known", ada.address), ("unknown", Somebody(http, "Nobody").address)):
            await forget_failures(running.settings)
            began = time.perf_counter()
            answer = await http.post("/v1/sessions", json={"address": address, "password": "wrong"})
            took[which].append(time.perf_counter() - began)
            assert answer.status_code == 401
    return statistics.median(took["known"]) / statistics.median(took["unknown"])


async def test_a_failure_kept_off_the_record(ada: Somebody, grace: Somebody, http: Door) -> None:
    """Every failed sign-in is a fact, whatever headers come along, and at every door that asks for a password."""
    await ada.sign_in()
    shown = {"Idempotency-Key": "quiet", "If-Match": '"999"'}
    before = await failures(ada)
    for _ in range(2):
        sent = {"address": ada.address, "password": "wrong"}
        assert (await http.post("/v1/sessions", json=sent, headers=shown)).status_code == 401
    body = {"current": "wrong", "password": OTHER_PASSWORD}
    answer = await http.post("/v1/commands/account.set_password", json=body, headers=shown | ada.shown)
    assert answer.status_code == 401
    until = time.monotonic() + 20
    while (now := await failures(ada)) < before + 3:
        assert time.monotonic() < until, (before, now)
        await asyncio.sleep(0.1)
    assert (await grace.get("/v1/logins", account=ada.account)).status_code == 403


async def failures(person: Somebody) -> int:
    items = (await person.get("/v1/logins")).json()["items"]
    counts = [each["failures"] for each in items]
    assert all(later - earlier == 1 for later, earlier in pairwise(counts))
    return max(counts, default=0)


# ── the second factor ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
async def armed(http: Door) -> tuple[Somebody, pyotp.TOTP, list[str]]:
    """Somebody with an authenticator, and their recovery codes."""
    person = await somebody(http, "Armed")
    totp = pyotp.TOTP((await person.ask("totp.enrol", password=PASSWORD))["secret"])
    codes = (await person.ask("totp.enable", code=totp.now()))["recovery_codes"]
    sent = {"address": person.address, "password": PASSWORD}
    await felt(lambda: http.post("/v1/sessions", json=sent), 401)
    return person, totp, codes


async def test_a_code_used_by_two_at_once(armed: Any, http: Door, other: Door) -> None:
    """Of those who show one code at two processes, one comes in; and nobody does with it after."""
    person, totp, codes = armed
    for code in (totp.at(int(time.time()) + 30), codes[0]):
        sent = {"address": person.address, "password": PASSWORD, "code": code}
        answers = await asyncio.gather(*(door.post("/v1/sessions", json=sent) for door in (http, other)))
        assert sorted(answer.status_code for answer in answers) == [200, 401]
        assert (await person.sign_in(401, code=code)).json()["code"] == "credentials_wrong"


async def test_a_reset_leaves_the_second_factor(armed: Any, http: Door) -> None:
    """Who reads the mail of an account, and has nothing else of it, does not come in."""
    person, _, codes = armed
    await http.post("/v1/commands/account.ask_password_reset", json={"address": person.address})
    reset = await person.mailed("Set a new password")
    answer = await http.post(
        "/v1/commands/account.reset_password",
        json={"token": reset, "password": PASSWORD},
        headers={"Prefer": "wait=20"},
    )
    assert not {"access_token", "refresh_token"} & answer.json().keys()
    assert (await person.sign_in(401)).json()["code"] == "code_required"
    sent = {"address": person.address, "password": PASSWORD, "code": codes[2]}
    await felt(lambda: http.post("/v1/sessions", json=sent), 200)


async def test_a_code_used_twice_under_one_idempotency_key(armed: Any, http: Door) -> None:
    person, _, codes = armed
    sent = {"address": person.address, "password": PASSWORD, "code": codes[1]}
    key = {"Idempotency-Key": "again"}
    statuses = [(await http.post("/v1/sessions", json=sent, headers=key)).status_code for _ in range(2)]
    assert statuses == [200, 401]


async def test_codes_asked_again_are_those_that_work(http: Door) -> None:
    """Who asks for recovery codes again, since the answer was lost, is not given ten that open nothing."""
    person = await somebody(http, "Lost")
    key = {"Idempotency_Key": "lost"}
    enrolled = [(await person.post("/v1/commands/totp.enrol", {"password": PASSWORD}, **key)).json() for _ in range(2)]
    assert enrolled[0]["secret"] == enrolled[1]["secret"]
    code = {"code": pyotp.TOTP(enrolled[0]["secret"]).now()}
    await felt(lambda: person.post("/v1/commands/totp.enable", code, **key), 200)
    again = await person.post("/v1/commands/totp.enable", code, **key)
    unasked = await person.post("/v1/commands/totp.enable", code)
    assert (unasked.status_code, unasked.json()["code"]) == (409, "totp_enabled")
    assert "recovery_codes" not in unasked.json()
    sent = {"address": person.address, "password": PASSWORD}
    await felt(lambda: http.post("/v1/sessions", json=sent), 401)
    await person.sign_in(code=again.json()["recovery_codes"][9])


# ── access tokens ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_algorithm_confusion(ada: Somebody, http: Door) -> None:
    """Neither no signature, nor one made with the public key as a secret, nor a key brought along, opens a door.

    What else tokens are refused for is in tests/infra/auth/test_tokens.py: a string as `exp` (CVE-2026-54238) too.
    """
    await ada.sign_in()
    header, claims = jwt.get_unverified_header(ada.token), jwt.decode(ada.token, options={"verify_signature": False})
    (published, *_) = (await http.get("/.well-known/jwks.json")).json()["keys"]
    unsigned = jwt.encode(claims, "", "none", header | {"alg": "none"})
    secret = base64url.encode(published["x"].encode())
    keyed = jwt.encode(claims, secret, "HS256", header | {"alg": "HS256"})
    stripped = ada.token.rpartition(".")[0] + "."
    for token in (unsigned, keyed, stripped):
        answer = await http.get("/v1/accounts/me", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_a_token_or_key_outlives_its_account(http: Door, other: Door) -> None:
    """Of an account that is suspended, closed or erased nothing opens a door, at any process."""
    person = await somebody(http, "Leaving")
    made = await person.ask("apikey.create", name="import", scopes=["account:own"])
    by_key = {"Authorization": f"Bearer {made['key']}"}
    answer = await http.post("/v1/dev/login", json={"account": "root", "roles": ["admin"]})
    root = Somebody(http, "root")
    root.token = answer.json()["access_token"]

    async def opened(shown: dict[str, str], *statuses: int) -> None:
        for door in (http, other):
            await felt(lambda door=door: door.get("/v1/accounts/me", headers=shown), *statuses)  # type: ignore[misc]

    await opened(by_key, 200)
    refused = person.refresh
    await root.ask("account.suspend", account_id=person.account)
    await opened(by_key, 403)
    await opened(person.shown, 401, 403)
    assert (await refresh(other, refused)).status_code in (401, 403)
    await person.sign_in(403)
    await root.ask("account.reinstate", account_id=person.account)
    await opened(by_key, 200)
    await opened(person.shown, 401)
    await root.ask("account.close", account_id=person.account)
    await opened(by_key, 403)
    await person.sign_in(401)
    await root.ask("account.erase", account_id=person.account)
    await opened(by_key, 401, 403)
    assert (await refresh(other, refused)).status_code == 401
