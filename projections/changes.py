"""What changed between two moments of a subject's past, field by field, and by whom: the queries of looking back."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from infra.postgres import Connection
from projections import past
from projections.lens import AsOf, look_back
from projections.projection import Row
from schemas.problems import Problem

OF_THE_ROW = frozenset({"version", "updated_time", "position"})
"""The columns that every fact changes, and nobody asks about."""

Value = Any
"""Anything that JSON holds."""


class Version(NamedTuple):
    """A subject as it was: its row is what its read model said of it; version 0 is before the first fact."""

    number: int
    row: Row


def differences(before: Mapping[str, Value], after: Mapping[str, Value]) -> dict[str, tuple[Value, Value]]:
    """Give the fields that differ, by JSON pointer (RFC 6901); an object is looked into, a list is one value."""
    return dict(_differences("", before, after))


def _differences(
    pointer: str, before: Mapping[str, Value], after: Mapping[str, Value]
) -> Iterator[tuple[str, tuple[Value, Value]]]:
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        below = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if isinstance(was, dict) and isinstance(now, dict):
            yield from _differences(below, was, now)
        elif not _same(was, now):
            yield below, (was, now)


def _same(was: Value, now: Value) -> bool:
    """Compare as JSON does, where true is not 1."""
    if isinstance(was, bool) or isinstance(now, bool):
        return was is now
    if isinstance(was, list) and isinstance(now, list):
        return len(was) == len(now) and all(map(_same, was, now))
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(_same(was[name], now[name]) for name in was)
    return bool(was == now)


def path_of(pointer: str) -> list[str]:
    """Give the names that a JSON pointer is made of. Raises Problem."""
    if not pointer.startswith("/") or "\0" in pointer:
        raise Problem(
            "query_invalid", f"'{pointer[:100]}' names no field; write a JSON pointer, such as /attributes/amount."
        )
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer[1:].split("/")]


async def version_at(connection: Connection, domain: str, subject: str, when: AsOf | int) -> Version:
    """Give a subject as of a version, a moment, or positions. The rest of the transaction looks back to it too."""
    as_of = when if isinstance(when, AsOf) else AsOf(places={})
    moment = as_of.moment or (await past.newest_of(connection, as_of.places) if as_of.places else past.FOREVER)
    await look_back(connection, as_of, moment)
    # Of what has no history yet nobody can say who did it.
    told = await past.newest_told(connection, domain, subject)
    found = await past.at(connection, domain, subject, told if isinstance(when, AsOf) else min(when, told))
    if found is None:
        return Version(0, {})
    return Version(found["version"], {name: value for name, value in found["state"].items() if name not in OF_THE_ROW})


async def difference(connection: Connection, domain: str, subject: str, since: AsOf | int, to: AsOf | int) -> Row:
    """Give the fields that differ between two moments, each with the fact that changed it last."""
    before = await version_at(connection, domain, subject, since)
    after = await version_at(connection, domain, subject, to)
    if before.number > after.number:
        raise Problem("query_invalid", "`from` is after `to`; turn them round.")
    found = differences(before.row, after.row)
    paths = {field: path_of(field) for field in found}
    by = await past.changed_last(connection, domain, subject, paths, since=before.number, to=after.number)
    if by.keys() != found.keys():
        told = "The read model history lacks a fact that the past has; ask again."
        raise Problem("read_model_behind", told, headers={"Retry-After": "1"})
    changed = [
        {"field": field, "before": was, "after": now, "changed": by[field]} for field, (was, now) in found.items()
    ]
    return {"from": before.number, "to": after.number, "changes": changed}
