"""The definition of a kind: which JSON Schemas may be one, and whether attributes satisfy it."""

from typing import NamedTuple

from jsonschema_rs import Draft202012Validator, ReferencingError, RegexOptions, ValidationError

from commands.decider import Refused
from commands.effort import bearable_levels
from commands.text import DEEPEST, depth, kept
from schemas.message import JsonObject

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TOLD = 300
"""How many characters of what is wrong are told."""


class Compiled(NamedTuple):
    """A definition made ready; `levels` is how deep attributes may be that it checks."""

    schema: JsonObject
    validator: Draft202012Validator
    levels: int


MOST_COMPILED = 1_000
"""How many definitions stay compiled; one takes some 40 KB."""

_compiled: dict[tuple[str, int], Compiled] = {}


def require_definition(schema: JsonObject) -> str:
    """Give the canonical text of a JSON Schema that may define a kind. Raises Refused."""
    text = kept(schema, "kind")
    try:
        wrong = _unfit(_compile(schema))
    except (ValidationError, ReferencingError, ValueError) as error:
        wrong = _told(error)
    if wrong:
        raise Refused("kind_invalid", f"Correct the JSON Schema: {wrong}.")
    return text


def require_satisfied(attributes: JsonObject, kind: str, version: int, schema: JsonObject) -> None:
    """Raise Refused unless attributes satisfy the version of the kind that the schema defines."""
    compiled = _compiled.get((kind, version))
    # The same name with another definition is another world's, as in tests: what was compiled must not answer for it.
    if compiled is None or compiled.schema is not schema:
        if len(_compiled) >= MOST_COMPILED:
            _compiled.clear()
        compiled = _compiled[kind, version] = _compile(schema)
    if compiled.levels < DEEPEST and depth(attributes) > compiled.levels:
        told = f"Version {version} of {kind} refers to itself in several ways, which allows {compiled.levels} levels"
        raise Refused("attributes_too_deep", f"{told}; nest the attributes less.")
    if not compiled.validator.is_valid(attributes):
        error = next(compiled.validator.iter_errors(attributes))
        raise Refused("attributes_invalid", f"Correct the attributes for version {version} of {kind}: {_told(error)}.")


def _compile(schema: JsonObject) -> Compiled:
    # Never the network; no values of people in reasons, which are kept for ever; patterns that take linear time.
    validator = Draft202012Validator(schema, offline=True, mask="the value", pattern_options=RegexOptions())
    return Compiled(schema, validator, bearable_levels(schema))


def _unfit(compiled: Compiled) -> str | None:
    schema = compiled.schema
    if schema.get("$schema", DRAFT) != DRAFT:
        return f"its `$schema` is another draft than {DRAFT}"
    types = schema.get("type", "object")
    if types != "object" and "object" not in types:
        return "its `type` is no object, and attributes always are one"
    if not compiled.levels:
        return "its subschemas lead to one another in a circle, or too often for checking to end soon"
    return None


def _told(error: Exception) -> str:
    path = error.instance_path if isinstance(error, ValidationError) else ()
    pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
    told = f"at {pointer} {_message(error)}" if pointer else _message(error)
    return told if len(told) <= TOLD else f"{told[:TOLD]}…"


def _message(error: Exception) -> str:
    return error.message if isinstance(error, ValidationError | ReferencingError) else str(error)
