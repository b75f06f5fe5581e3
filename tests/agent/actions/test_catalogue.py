"""What the platform can do, as it says itself."""

import jsonschema_rs
import pytest

from agent.actions.catalogue import commands, effect_of, name_of, queries, singular
from schemas.message import JsonObject
from schemas.rights import ASKED_WITH_BODY, QUERIES, RIGHTS, Right
from tests.agent.actions.catalogue import everything

COMMANDS = {action.name: action for action in commands()}


def document(path: str, *parameters: JsonObject, media_type: str = "application/json") -> JsonObject:
    answer = {"200": {"content": {media_type: {"schema": {"type": "object"}}}}}
    return {"paths": {path: {"get": {"summary": "Find things", "parameters": list(parameters), "responses": answer}}}}


# ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_command_that_people_ask_is_an_action() -> None:
    assert list(COMMANDS) == [command.type for command in ASKED_WITH_BODY]


def test_a_command_is_described_by_its_class() -> None:
    rename = COMMANDS["resource.rename"]
    assert rename.description == "Call a resource by another name."
    assert rename.subject == "resource_id"
    assert rename.required == ("resource_id", "name")
    assert rename.schema("name")["description"] == "What people call the resource."
    assert (rename.method, rename.path) == ("POST", "/v1/commands/resource.rename")
    assert rename.right == Right("resource:rename")
    assert "call" in rename.similes


def test_only_the_first_sentence_describes() -> None:
    assert COMMANDS["resource.revert"].description.endswith("one of the newest 100.")


def test_what_the_door_fills_in_is_no_parameter() -> None:
    assert not [action.name for action in COMMANDS.values() if "kind_position" in action.properties]


def test_what_the_door_names_need_not_be_named() -> None:
    assert COMMANDS["resource.register"].required == ("kind", "name", "attributes")
    assert COMMANDS["account.open_service"].required == ("name",)


def test_every_subject_is_a_parameter() -> None:
    assert not [action.name for action in COMMANDS.values() if action.subject not in action.properties]


def test_every_schema_is_one() -> None:
    assert all(jsonschema_rs.meta.is_valid(action.parameters) for action in COMMANDS.values())


def test_a_command_has_the_right_that_the_door_asks_for() -> None:
    assert {action.name: action.right for action in COMMANDS.values()} == {
        command.type: RIGHTS[command] for command in ASKED_WITH_BODY
    }


@pytest.mark.parametrize(
    ("verb", "effect"),
    [
        ("trash", "destroys"),
        ("erase", "destroys"),
        ("revoke_sessions", "destroys"),
        ("rename", "changes"),
        ("restore", "changes"),
    ],
)
def test_some_verbs_destroy(verb: str, effect: str) -> None:
    assert effect_of(verb) == effect


# ── queries ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/resources", "resource.list"),
        ("/v1/resources/{resource_id}", "resource.read"),
        ("/v1/resources/{resource_id}/history", "resource.history"),
        ("/v1/accounts/me", "account.me"),
        ("/v1/kinds/{kind}/versions/{version}", "kind.version"),
        ("/v1/audit", "audit.list"),
        ("/v1/audit/commands/{command_id}", "audit.command"),
        ("/v1/audit/subjects/{domain}/{subject}", "audit.subject"),
        ("/v1/audit/subjects/{domain}/{subject}/diff", "audit.subject_diff"),
        ("/v1/entries/{entry_id}", "entry.read"),
    ],
)
def test_a_query_is_named_by_its_path(path: str, name: str) -> None:
    assert name_of(path) == name


def test_no_two_queries_have_one_name() -> None:
    assert len({name_of(path) for path in QUERIES}) == len(QUERIES)


@pytest.mark.parametrize(("word", "one"), [("resources", "resource"), ("entries", "entry"), ("audit", "audit")])
def test_one_of_several_is_named(word: str, one: str) -> None:
    assert singular(word) == one


def test_a_query_has_the_parameters_that_people_say() -> None:
    kind = {"name": "kind", "in": "query", "description": "Of this kind.", "schema": {"type": "string"}}
    cursor = {"name": "cursor", "in": "query", "schema": {"type": "string"}}
    prefer = {"name": "Prefer", "in": "header", "schema": {"type": "string"}}
    (found,) = queries(document("/v1/resources", kind, cursor, prefer))
    assert found.properties == {"kind": {"type": "string", "description": "Of this kind."}}
    assert (found.name, found.description, found.effect, found.subject) == (
        "resource.list",
        "Find things",
        "reads",
        None,
    )


def test_a_query_about_one_thing_has_it_as_its_subject() -> None:
    placed = {
        "name": "resource_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "example": "invoice-7",
    }
    (found,) = queries(document("/v1/resources/{resource_id}", placed))
    assert (found.subject, found.required) == ("resource_id", ("resource_id",))
    assert found.schema("resource_id")["examples"] == ["invoice-7"]


def test_what_answers_no_json_is_no_action() -> None:
    assert queries(document("/v1/facts", media_type="text/event-stream")) == []


def test_what_is_no_query_is_no_action() -> None:
    assert queries(document("/healthz")) == []


def test_the_doors_own_document_gives_actions() -> None:
    actions = everything()
    assert {"resource.list", "resource.read", "resource.changes", "audit.subject_diff", "account.me"} <= actions.keys()
    assert {"fact.list", "audit.export"}.isdisjoint(actions)
    assert "cursor" not in actions["resource.list"].properties
    assert actions["resource.changes"].required == ("resource_id", "field")
