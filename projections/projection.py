"""What a read model is made of: a table, the row a fact changes, and the fold that changes it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import Table

from schemas.message import CommandRejected, CommandUnchanged, Domain, Recorded

Row: TypeAlias = dict[str, Any]
"""A row by its columns' names; a fold makes a new one and leaves the old as it was."""

Key: TypeAlias = tuple[Any, ...]
"""A row's primary key, in the order of the table's columns."""


@dataclass(frozen=True, slots=True)
class Projection:
    """A read model: its rows are the left fold of the facts of its domains.

    `key` names the row a fact changes, None if it changes none. `begins` says that a fact is the first of its row, so
    that no earlier one need be looked for. `project(row, recorded, position)` is pure; `position` is the fact's place.
    `follows` names the row that is given to `project`, where that is another than the one it makes.
    """

    table: Table
    domains: tuple[Domain, ...]
    key: Callable[[Recorded], Key | None]
    begins: Callable[[Recorded], bool]
    project: Callable[[Row | None, Recorded, str], Row]
    follows: Callable[[Recorded], Key] | None = None

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def grows(self) -> bool:
        """Whether a row is made once and never looked at again."""
        return self.begins is happened


def happened(recorded: Recorded) -> bool:
    """Say whether something happened to the subject; a refusal or an unchanged command left it as it was."""
    return not isinstance(recorded.fact, CommandRejected | CommandUnchanged)


def moment(milliseconds: int) -> datetime:
    """Give a fact's time as PostgreSQL keeps it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
