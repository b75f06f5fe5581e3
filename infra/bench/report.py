"""What was measured, as a table for people and as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from infra.bench.measure import Measure, Reading, Row


@dataclass(frozen=True, slots=True)
class Result:
    """A row, and what was measured for it; None if that failed."""

    row: Row
    reading: Reading | None

    @property
    def met(self) -> bool | None:
        if self.reading is None:
            return False if self.row.target else None
        return self.reading.meets(self.row)


def as_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    return [
        {
            "name": result.row.name,
            "value": result.reading and _rounded(result.reading.value),
            "unit": result.row.unit,
            "floor": result.reading and _rounded(result.reading.floor),
            "ratio": result.reading and _rounded(result.reading.ratio),
            "target": result.row.target,
            "met": result.met,
        }
        for result in results
    ]


def write(results: Sequence[Result], path: Path) -> None:
    path.write_text(json.dumps(as_json(results), indent=2, ensure_ascii=False) + "\n")


def show(results: Sequence[Result], console: Console) -> None:
    table = Table(Column("name", no_wrap=True))
    for title in ("value", "floor", "ratio"):
        table.add_column(title, justify="right")
    table.add_column("unit")
    table.add_column("target")
    table.add_column("met")
    for result in results:
        row, reading = result.row, result.reading
        numbers = (reading.value, reading.floor, reading.ratio) if reading else (None, None, None)
        table.add_row(row.name, *map(_text, numbers), row.unit, row.target or "", _mark(result))
    console.print(table)


def sentence(result: Result) -> str:
    """Say one result in a line, as soon as it is known."""
    row, reading = result.row, result.reading
    if reading is None:
        return f"{row.name}: not measured"
    beside = f", floor {_text(reading.floor)}, ratio {_text(reading.ratio)}" if reading.floor else ""
    return f"{row.name}: {_text(reading.value)} {row.unit}{beside}"


def show_all(measures: Sequence[Measure], console: Console) -> None:
    """List what can be measured."""
    table = Table("name", "what", "unit", "target")
    for measure in measures:
        for row in measure.rows:
            table.add_row(row.name, row.what, row.unit, row.target or "")
    console.print(table)


def _mark(result: Result) -> str:
    if result.reading is None:
        return "[red]not measured"
    return {True: "[green]yes", False: "[red]no", None: ""}[result.met]


def _text(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"  # noqa: PLR2004 - from where on decimals say nothing


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.4g}")
