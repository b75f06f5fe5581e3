"""Whether a value satisfies the schema of its parameter, and in a person's words why not."""

from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from agent.actions.action import Action
from agent.slots.asking import label

KEPT = 1_000
"""Schemas whose validators are kept: making one takes longer than all else that a message needs here."""


def wrong(action: Action, parameter: str, value: Any) -> str | None:
    """Say what is wrong with a value, as a sentence; None if nothing is."""
    schema = action.schema(parameter)
    text = orjson.dumps(schema)
    if b'"$ref"' in text:
        text = orjson.dumps(schema | {"$defs": action.parameters.get("$defs", {})})
    error = next(_validator(text).iter_errors(value), None)
    if error is None:
        return None
    reason = str(schema.get("description", "")) if error.kind.name in ("pattern", "format") else ""
    said = f"The {label(parameter)} will not do: {reason or error.message}"
    return said if said.endswith(".") else f"{said}."


@lru_cache(maxsize=KEPT)
def _validator(schema: bytes) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(schema.decode(), mask="it", validate_formats=True)
