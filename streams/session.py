"""Signing in and going on: what a person shows becomes a session, and a session's token becomes the next one."""

import uuid
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from infra.auth import CHALLENGE, addresses
from infra.auth.doorkeeper import require_active
from infra.auth.tokens import LIFE, Claims
from schemas.message import Actor, Outcome
from schemas.problems import Problem
from schemas.session import OpenSession, RefreshSession, RevokeSession
from streams.account import Address, Password, rehash
from streams.forms import Row, Sent, Visit
from streams.proving import check_code, check_password
from streams.totp import Code

DEVICE_CHARACTERS = 300


class SignIn(Sent):
    address: Address
    password: Password
    code: Code | None = Field(None, description="Where the account takes one.", examples=[None])
    cookie: bool = Field(
        False, description="Put the refresh token into a cookie that pages cannot read, instead of into the answer."
    )


class Refresh(Sent):
    refresh_token: Annotated[str, StringConstraints(max_length=500)] | None = Field(
        None, description="The newest one; left out by a page, whose browser has it in the cookie.", examples=[None]
    )


class SignedIn(Sent):
    """What signing in gives. The refresh token is worth one use; the answer to it has the next."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the type's name (RFC 6750)
    expires_in: int = LIFE
    refresh_token: str
    account_id: str
    session_id: str
    position: str


async def sign_in(visit: Visit, sent: SignIn, device: str) -> SignedIn:
    """Begin a session. Raises Problem."""
    identity = visit.identity
    digest = addresses.digest(await identity.vault.secret("address"), sent.address)
    row = await identity.people.by_address(digest)
    tried = row["account_id"] if row is not None else digest
    verified = await check_password(visit, tried, row, sent.password)
    assert row is not None  # noqa: S101 - no password is right for no account
    _require_usable(row, identity.known.status(row["account_id"], row["status"]))
    actor = await identity.doorkeeper.actor(row["account_id"], None, visit.network)
    methods = ("password", *await check_code(visit, row, sent.code, actor))
    await identity.tarpit.succeeded(tried, visit.network or "")
    if verified.rehashed is not None:
        await rehash(visit, row, verified.rehashed, actor)
    return await _open(visit, row, methods, device, actor)


async def refresh(visit: Visit, token: str) -> SignedIn:
    """Go on with a session. Raises Problem."""
    identity = visit.identity
    tokens = await identity.refresh_tokens()
    shown = tokens.read(token)
    if shown is None:
        raise Problem("refresh_invalid", "This is no refresh token; sign in again.", headers=CHALLENGE)
    if not await identity.known.ready():
        # The read model may lag, and this door has not heard yet whose sign-ins have ended.
        raise Problem("not_ready", "This door has just opened; ask again in a moment.", headers={"Retry-After": "1"})
    row = await identity.people.session(shown.session_id) or await identity.people.session(
        shown.session_id, newest=True
    )
    if row is None:
        raise _ended()
    following = tokens.following(token)
    actor = await identity.doorkeeper.actor(row["account_id"], f"session:{shown.session_id}", visit.network)
    command = RefreshSession(session_id=shown.session_id, shown=shown.digest, following=tokens.digest(following))
    outcome = await visit.ask(command, actor)
    if "session.ended" in outcome.facts:
        raise _ended()
    account = await identity.people.account(row["account_id"])
    if account is None or identity.known.generation(row["account_id"], account["generation"]) > row["generation"]:
        raise _ended()
    _require_usable(account, identity.known.status(row["account_id"], account["status"]))
    claims = _claims(visit, account, shown.session_id, row["generation"], tuple(row["methods"]))
    return _signed_in(visit, claims, following, outcome)


async def leave(visit: Visit, session_id: str) -> None:
    """End the caller's session."""
    await visit.ask(RevokeSession(session_id=session_id), visit.terms.actor)


async def _open(visit: Visit, row: Row, methods: tuple[Any, ...], device: str, actor: Actor) -> SignedIn:
    identity, account_id = visit.identity, row["account_id"]
    session_id = str(uuid.uuid4())
    tokens = await identity.refresh_tokens()
    first = tokens.first(session_id)
    person = await identity.vault.person(account_id)
    command = OpenSession(
        session_id=session_id,
        account_id=account_id,
        generation=row["generation"],
        methods=methods,
        refresh=tokens.digest(first),
        device=person.seal("device", device[:DEVICE_CHARACTERS]) if device else None,
    )
    outcome = await visit.ask(command, actor)
    return _signed_in(visit, _claims(visit, row, session_id, row["generation"], methods), first, outcome)


def _claims(visit: Visit, row: Row, session_id: str, generation: int, methods: tuple[str, ...]) -> Claims:
    account_id = row["account_id"]
    roles = visit.identity.known.roles_of(account_id, tuple(row["roles"]))
    return Claims(account_id, session_id, generation, roles, methods)


def _signed_in(visit: Visit, claims: Claims, token: str, outcome: Outcome) -> SignedIn:
    return SignedIn(
        access_token=visit.identity.tokens.issue(claims),
        refresh_token=token,
        account_id=claims.account,
        session_id=claims.session,
        position=outcome.position or "",
    )


def _require_usable(row: Row, status: str) -> None:
    require_active(status)
    if not row["verified"]:
        told = "Prove first that you read this address, with the token of the mail that was sent there."
        raise Problem("address_not_verified", told)


def _ended() -> Problem:
    return Problem("session_ended", "This session has ended; sign in again.", headers=CHALLENGE)
