"""The position of a read model is written first, by itself, and the rows after it."""

from collections.abc import Sequence
from dataclasses import replace

from projections.reading import Stretch
from projections.rows import Rows

_write = Rows.write


async def write(rows: Rows, stretches: Sequence[Stretch]) -> bool:
    if not await _write(rows, [replace(stretch, facts=[]) for stretch in stretches]):
        return False
    return await _write(rows, [replace(stretch, before=stretch.after) for stretch in stretches])


PATCHES = ((Rows, "write", write),)
