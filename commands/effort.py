"""How much work a definition can be: references multiply, and no attributes may make checking them endless."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from commands.text import DEEPEST
from schemas.message import JsonObject

MOST = 10_000
"""How many subschemas may look at the values on any one way down the attributes."""

LONGEST = 100
"""How many subschemas may lead to one another, beyond what is known of fewer levels."""

Looks = tuple[int, int]
"""How many subschemas look at a value and at what is inside: if it is an array, and if it is an object."""


def bearable_levels(root: JsonObject) -> int:
    """Say how deep attributes may be so that checking them stays little work, for a valid JSON Schema; 0 for never.

    Raises ValueError for a reference that cannot be followed here.
    """
    effort = _Effort(root)
    for levels in range(DEEPEST + 1):
        if max(effort.of(root, levels, LONGEST)) > MOST:
            return max(levels - 1, 0)
    return DEEPEST


class _Effort:
    """The looks that each subschema takes, by the levels there are below the value."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._known: dict[tuple[int, int], Looks] = {}

    def of(self, schema: Any, levels: int, steps: int) -> Looks:
        if not isinstance(schema, dict):
            return 1, 1
        key = (id(schema), levels)
        if key not in self._known:
            # What leads back to itself without going deeper has no end, so until it is known it counts as too much.
            self._known[key] = MOST + 1, MOST + 1
            if steps:
                array, thing = self._sum(schema, levels, steps - 1)
                self._known[key] = min(array, MOST + 1), min(thing, MOST + 1)
        return self._known[key]

    def _sum(self, schema: JsonObject, levels: int, steps: int) -> Looks:
        same = [self.of(each, levels, steps) for each in self._same(schema)]
        # What others have not looked at is found out by looking again.
        times = 2 if "unevaluatedProperties" in schema or "unevaluatedItems" in schema else 1
        array, thing = (1 + times * sum(looks) for looks in zip(*same, strict=True)) if same else (1, 1)
        if levels:
            array += self._inside(_items(schema), schema.get("prefixItems", ()), levels - 1, steps)
            thing += self._inside(_members(schema), schema.get("properties", {}).values(), levels - 1, steps)
        return array, thing

    def _inside(self, together: Iterable[Any], apart: Iterable[Any], levels: int, steps: int) -> int:
        """Add up those that may look at one and the same value, and of those that never do take the most."""
        return sum(max(self.of(each, levels, steps)) for each in together) + max(
            (max(self.of(each, levels, steps)) for each in apart), default=0
        )

    def _same(self, schema: JsonObject) -> Iterator[Any]:
        """Give the subschemas that look at the same value."""
        for word in ("not", "if", "then", "else"):
            if word in schema:
                yield schema[word]
        for word in ("allOf", "anyOf", "oneOf"):
            yield from schema.get(word, ())
        for word in ("dependentSchemas", "dependencies"):
            yield from schema.get(word, {}).values()
        if "$ref" in schema:
            yield self._target(schema["$ref"])
        if "$dynamicRef" in schema or ("$id" in schema and schema is not self._root):
            raise ValueError("it uses `$dynamicRef` or an inner `$id`; refer by `$ref` to `#/$defs/…` instead")

    def _target(self, reference: str) -> Any:
        if reference != "#" and not reference.startswith("#/"):
            raise ValueError(f"its `$ref` {reference} is no place in itself; refer to `#` or `#/$defs/…`")
        target: Any = self._root
        try:
            for step in unquote(reference).split("/")[1:]:
                word = step.replace("~1", "/").replace("~0", "~")
                target = target[int(word)] if isinstance(target, list) else target[word]
        except (LookupError, TypeError):
            raise ValueError(f"its `$ref` {reference} leads nowhere") from None
        return target


def _items(schema: JsonObject) -> Iterator[Any]:
    return (schema[word] for word in ("items", "contains", "unevaluatedItems") if word in schema)


def _members(schema: JsonObject) -> Iterator[Any]:
    yield from schema.get("patternProperties", {}).values()
    for word in ("additionalProperties", "unevaluatedProperties", "propertyNames"):
        if word in schema:
            yield schema[word]
