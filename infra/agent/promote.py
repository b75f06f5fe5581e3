"""Makes a test of a conversation that was had, as its owner reads it over HTTP."""

from typing import Any
from urllib.parse import quote

from agent.promoting import Log, NotPromotable, promoted, spoken_of
from agent.script import Script
from infra.agent.options import Door
from infra.agent.remote import Refused, ask
from infra.settings import Unusable

PAGE = 200
PLAYING = "member"
"""The role that everybody has in a test of whom nothing else is said."""


async def promote(door: Door, conversation_id: str, title: str) -> Script:
    """Read a conversation, and what it is about, and make the test. Raises Unusable."""
    try:
        return promoted(await read_log(door, conversation_id), title)
    except NotPromotable as error:
        raise Unusable(str(error)) from None


async def read_log(door: Door, conversation_id: str) -> Log:
    """Read all that is on record of a conversation. Raises Unusable."""
    path = f"/v1/conversations/{quote(conversation_id, safe='')}"
    conversation = await ask(*door, "GET", path)
    turns = (await pages(door, f"{path}/turns"))[::-1]
    ids = spoken_of(turns)
    pasts = {id_: (await pages(door, f"/v1/resources/{quote(id_, safe='')}/history"))[::-1] for id_ in ids}
    names = {row["data"]["kind"] for past in pasts.values() for row in past if "kind" in row["data"]}
    receipts = [receipt["command_id"] for turn in turns for receipt in turn["receipts"]]
    me = await _known(door, "/v1/accounts/me")
    return Log(
        conversation,
        turns,
        sorted(set(me.get("roles", ())) - {PLAYING}),
        {id_: await _known(door, f"/v1/commands/{id_}") for id_ in receipts},
        {id_: past for id_, past in pasts.items() if past},
        [row for name in sorted(names) if (row := await _known(door, f"/v1/kinds/{quote(name, safe='')}"))],
    )


async def pages(door: Door, path: str) -> list[Any]:
    """Give all items of a list, the newest first; none of what may not be read. Raises Unusable."""
    items: list[Any] = []
    following: str | None = f"{path}?limit={PAGE}"
    while following is not None:
        page = await _known(door, following)
        items += page.get("items", ())
        following = page.get("next")
    return items


async def _known(door: Door, path: str) -> Any:
    """Give what a door answers, and nothing where it knows nothing. Raises Unusable."""
    try:
        return await ask(*door, "GET", path)
    except Refused as refused:
        if refused.status == 404:  # noqa: PLR2004 - not found
            return {}
        raise
