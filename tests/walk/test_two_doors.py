"""Two doors at once: one address makes one account, one token one successor, and what ends at one has ended at both."""

import asyncio
import time
import uuid
from collections.abc import Sequence

import httpx2
import pytest

from tests.walk.somebody import PASSWORD, WAIT, somebody

ADDRESSES, AT_ONCE = 5, 4


@pytest.fixture
def doors(http: httpx2.AsyncClient, other: httpx2.AsyncClient) -> Sequence[httpx2.AsyncClient]:
    return http, other


async def test_of_those_who_register_an_address_at_once_one_does(doors: Sequence[httpx2.AsyncClient]) -> None:
    for _ in range(ADDRESSES):
        address = f"wanted.{uuid.uuid4().hex}@people.example"
        sent = {"address": address, "password": PASSWORD}
        answers = await asyncio.gather(
            *(doors[n % 2].post("/v1/commands/account.open", json=sent, headers=WAIT) for n in range(AT_ONCE))
        )
        told = sorted((answer.status_code, answer.json()["code"]) for answer in answers)
        assert told == [(200, None), *[(409, "address_taken")] * (AT_ONCE - 1)]


async def test_of_those_who_register_with_one_key_all_are_told_of_one_account(
    doors: Sequence[httpx2.AsyncClient],
) -> None:
    sent = {"address": f"once.{uuid.uuid4().hex}@people.example", "password": PASSWORD}
    key = WAIT | {"Idempotency-Key": uuid.uuid4().hex}
    answers = await asyncio.gather(
        *(doors[n % 2].post("/v1/commands/account.open", json=sent, headers=key) for n in range(AT_ONCE))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["account_id"] for answer in answers}) == 1


async def test_who_refresh_at_once_get_one_successor(doors: Sequence[httpx2.AsyncClient]) -> None:
    ada = await somebody(doors[0], "Ada")
    for _ in range(5):
        answers = await asyncio.gather(
            *(doors[n % 2].post("/v1/sessions/refresh", json={"refresh_token": ada.refresh}) for n in range(AT_ONCE))
        )
        assert {answer.status_code for answer in answers} == {200}
        (ada.refresh,) = {answer.json()["refresh_token"] for answer in answers}


async def test_what_is_revoked_at_one_door_is_felt_at_the_other(doors: Sequence[httpx2.AsyncClient]) -> None:
    ada = await somebody(doors[0], "Ada")
    shown = {"Authorization": f"Bearer {ada.token}"}
    assert (await doors[1].get("/v1/accounts/me", headers=shown)).status_code == 200
    revoked = await doors[0].post(
        "/v1/commands/account.revoke_sessions", json={"account_id": ada.account}, headers=WAIT | shown
    )
    assert revoked.status_code == 200
    began = time.monotonic()
    while (await doors[1].get("/v1/accounts/me", headers=shown)).status_code != 401:
        assert time.monotonic() - began < 10
    refused = await doors[1].post("/v1/sessions/refresh", json={"refresh_token": ada.refresh})
    assert (refused.status_code, refused.json()["code"]) == (401, "session_ended")
