"""What is told of people: rows and facts without digests and secrets, and with what is sealed opened.

What was sealed with a key that is no more is null.
"""

from typing import Any

import orjson

from infra.auth.vault import Person, Unsealable
from projections.projection import Row
from schemas.person import NOTHING

_TOLD = frozenset({"by", "generation", "name", "role", "roles", "verified"})
"""The fields of an account's facts that are told as they are; what is not named here or below is told to nobody."""


def opened(person: Person | None, field: str, sealed: str | None) -> str | None:
    """Give what was sealed, if it can be read still."""
    if person is None or sealed is None:
        return None
    try:
        return person.open(field, sealed)
    except Unsealable:
        return None


def account(row: Row, person: Person | None) -> Row:
    change = row["change"]
    return _without(row, "password", "sealed_address", "change") | {
        "address": opened(person, "address", row["sealed_address"]),
        "profile": _profile(row["profile"], person),
        "changing_to": change and opened(person, "address", change["sealed_address"]),
    }


def session(row: Row, person: Person | None) -> Row:
    return _without(row, "refresh") | {
        "device": opened(person, "device", row["device"]),
        "network": opened(person, "network", row["network"]),
        "last_network": opened(person, "network", row["last_network"]),
    }


def failure(row: Row, person: Person | None) -> Row:
    """Give a failed sign-in; `person` is who asked."""
    return _without(row, "asker") | {"network": opened(person, "network", row["network"])}


def key(row: Row) -> Row:
    return _without(row, "secret", "before")


def factor(row: Row) -> Row:
    return {name: row[name] for name in ("enabled", "codes_left", "updated_time")}


def happened(row: Row, person: Person | None) -> Row:
    """Give a row of an account's history."""
    return row | {"data": _said(row["data"], person)}


def _said(data: Row, person: Person | None) -> Row:
    said: Row = {name: value for name, value in data.items() if name in _TOLD}
    if "sealed_address" in data:
        said["address"] = opened(person, "address", data["sealed_address"])
    if "profile" in data:
        said["profile"] = _profile(data["profile"], person)
    within = (data.get(name) for name in ("opening", "changing"))
    return said | {name: value for each in within if each for name, value in _said(each, person).items()}


def _profile(profile: dict[str, str], person: Person | None) -> dict[str, Any]:
    return {name: _part(name, sealed, person) for name, sealed in profile.items()}


def _part(name: str, sealed: str, person: Person | None) -> Any:
    text = None if sealed == NOTHING else opened(person, name, sealed)
    return orjson.loads(text) if name == "traits" and text is not None else text


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}
