"""What a measurement is: rows that it fills, and the function that fills them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from infra.bench.bed import Bed
from infra.settings import Unusable


@dataclass(frozen=True, slots=True)
class Row:
    """A number to be measured, and what it must be: at least a share `of_floor`, or at most so many `floors`."""

    name: str
    what: str
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    of_floor: float | None = None
    floors: float | None = None

    @property
    def target(self) -> str | None:
        """What the number must be, in words; None if it is measured only to be known."""
        told = [
            *([f"≥ {self.at_least:,g}"] if self.at_least is not None else []),
            *([f"≤ {self.at_most:,g}"] if self.at_most is not None else []),
            *([f"≥ {self.of_floor:.0%} of floor"] if self.of_floor is not None else []),
            *([f"≤ {self.floors:g} times the floor"] if self.floors is not None else []),
        ]
        return " and ".join(told) or None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured for a row, and for its floor if it has one."""

    value: float
    floor: float | None = None

    @property
    def ratio(self) -> float | None:
        """The value as a share of the floor: of rates, more is better; of times, less."""
        return self.value / self.floor if self.floor else None

    def meets(self, row: Row) -> bool | None:
        """Say whether the row's target is met; None if it has none."""
        if row.target is None:
            return None
        return (
            (row.at_least is None or self.value >= row.at_least)
            and (row.at_most is None or self.value <= row.at_most)
            and (row.of_floor is None or (self.ratio is not None and self.ratio >= row.of_floor))
            and (row.floors is None or (self.ratio is not None and self.ratio <= row.floors))
        )


PATIENCE = 120.0
"""Seconds after which a measurement is given up, unless it is known to take longer."""

Take = Callable[[Bed], Awaitable[Sequence[Reading]]]


@dataclass(frozen=True, slots=True)
class Measure:
    """Rows that are measured together; `take` gives their readings in their order, within so many seconds."""

    rows: tuple[Row, ...]
    take: Take
    patience: float = PATIENCE


def measures(*rows: Row, patience: float = PATIENCE) -> Callable[[Take], Measure]:
    """Declare the rows that a function measures; it is given up after so many seconds."""
    return lambda take: Measure(rows, take, patience)


def chosen(names: Sequence[str], among: Sequence[Measure]) -> list[Measure]:
    """Give the measurements of rows so named, or whose names begin so, or match as file names do; all for no names.

    Raises Unusable for a name that is no row's.
    """
    for name in names:
        if not any(_named(row, name) for measure in among for row in measure.rows):
            raise Unusable(f"Nothing measured is called {name}: `annal bench --list` shows what is.")
    return [
        measure for measure in among if not names or any(_named(row, name) for row in measure.rows for name in names)
    ]


def _named(row: Row, name: str) -> bool:
    return row.name.startswith(f"{name}.") or fnmatch(row.name, name)
