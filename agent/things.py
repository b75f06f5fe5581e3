"""What a person may see and speak of: their newest resources and kinds, read with their own rights."""

from asyncio import gather
from collections.abc import Mapping
from typing import Any

from agent.doors import Doors
from agent.slots import Thing

MOST = 200
_SEEN = (("resource", "/v1/resources"), ("kind", "/v1/kinds"))
_ACCOUNTS = "account:read"


async def seen(doors: Doors) -> list[Thing]:
    """Give the things, each as it is now."""
    asked = [_of(doors, *each) for each in _SEEN]
    return [thing for things in await gather(*asked, _accounts(doors)) for thing in things]


async def _of(doors: Doors, domain: str, path: str) -> list[Thing]:
    if not doors.caller.may(f"{domain}:read"):
        return []
    answer = await doors.get(path, {"limit": MOST})
    return [_thing(domain, row) for row in answer.body["items"]] if answer.good else []


def _thing(domain: str, row: Mapping[str, Any]) -> Thing:
    id_ = row.get(f"{domain}_id") or row[domain]
    kind = row["kind"] if domain == "resource" else ""
    return Thing(domain, id_, row.get("name") or id_, kind, row.get("position") or "")


async def _accounts(doors: Doors) -> list[Thing]:
    if not doors.caller.may(_ACCOUNTS):
        return []
    answer = await doors.get("/v1/accounts", {"limit": MOST})
    found: list[Thing] = []
    for row in answer.body["items"] if answer.good else ():
        names = (row.get("address"), row.get("name"), row.get("profile", {}).get("display_name"))
        found += [Thing("account", row["account_id"], name, "", row.get("position")) for name in names if name]
    return found
