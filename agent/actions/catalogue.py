"""What the platform can do, as it says itself: commands from their classes, queries from the API document."""

import re
from typing import Any

from agent.actions.action import Action, Effect
from agent.actions.english import DESTROYING, VERBS
from agent.actions.sentence import first_sentence
from schemas.asking import as_the_door_takes_it
from schemas.message import Command, JsonObject
from schemas.rights import ASKED_WITH_BODY, QUERIES, RIGHTS

MACHINERY = ("cursor", "min-position")
"""Parameters of queries that no person says: the agent takes them from the answer before."""

_FIRST_PLACES = re.compile(r"(?:/\{(\w+)\})+")


def commands() -> list[Action]:
    """Give an action for each command that people ask as it is."""
    return [_command(command) for command in ASKED_WITH_BODY]


def queries(openapi: JsonObject) -> list[Action]:
    """Give an action for each query that answers JSON, as an OpenAPI document of the read door describes it."""
    return [
        _query(path, openapi["paths"][path]["get"], openapi.get("components", {}).get("schemas", {}))
        for path in QUERIES
        if _answers_json(openapi["paths"].get(path, {}).get("get", {}))
    ]


def name_of(path: str) -> str:
    """Name a query by its path: `/v1/resources` is `resource.list`, one of them `resource.read`, below it the rest."""
    first, *rest = path.removeprefix("/v1/").split("/")
    if not rest:
        return f"{singular(first)}.list"
    steps = zip(rest, [*rest[1:], ""], strict=True)
    words = [singular(word) if after.startswith("{") else word for word, after in steps if not word.startswith("{")]
    return f"{singular(first)}.{'_'.join(words) or 'read'}"


def singular(word: str) -> str:
    """Give the name of one of several: `resource` of `resources`."""
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")


def effect_of(verb: str) -> Effect:
    """Say what a verb does to what it is about: `revoke_sessions` destroys, for its first word does."""
    return "destroys" if verb.partition("_")[0] in DESTROYING else "changes"


def _command(command: type[Command]) -> Action:
    domain, _, verb = command.type.partition(".")
    parameters = command.model_json_schema()
    as_the_door_takes_it(command, parameters)
    return Action(
        name=command.type,
        kind="command",
        description=first_sentence(command.__doc__ or verb),
        parameters={key: parameters[key] for key in ("type", "properties", "required", "$defs") if key in parameters},
        subject=_subject(command),
        effect=effect_of(verb),
        right=RIGHTS[command],
        domain=domain,
        method="POST",
        path=f"/v1/commands/{command.type}",
        similes=VERBS[verb].similes if verb in VERBS else (),
    )


def _subject(command: type[Command]) -> str:
    """Find the field that names the subject: where each field holds its own name, the subject is the name of one."""
    return command.unchecked(**{name: name for name in command.model_fields}).subject


def _query(path: str, operation: JsonObject, schemas: JsonObject) -> Action:
    name = name_of(path)
    right, domain = QUERIES[path]
    said = [each for each in operation.get("parameters", ()) if _is_said(each)]
    verb = name.rpartition(".")[2]
    placed = _FIRST_PLACES.search(path)
    return Action(
        name=name,
        kind="query",
        description=operation.get("summary", name),
        parameters={
            "type": "object",
            "properties": {each["name"]: _described(each) for each in said},
            "required": [each["name"] for each in said if each.get("required")],
            "$defs": schemas,
        },
        subject=placed[1] if placed else None,
        effect="reads",
        right=right,
        domain=domain,
        method="GET",
        path=path,
        similes=VERBS[verb].similes if verb in VERBS else (),
    )


def _is_said(parameter: JsonObject) -> bool:
    return parameter["in"] in ("path", "query") and parameter["name"] not in MACHINERY


def _described(parameter: JsonObject) -> JsonObject:
    """Give a parameter's schema with what the document says beside it."""
    schema: JsonObject = {**parameter["schema"]}
    if "description" in parameter:
        schema["description"] = parameter["description"]
    if "example" in parameter:
        schema.setdefault("examples", [parameter["example"]])
    return schema


def _answers_json(operation: JsonObject) -> bool:
    content: dict[str, Any] = operation.get("responses", {}).get("200", {}).get("content", {})
    return "application/json" in content
