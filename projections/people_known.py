"""What is known of people, as those are told who may know: asked of the read models, and opened with the vault."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from infra.postgres import Connection
from projections import (
    account,
    apikey,
    character,
    conversation,
    conversation_opened,
    history,
    login,
    memory,
    opened,
    resource,
    role,
    session,
    totp,
    turn,
)
from projections.cursors import Cursors
from projections.door import ReadDoor, unknown
from projections.history import NEWEST
from projections.projection import Row
from projections.terms import Terms
from schemas.role import BUILT_IN

AT_ONCE = 500
"""Rows that are asked for at once when all are wanted."""

MOST_MEMORIES = 10_000

_EVERYTHING = (
    account.projection,
    session.projection,
    apikey.projection,
    totp.projection,
    login.projection,
    resource.projection,
    character.projection,
    conversation.projection,
    turn.projection,
    memory.projection,
)

After = Sequence[Any] | None
"""Where the page before ended."""


class People:
    """Asks what the read door does, about people."""

    def __init__(self, door: ReadDoor) -> None:
        self._door = door
        self._vault = door.vault

    @property
    def cursors(self) -> Cursors:
        return self._door.cursors

    async def account(self, account_id: str, terms: Terms) -> Row:
        """Give an account. Raises Problem."""
        await self._door.reach(terms, account.projection)
        row = await self._door.ask(lambda connection: account.find(connection, account_id), terms.as_of)
        if row is None:
            raise unknown("account")
        return opened.account(row, await self._vault.known(account_id))

    async def accounts(self, terms: Terms, status: str | None, after: After, limit: int) -> tuple[list[Row], str]:
        """Give a page of all accounts, and the position of all that it knows."""
        await self._door.reach(terms, account.projection)
        position = self._door.position(terms, account.projection)
        rows = await self._door.ask(lambda connection: account.page(connection, status, after, limit), terms.as_of)
        return [opened.account(row, await self._vault.known(row["account_id"])) for row in rows], position

    async def history(self, account_id: str, terms: Terms, before: int, limit: int) -> tuple[list[Row], str]:
        """Give a page of what happened to an account. Raises Problem."""
        await self._door.reach(terms, history.projection)
        position = self._door.position(terms, history.projection)
        rows = await self._door.ask(lambda connection: _history(connection, account_id, before, limit), terms.as_of)
        if not rows and before == NEWEST:
            raise unknown("account")
        person = await self._vault.known(account_id)
        return [opened.happened(row, person) for row in rows], position

    async def sessions(self, account_id: str, terms: Terms, after: After, limit: int) -> tuple[list[Row], str]:
        """Give a page of the sessions of an account."""
        # Whether a session can go on is known of its account.
        await self._door.reach(terms, session.projection, account.projection)
        position = self._door.position(terms, session.projection, account.projection)
        rows = await self._door.ask(lambda connection: session.of(connection, account_id, after, limit), terms.as_of)
        person = await self._vault.known(account_id)
        return [opened.session(row, person) for row in rows], position

    async def keys(self, account_id: str, terms: Terms, after: After, limit: int) -> tuple[list[Row], str]:
        """Give a page of the keys of an account and of those it made."""
        await self._door.reach(terms, apikey.projection)
        position = self._door.position(terms, apikey.projection)
        rows = await self._door.ask(lambda connection: apikey.of(connection, account_id, after, limit), terms.as_of)
        return [opened.key(row) for row in rows], position

    async def failures(self, account_id: str, terms: Terms, before: int, limit: int) -> tuple[list[Row], str]:
        """Give a page of the failed sign-ins to an account."""
        await self._door.reach(terms, login.projection)
        position = self._door.position(terms, login.projection)
        rows = await self._door.ask(lambda connection: login.of(connection, account_id, before, limit), terms.as_of)
        return await self._failures(rows), position

    async def role(self, name: str, terms: Terms) -> Row:
        """Give a role, built in or defined. Raises Problem."""
        if name in BUILT_IN:
            return _built_in(name)
        await self._door.reach(terms, role.projection)
        row = await self._door.ask(lambda connection: role.find(connection, name), terms.as_of)
        if row is None:
            raise unknown("role")
        return row | {"built_in": False}

    async def roles(self, terms: Terms) -> tuple[list[Row], str]:
        """Give all roles: those built in, then those that were defined."""
        await self._door.reach(terms, role.projection)
        position = self._door.position(terms, role.projection)
        rows = await self._door.ask(role.all, terms.as_of)
        return [*map(_built_in, BUILT_IN), *(row | {"built_in": False} for row in rows)], position

    async def everything(self, account_id: str, terms: Terms) -> tuple[Row, str]:
        """Give everything known of a person (GDPR, article 15), and the position that it knows. Raises Problem."""
        told = {"account": await self.account(account_id, terms)}
        await self._door.reach(terms, *_EVERYTHING, history.projection)
        position = self._door.position(terms, *_EVERYTHING)
        rows = await self._door.ask(lambda connection: _everything(connection, account_id))
        person, factor = await self._vault.known(account_id), rows["factor"]
        shared = [(each["owner"] == account_id, _named(each)) for each in rows["resources"]]
        return told | {
            "second_factor": factor and opened.factor(factor),
            "sessions": [opened.session(row, person) for row in rows["sessions"]],
            "keys": [opened.key(row) for row in rows["keys"]],
            "failed_sign_ins": await self._failures(rows["failures"]),
            "resources_owned": [named for own, named in shared if own],
            "resources_shared": [named for own, named in shared if not own],
            "characters": [{name: row[name] for name in ("character_id", "name")} for row in rows["characters"]],
            "conversations": [conversation_opened.conversation(row, person) for row in rows["conversations"]],
            "turns": [conversation_opened.turn(row, person) for row in rows["turns"]],
            "memories": [conversation_opened.memory(row, person) for row in rows["memories"]],
            "history": [opened.happened(row, person) for row in rows["history"]],
        }, position

    async def _failures(self, rows: Sequence[Row]) -> list[Row]:
        return [opened.failure(row, await self._vault.known(row["asker"])) for row in rows]


def _built_in(name: str) -> Row:
    permissions = sorted(BUILT_IN[name])
    unchanging = {"retired": False, "version": 0, "updated_time": None, "position": None, "built_in": True}
    return {"role": name, "permissions": permissions, **unchanging}


def _named(row: Row) -> Row:
    return {"resource_id": row["resource_id"], "name": row["name"]}


async def _history(connection: Connection, account_id: str, before: int, limit: int) -> list[Row]:
    return await history.page(connection, account.account.name, account_id, before, limit)


async def _everything(connection: Connection, account_id: str) -> dict[str, Any]:
    async def resources(after: After) -> list[Row]:
        return await resource.page(connection, {"reader": account_id}, "created", after, AT_ONCE)

    async def happened(after: After) -> list[Row]:
        return await _history(connection, account_id, after[0] if after else NEWEST, AT_ONCE)

    async def failures(after: After) -> list[Row]:
        return await login.of(connection, account_id, after[0] if after else NEWEST, AT_ONCE)

    async def sessions(after: After) -> list[Row]:
        return await session.of(connection, account_id, after, AT_ONCE)

    async def keys(after: After) -> list[Row]:
        return await apikey.of(connection, account_id, after, AT_ONCE)

    async def characters(after: After) -> list[Row]:
        return await character.page(connection, after, AT_ONCE, account_id)

    async def conversations(after: After) -> list[Row]:
        return await conversation.of(connection, account_id, after, AT_ONCE)

    async def turns(after: After) -> list[Row]:
        return await turn.of(connection, account_id, after, AT_ONCE)

    return {
        "factor": await totp.find(connection, account_id),
        "characters": await _all(characters, "name", "character_id"),
        "conversations": await _all(conversations, "opened_time", "conversation_id"),
        "turns": await _all(turns, "said_time", "conversation_id", "turn"),
        "memories": await memory.of(connection, account_id, MOST_MEMORIES),
        "sessions": await _all(sessions, "opened_time", "session_id"),
        "keys": await _all(keys, "created_time", "key_id"),
        "failures": await _all(failures, "failures"),
        "resources": await _all(resources, "created_time", "resource_id"),
        "history": await _all(happened, "version"),
    }


async def _all(page: Callable[[After], Awaitable[list[Row]]], *key: str) -> list[Row]:
    """Give all rows, page after page; `key` names the columns that say where a page ended."""
    rows = more = await page(None)
    while more:
        more = await page([more[-1][name] for name in key])
        rows = [*rows, *more]
    return rows
