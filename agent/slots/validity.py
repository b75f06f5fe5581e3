"""Whether a value satisfies the schema of its parameter, and in a person's words why not."""

from typing import Any

import jsonschema_rs

from agent.actions.action import Action
from agent.slots.asking import label


def wrong(action: Action, parameter: str, value: Any) -> str | None:
    """Say what is wrong with a value, as a sentence; None if nothing is."""
    schema = action.schema(parameter) | {"$defs": action.parameters.get("$defs", {})}
    validator = jsonschema_rs.validator_for(schema, mask="it", validate_formats=True)
    error = next(validator.iter_errors(value), None)
    if error is None:
        return None
    reason = str(schema.get("description", "")) if error.kind.name in ("pattern", "format") else ""
    said = f"The {label(parameter)} will not do: {reason or error.message}"
    return said if said.endswith(".") else f"{said}."
