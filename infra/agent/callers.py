"""Says what somebody may now who asked a while ago: the agent acts for them with that, and no more."""

from datetime import UTC, datetime

from infra.auth import Caller
from infra.auth.doorkeeper import DEV, require_active
from schemas.message import Actor
from schemas.problems import Problem
from schemas.rights import permitted
from streams.forms import Identity

PLAYING = ("member",)
"""The roles of whom anybody may be, for play: no account of theirs says more."""


async def again(identity: Identity, actor: Actor) -> Caller:
    """Give the caller of a message, as they were let in and with what they may now. Raises Problem."""
    if not await identity.known.ready():
        raise Problem("not_ready", "It is not known yet who may ask; ask again in a moment.")
    kind, _, name = (actor.via or "").partition(":")
    if (kind, name) == ("session", DEV) and identity.doorkeeper.play:
        return Caller(actor, (permitted(PLAYING, identity.known.roles),), session=name)
    if kind == "issuer":
        told = (
            "The agent cannot act for who signed in by another issuer; talk with it through an account of this service."
        )
        raise Problem("permission_missing", told)
    account = await identity.people.account(actor.id)
    require_active(identity.known.status(actor.id, account["status"] if account is not None else "unknown"))
    roles = identity.known.roles_of(actor.id, tuple(account["roles"]) if account is not None else ())
    grants = permitted(roles, identity.known.roles)
    if kind == "key":
        return await _by_key(identity, actor, name, grants)
    if kind == "session":
        await _require_live(identity, name)
    return Caller(actor, (grants,), session=name if kind == "session" else None)


async def _by_key(identity: Identity, actor: Actor, key_id: str, grants: frozenset[str]) -> Caller:
    row = await identity.people.apikey(key_id)
    if row is None or row["revoked"] or (row["expires"] is not None and row["expires"] <= datetime.now(UTC)):
        told = "The API key that this was said with is revoked or expired; say it again with another one."
        raise Problem("key_invalid", told)
    return Caller(actor, (grants, frozenset(row["scopes"])), key=key_id)


async def _require_live(identity: Identity, session_id: str) -> None:
    row = await identity.people.session(session_id, newest=True)
    if row is None or not row["live"] or identity.known.ended(session_id):
        raise Problem("session_ended", "The sign-in that this was said in has ended; sign in again and say it again.")
