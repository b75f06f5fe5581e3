"""Python source in the making: how a codec for one contract is made once, and then never looks at its schema again.

It is what `dataclasses` does for `__init__`. A codec made so writes in half and reads in two thirds of the time of a
general one, which asks the schema at every field and knows only dictionaries (docs/decisions/0004). Tests hold that
fastavro and it agree, byte for byte.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from schemas.avro import JSON, Schema, record_name


class Source:
    """The lines of a function, and the objects that its names stand for."""

    def __init__(self, schema: Schema, parameters: str, **names: Any) -> None:
        self._records = dict(_records(schema))
        self._lines = [f"def made({parameters}):"]
        self._names = names
        self._depth = 1
        self._numbers = count()

    def __call__(self, *lines: str) -> None:
        self._lines += ("    " * self._depth + line for line in lines)

    @contextmanager
    def under(self, line: str) -> Iterator[None]:
        """Put what follows under a line."""
        self(line)
        self._depth += 1
        yield
        self._depth -= 1

    def local(self) -> str:
        """Give a name that nothing else has."""
        return f"local_{next(self._numbers)}"

    def constant(self, value: Any) -> str:
        """Give a name that stands for an object."""
        name = f"constant_{next(self._numbers)}"
        self._names[name] = value
        return name

    def form(self, kind: Any) -> tuple[str, Any]:
        """Give the word for the form of an Avro type, and the type in full where it was only named."""
        if isinstance(kind, list):
            return "union", kind
        if isinstance(kind, str):
            return ("record", self._records[kind]) if kind in self._records else (kind, {})
        return "json" if JSON in kind else kind["type"], kind

    def function(self) -> Any:
        exec("\n".join(self._lines), self._names)  # noqa: S102 - it is made of our classes, never of what came by wire
        return self._names["made"]


def _records(kind: Any) -> Iterator[tuple[str, Schema]]:
    if isinstance(kind, list):
        for each in kind:
            yield from _records(each)
    elif isinstance(kind, dict):
        if kind["type"] == "record":
            yield record_name(kind), kind
        for inner in (*(field["type"] for field in kind.get("fields", ())), kind.get("items"), kind.get("values")):
            yield from _records(inner)
