"""What identity's facts look like: sealed text and digests that say what they are of."""

import hashlib
from typing import Any

from schemas.account import AccountOpened
from schemas.apikey import KeyCreated
from schemas.person import Changing, Opening, Proof
from schemas.session import SessionOpened
from tests.projections.telling import FIRST_MOMENT


def digest(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()


def proof(of: str = "reading", until: int = FIRST_MOMENT) -> Proof:
    return Proof(token=digest(of), sealed="sealed-token", until=until)


def opening(**others: Any) -> Opening:
    fields = {"sealed_address": "sealed-address", "profile": {"display_name": "sealed-name"}, "password": "sealed-hash"}
    return Opening(**fields | others)


def changing(sealed_address: str = "sealed-other") -> Changing:
    return Changing(sealed_address=sealed_address, new=proof("new"), old=proof("old"))


def opened(address: str = "alice", **others: Any) -> AccountOpened:
    return AccountOpened(address=digest(address), opening=opening(**others))


def signed_in(account_id: str = "alice", **others: Any) -> SessionOpened:
    fields: dict[str, Any] = {
        "generation": 0,
        "methods": ("password",),
        "refresh": digest("r0"),
        "opened": FIRST_MOMENT,
    }
    return SessionOpened(account_id=account_id, **fields | others)


def key_created(account_id: str = "alice", **others: Any) -> KeyCreated:
    fields: dict[str, Any] = {"maker": account_id, "secret": digest("s0"), "start": "Abcd", "name": "nightly import"}
    return KeyCreated(account_id=account_id, **fields | {"scopes": ("resource:*",)} | others)
