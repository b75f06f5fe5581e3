"""The fold: what facts make of rows. Pure, and the same for every place where rows are kept."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from projections.projection import Key, Projection, Row
from projections.reading import Told, sentence
from schemas.message import Recorded

EARLIER = "An earlier fact of this subject could not be applied."


@dataclass(frozen=True, slots=True)
class Folded:
    """The rows that facts changed, and the facts that could not be applied, in order, each with the reason."""

    rows: dict[Key, Row]
    held: list[tuple[Told, str]]


def wanted(projection: Projection, facts: Iterable[Told]) -> list[Key]:
    """Name the rows that must be known before the facts can be applied."""
    needed: dict[Key, None] = {}
    made: set[Key] = set()
    for told in facts:
        if told.recorded is not None and told.key is not None:
            before = _follows(projection, told.recorded, told.key)
            if before not in made and not projection.begins(told.recorded):
                needed[before] = None
            made.add(told.key)
    return list(needed)


def fold(
    projection: Projection, rows: Mapping[Key, Row], facts: Iterable[Told], held: AbstractSet[bytes] = frozenset()
) -> Folded:
    """Apply facts to rows.

    A fact that cannot be applied holds back its subject: that fact and every later one of the subject, and no other's.
    `held` are the subjects held back already.
    """
    changed: dict[Key, Row] = {}
    back: list[tuple[Told, str]] = []
    holding = set(held)
    for told in facts:
        subject = told.record.key or b""
        if subject in holding:
            back.append((told, EARLIER))
        elif (error := _apply(projection, rows, changed, told)) is not None:
            holding.add(subject)
            back.append((told, error))
    return Folded(changed, back)


def _apply(projection: Projection, rows: Mapping[Key, Row], changed: dict[Key, Row], told: Told) -> str | None:
    """Give the reason if it cannot be done."""
    if told.recorded is None:
        return told.error
    key = told.key
    if key is not None:
        try:
            before = _follows(projection, told.recorded, key)
            changed[key] = projection.project(changed.get(before) or rows.get(before), told.recorded, told.position)
        except Exception as error:  # noqa: BLE001 - a bug in one fold must not stop the other subjects
            return sentence(error)
    return None


def _follows(projection: Projection, recorded: Recorded, key: Key) -> Key:
    return key if projection.follows is None else projection.follows(recorded)
