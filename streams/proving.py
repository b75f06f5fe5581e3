"""Proving who one is: a password, and a code where the account takes one. Each failure costs time, and is a fact."""

import asyncio
from typing import Final

import pyotp
import uuid_utils

from infra.auth import CHALLENGE
from infra.auth.doorkeeper import ANONYMOUS
from infra.auth.passwords import Verified
from infra.limits import codes
from schemas.login import RecordFailure, Why
from schemas.message import Actor
from schemas.problems import Problem
from schemas.totp import UseRecoveryCode, UseTotp
from streams.codes import recovery_digest
from streams.forms import Row, Visit, now

STEP_S: Final = 30
"""Seconds that a code is shown (RFC 6238)."""

STEPS_AWAY = 1
"""So many steps a clock may be wrong, either way."""


async def prove_password(visit: Visit, password: str) -> Row:
    """Give the caller's own account, whose password this is. Raises Problem."""
    account_id = visit.terms.actor.id
    row = await visit.identity.people.account(account_id)
    if row is None or row["password"] is None:
        raise Problem("account_is_service", "Only an account with a password does that; sign in as its person.")
    await check_password(visit, account_id, row, password)
    await visit.identity.tarpit.succeeded(account_id, visit.network or "")
    return row


async def check_password(visit: Visit, tried: str, row: Row | None, password: str) -> Verified:
    """Check a password; of an account that is not there with the same work. Raises Problem, after some time."""
    identity = visit.identity
    await asyncio.sleep(await identity.tarpit.begin(tried, visit.network or ""))
    person = await identity.vault.known(row["account_id"] if row is not None else ANONYMOUS)
    hashed = None
    if row is not None and person is not None and row["password"] is not None:
        hashed = person.open("password", row["password"])
    verified = await identity.passwords.verify(password, hashed)
    if not verified.right:
        await fail(visit, tried, row, "address" if row is None else "password")
    return verified


async def check_code(visit: Visit, row: Row, code: str | None, actor: Actor) -> tuple[str, ...]:
    """Check the second factor of an account, if it has one, and give how it was shown. Raises Problem."""
    account_id = row["account_id"]
    factor = await visit.identity.people.totp(account_id)
    if factor is None or not factor["enabled"]:
        return ()
    if code is None:
        told = "Send a `code` too: of the authenticator, or a recovery code."
        raise Problem("code_required", told, headers=CHALLENGE)
    await visit.identity.limits.admit([codes(account_id)])
    said = code.replace(" ", "").replace("-", "").upper()
    if not said.isdigit():
        await _use(visit, row, UseRecoveryCode(account_id=account_id, code=recovery_digest(said)), actor)
        return ("recovery_code",)
    person = await visit.identity.vault.person(account_id)
    step = step_of(person.open("totp", factor["secret"]), said)
    if step is None:
        await fail(visit, account_id, row, "code")
    else:
        await _use(visit, row, UseTotp(account_id=account_id, secret=factor["secret"], step=step), actor)
    return ("totp",)


def step_of(secret: str, code: str) -> int | None:
    """Give the step that a code belongs to, by a clock that may be a little wrong; None for a wrong code."""
    here = now() // 1000 // STEP_S
    totp = pyotp.TOTP(secret, interval=STEP_S)
    for step in (here, *(here + away * sign for away in range(1, STEPS_AWAY + 1) for sign in (-1, 1))):
        if totp.verify(code, for_time=step * STEP_S):
            return step
    return None


async def fail(visit: Visit, tried: str, row: Row | None, why: Why) -> None:
    """Put a failure on record. Raises Problem, always, and always the same."""
    doorkeeper = visit.identity.doorkeeper
    told = await doorkeeper.actor(row["account_id"] if row is not None else ANONYMOUS, None, visit.network)
    actor = Actor(id=ANONYMOUS, address=told.address)
    failure = RecordFailure(tried=tried, attempt=str(uuid_utils.uuid4()), why=why)
    await visit.identity.door.ask(visit.once().asked(failure, actor), 0)
    raise Problem("credentials_wrong", "Address, password or code is wrong; try again.", headers=CHALLENGE)


async def _use(visit: Visit, row: Row, command: UseTotp | UseRecoveryCode, actor: Actor) -> None:
    try:
        await visit.once().ask(command, actor)
    except Problem as problem:
        if problem.code not in ("code_used", "code_wrong", "totp_not_enabled"):
            raise
        await fail(visit, row["account_id"], row, "code")
