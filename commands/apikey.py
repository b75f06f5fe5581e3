"""The rules of API keys: who may change one, and how long its secrets work.

The account of a key and who made it reroll and revoke it; to everyone else it is not there.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from commands.decider import Asking, Decider, Refused
from schemas.apikey import (
    USE_NOTED_EVERY_MS,
    ApikeyCommand,
    ApikeyFact,
    CreateKey,
    KeyCreated,
    KeyRerolled,
    KeyRevoked,
    KeyUsed,
    NoteUse,
    RerollKey,
    RevokeKey,
)


class Apikey(Struct, frozen=True, gc=False):
    """A key, absent at first. `secret` is the digest of the newest one; `used` is when a use was noted last, or 0."""

    status: Literal["absent", "working", "revoked"] = "absent"
    account: str = ""
    maker: str = ""
    secret: str = ""
    start: str = ""
    name: str = ""
    scopes: tuple[str, ...] = ()
    expires: int | None = None
    per_minute: int | None = None
    used: int = 0


# ── decide ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(key: Apikey, command: ApikeyCommand, asking: Asking) -> list[ApikeyFact]:
    match command:
        case CreateKey():
            return _create(key, command, asking)
        case RerollKey():
            return _reroll(_seen(key, asking), command, asking.time)
        case RevokeKey():
            return [] if _seen(key, asking).status == "revoked" else [KeyRevoked()]
        case NoteUse():
            return _note_use(key, command)


def _seen(key: Apikey, asking: Asking) -> Apikey:
    if key.status != "absent" and (asking.by(key.account) or asking.by(key.maker)):
        return key
    raise Refused("apikey_unknown", "You have no such key; take its id from the list of your keys.")


def _create(key: Apikey, command: CreateKey, asking: Asking) -> list[ApikeyFact]:
    created = KeyCreated(
        account_id=command.account_id,
        maker=asking.actor.id,
        secret=command.secret,
        start=command.start,
        name=command.name,
        scopes=tuple(sorted(set(command.scopes))),
        expires=command.expires,
        per_minute=command.per_minute,
    )
    if key.status != "absent":
        if replace(key, used=0) == evolve(Apikey(), created):
            return []
        raise Refused("apikey_exists", "This id is taken; create the key under another random UUID.")
    _require_time(command.expires, asking.time)
    return [created]


def _reroll(key: Apikey, command: RerollKey, time: int) -> list[ApikeyFact]:
    if key.status == "revoked":
        raise Refused("apikey_revoked", "This key was revoked and never works again; create another one.")
    if command.secret == key.secret:
        return []
    _require_time(key.expires, time)
    return [
        KeyRerolled(secret=command.secret, start=command.start, before=key.secret, before_until=time + command.overlap)
    ]


def _note_use(key: Apikey, command: NoteUse) -> list[ApikeyFact]:
    if key.status == "absent":
        raise Refused("apikey_unknown", "There is no such key; note the use of one that was created.")
    noted_already = command.used - key.used < USE_NOTED_EVERY_MS
    return [] if key.status == "revoked" or noted_already else [KeyUsed(used=command.used)]


def _require_time(expires: int | None, time: int) -> None:
    if expires is not None and expires <= time:
        raise Refused("apikey_expired", "The time at which the key expires is over; create one that expires later.")


# ── evolve ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def evolve(key: Apikey, fact: ApikeyFact) -> Apikey:
    match fact:
        case KeyCreated():
            return Apikey(
                "working",
                fact.account_id,
                fact.maker,
                fact.secret,
                fact.start,
                fact.name,
                fact.scopes,
                fact.expires,
                fact.per_minute,
            )
        case KeyRerolled():
            return replace(key, secret=fact.secret, start=fact.start)
        case KeyRevoked():
            return replace(key, status="revoked")
        case KeyUsed():
            return replace(key, used=fact.used)


decider = Decider(Apikey(), decide, evolve)
