"""What may be done with a kind."""

from collections.abc import Callable

import pytest

from commands.effort import bearable_levels
from schemas.kind import INVOICE, DefineKind, KindDefined
from schemas.message import JsonObject
from tests.given import given

NOTE: JsonObject = {"type": "object", "properties": {"text": {"type": "string"}}}
PROSE: JsonObject = {"type": "object", "properties": {"text": {"type": "string", "minLength": 1}}}

defined = KindDefined(kind_version=1, json_schema=NOTE, description="A note.", owner="alice")


def define(schema: JsonObject = NOTE, description: str = "A note.") -> DefineKind:
    return DefineKind(kind="note", json_schema=schema, description=description)


def test_who_defines_a_kind_owns_it() -> None:
    given().when(define()).then(defined)


def test_another_schema_is_the_next_version() -> None:
    again = KindDefined(kind_version=2, json_schema=PROSE, description="A note.", owner="alice")
    given(defined).when(define(PROSE)).then(again)


def test_another_description_is_the_next_version() -> None:
    again = KindDefined(kind_version=2, json_schema=NOTE, description="Notes.", owner="alice")
    given(defined).when(define(description="Notes.")).then(again)


def test_an_earlier_definition_may_come_back_as_a_new_version() -> None:
    second = KindDefined(kind_version=2, json_schema=PROSE, description="A note.", owner="alice")
    given(defined, second).when(define()).then(defined.model_copy(update={"kind_version": 3}))


def test_the_same_definition_adds_nothing() -> None:
    given(defined).when(define()).quiet()


def test_the_order_of_members_makes_no_new_version() -> None:
    given(defined).when(define({"properties": {"text": {"type": "string"}}, "type": "object"})).quiet()


def test_true_is_not_one() -> None:
    one, true = ({"properties": {"text": {"const": value}}} for value in (1, True))
    first = KindDefined(kind_version=1, json_schema=one, description="", owner="alice")
    given(first).when(define(true, "")).then(first.model_copy(update={"kind_version": 2, "json_schema": true}))


def test_only_who_defined_a_kind_defines_it_again() -> None:
    given(defined).when(define(PROSE), by="bob").refused("kind_not_yours")


def test_the_same_definition_by_another_is_refused_too() -> None:
    given(defined).when(define(), by="bob").refused("kind_not_yours")


@pytest.mark.parametrize(
    "schema",
    [
        {},
        INVOICE,
        {"type": ["object", "null"]},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/note"},
        {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}},
        {"$defs": {"a/b c": {}}, "additionalProperties": {"$ref": "#/$defs/a~1b%20c"}},
        {"properties": {"$ref": {"type": "string"}}},
        {"const": {"$ref": "https://example.com/schema"}},
    ],
)
def test_what_an_object_can_satisfy_may_define_a_kind(schema: JsonObject) -> None:
    given().when(define(schema, "")).then(
        KindDefined(kind_version=1, json_schema=schema, description="", owner="alice")
    )


@pytest.mark.parametrize(
    ("schema", "saying"),
    [
        ({"type": "objekt"}, "at /type"),
        ({"properties": {"text": {"pattern": "("}}}, "at /properties/text/pattern"),
        ({"properties": {"text": {"pattern": "(?=a)b"}}}, "regex"),
        ({"type": "string"}, "`type`"),
        ({"type": ["string", "null"]}, "`type`"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "draft"),
        ({"$schema": "http://127.0.0.1:9/schema"}, "draft"),
        ({"$ref": "#/$defs/nothing"}, "does not exist"),
        ({"$ref": "http://127.0.0.1:9/schema"}, "Retrieval is disabled"),
        ({"properties": {"text": {"$ref": "http://127.0.0.1:9/schema"}}}, "Retrieval is disabled"),
        ({"$defs": {"a": {"$anchor": "b"}}, "$ref": "#b"}, "refer to"),
        ({"$dynamicAnchor": "b", "properties": {"text": {"$dynamicRef": "#b"}}}, "$dynamicRef"),
    ],
)
def test_what_is_no_definition_is_refused(schema: JsonObject, saying: str) -> None:
    given().when(define(schema, "")).refused("kind_invalid", saying)


def test_a_definition_is_at_most_64_kilobytes() -> None:
    given().when(define({"title": "é" * 32_762}, "")).then(
        KindDefined(kind_version=1, json_schema={"title": "é" * 32_762}, description="", owner="alice")
    )
    given().when(define({"title": "é" * 32_763}, "")).refused("kind_too_large", "65538")


def doubling(times: int, link: Callable[[JsonObject], JsonObject]) -> JsonObject:
    links = {f"d{n}": link({"$ref": f"#/$defs/d{n + 1}"}) for n in range(times)}
    return {"$defs": {**links, f"d{times}": {}}, "$ref": "#/$defs/d0"}


@pytest.mark.parametrize(
    "link",
    [
        lambda ref: {"allOf": [ref, ref]},
        lambda ref: {"anyOf": [ref, ref]},
        lambda ref: {"oneOf": [ref], "not": ref},
        lambda ref: {"if": ref, "then": ref},
        lambda ref: {"if": ref, "else": ref},
        lambda ref: {"dependentSchemas": {"a": ref, "b": ref}},
        lambda ref: {"dependencies": {"a": ref, "b": ref}},
        lambda ref: {**ref, "unevaluatedProperties": False},
    ],
    ids=["allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas", "dependencies", "unevaluatedProperties"],
)
def test_references_multiply_a_little_but_not_without_end(link: Callable[[JsonObject], JsonObject]) -> None:
    few, many = doubling(8, link), doubling(20, link)
    given().when(define(few, "")).then(KindDefined(kind_version=1, json_schema=few, description="", owner="alice"))
    given().when(define(many, "")).refused("kind_invalid", "circle")


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(2000)} | {"d2000": {}}, "$ref": "#/$defs/d0"},
    ],
)
def test_references_in_a_circle_or_in_a_long_row_are_refused(schema: JsonObject) -> None:
    given().when(define(schema, "")).refused("kind_invalid", "circle")


LINKED = {"$ref": "#/$defs/json"}
JSON: JsonObject = {
    "$defs": {"json": {"anyOf": [{"type": "string"}, {"items": LINKED}, {"additionalProperties": LINKED}]}},
    "additionalProperties": LINKED,
}
BLOCKS: JsonObject = {"anyOf": [{"properties": {"type": {"const": n}, "in": {"items": {"$ref": "#"}}}} for n in "ab"]}


@pytest.mark.parametrize(
    ("schema", "levels"),
    [
        (INVOICE, 32),
        (JSON, 32),
        ({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}, 32),
        (
            {"properties": {"a": {"$ref": "#"}}, "additionalProperties": {"$ref": "#"}, "patternProperties": {"b": {}}},
            10,
        ),
        ({"prefixItems": [{"$ref": "#"}, {"$ref": "#"}], "contains": {"$ref": "#"}}, 11),
        (BLOCKS, 19),
    ],
)
def test_the_more_a_definition_multiplies_the_fewer_levels_it_allows(schema: JsonObject, levels: int) -> None:
    assert bearable_levels(schema) == levels
