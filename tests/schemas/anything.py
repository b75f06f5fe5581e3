"""Any value of a message's class, for hypothesis: made from the JSON Schema that the API documents show of it."""

from typing import Any, TypeVar

from hypothesis import strategies as st

from schemas.message import Asked, Command, CommandMeta, Fact, FactMeta, Message, Recorded

AnyMessage = TypeVar("AnyMessage", bound=Message)

INT64 = (-(2**63), 2**63 - 1)
TEXT = st.text(max_size=200)
NO_NUL = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON_OBJECTS = st.dictionaries(
    NO_NUL,
    st.recursive(
        st.none() | st.booleans() | st.integers(*INT64) | FLOATS | NO_NUL,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NO_NUL, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)


def a(kind: type[AnyMessage]) -> st.SearchStrategy[AnyMessage]:
    schema = kind.model_json_schema()
    return _value(schema, schema.get("$defs", {})).map(kind.model_validate)


@st.composite
def asked(draw: st.DrawFn, kind: type[Command]) -> Asked:
    command = draw(a(kind))
    return Asked(draw(a(CommandMeta)).model_copy(update={"type": kind.type, "subject": command.subject}), command)


@st.composite
def recorded(draw: st.DrawFn, kind: type[Fact]) -> Recorded:
    return Recorded(draw(a(FactMeta)).model_copy(update={"type": kind.type}), draw(a(kind)))


def _value(schema: dict[str, Any], known: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _value(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return st.one_of([_value(each, known) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _FORMS[schema["type"]](schema, known)


def _string(schema: dict[str, Any], _: dict[str, Any]) -> st.SearchStrategy[str]:
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 200)
    if "pattern" not in schema:
        return st.text(min_size=shortest, max_size=longest)
    # In Python a dollar also stands before a last line break.
    pattern = schema["pattern"].replace("$", r"\Z")
    return st.from_regex(pattern).filter(lambda text: shortest <= len(text) <= longest)


def _integer(schema: dict[str, Any], _: dict[str, Any]) -> st.SearchStrategy[int]:
    highest = schema.get("maximum", schema.get("exclusiveMaximum", 2**63) - 1)
    return st.integers(schema.get("minimum", -(2**63)), highest)


def _object(schema: dict[str, Any], known: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in schema:
        values = schema.get("additionalProperties", True)
        names = _value(schema["propertyNames"], known) if "propertyNames" in schema else TEXT
        return JSON_OBJECTS if values is True else st.dictionaries(names, _value(values, known), max_size=4)
    fields = {name: _value(field, known) for name, field in schema["properties"].items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )


def _array(schema: dict[str, Any], known: dict[str, Any]) -> st.SearchStrategy[list[Any]]:
    fewest = schema.get("minItems", 0)
    most = max(fewest, min(schema.get("maxItems", 4), 4))
    return st.lists(_value(schema["items"], known), min_size=fewest, max_size=most)


_FORMS = {
    "array": _array,
    "boolean": lambda _schema, _known: st.booleans(),
    "integer": _integer,
    "null": lambda _schema, _known: st.none(),
    "number": lambda _schema, _known: FLOATS,
    "object": _object,
    "string": _string,
}
