"""How far somebody has come in several journals, and how that is written: as `Annal-Position` is."""

from collections.abc import Mapping
from typing import TypeAlias

from projections.reading import Place

Vector: TypeAlias = Mapping[Place, int]
"""For each journal that is followed the offset of the last record dealt with, -1 for none."""


BEGINNING = "beginning"
"""The vector of whoever has dealt with nothing: browsers do not send an id again that is empty."""


def text(vector: Vector) -> str:
    """Write a vector; a journal of which nothing was dealt with is left out."""
    return ",".join(one(place, offset) for place, offset in vector.items() if offset >= 0) or BEGINNING


def one(place: Place, offset: int) -> str:
    return f"{place.domain}:{place.partition}:{offset}"
