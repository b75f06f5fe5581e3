"""What the agent says about slots: the question for one that is missing, and the card that shows them all."""

import json
import re
from typing import Any

from agent.actions.action import Action
from agent.slots.naming import domain_of
from schemas.message import JsonObject


def question(action: Action, parameter: str) -> str:
    """Give the sentence that asks for a parameter, of what the platform says of it."""
    schema, called = action.schema(parameter), label(parameter)
    if "enum" in schema:
        return f"Which {called}: {_or([str(option) for option in schema['enum']])}?"
    if schema.get("type") == "boolean":
        return f"{called.capitalize()}: yes or no?"
    asked = f"Which {called}?" if domain_of(parameter) is not None else f"What should the {called} be?"
    return " ".join(part for part in (asked, _described(called, schema), _example(schema)) if part)


def card(action: Action, values: JsonObject) -> str:
    """Give an action's values as they would be sent, a line each, in the order of the parameters.

    A text stands in quotation marks, and what does not print is escaped: no value can look like another line.
    """
    names = [name for name in action.properties if name in values]
    return "\n".join(f"{name}: {shown(values[name])}" for name in names)


def shown(value: Any) -> str:
    """Give a value as JSON on one line, with everything escaped that does not print."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


def label(parameter: str) -> str:
    """Give a parameter's name as it is spoken."""
    return parameter.removesuffix("_id").replace("_", " ").replace("-", " ")


def _described(called: str, schema: JsonObject) -> str:
    """Give the first sentence of a description, if it says more than what it describes."""
    first = re.split(r"(?<=\.)\s", schema.get("description", ""), maxsplit=1)[0].rstrip(".")
    return f"{first}." if first.lower() not in ("", f"the {called}") else ""


def _example(schema: JsonObject) -> str:
    examples = schema.get("examples") or schema.get("items", {}).get("examples") or ()
    if not examples:
        return ""
    return f"For example: {examples[0] if isinstance(examples[0], str) else shown(examples[0])}."


def _or(options: list[str]) -> str:
    *others, last = options
    return f"{', '.join(others)} or {last}" if others else last
