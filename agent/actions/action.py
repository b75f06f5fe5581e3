"""An action: one thing that the agent can do for a person, with what it takes and who may have it done."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from infra.auth import Caller
from schemas.message import JsonObject
from schemas.rights import Right

Effect = Literal["reads", "changes", "destroys"]

Handler = Callable[..., Awaitable[Any]]
"""What a plugin's action runs: it is given the turn, and the parameters by name."""


@dataclass(frozen=True, slots=True)
class Action:
    """What can be done, as the platform says it.

    `name` is the command's type, or `<what>.<how>` for a query. `parameters` is a JSON Schema of an object; `subject`
    is the one of them that names what the action is about, if one does. `examples` are sentences that ask for it,
    `similes` other words for it. `method` and `path` are the door's; an action of a plugin has a `handler` instead.
    """

    name: str
    kind: Literal["command", "query"]
    description: str
    parameters: JsonObject
    subject: str | None
    effect: Effect
    right: Right
    domain: str
    method: str = ""
    path: str = ""
    examples: tuple[str, ...] = ()
    similes: tuple[str, ...] = ()
    handler: Handler | None = None

    @property
    def verb(self) -> str:
        """How it is done, as the name ends: `rename` of `resource.rename`."""
        return self.name.rpartition(".")[2]

    @property
    def noun(self) -> str:
        """What it is done to, as the name begins: `resource` of `resource.rename`."""
        return self.name.partition(".")[0]

    @property
    def properties(self) -> dict[str, JsonObject]:
        """Give the JSON Schema of each parameter as it is written, references and all."""
        found: dict[str, JsonObject] = self.parameters.get("properties", {})
        return found

    @property
    def required(self) -> tuple[str, ...]:
        """Give the parameters that it cannot do without, in their order."""
        wanted = self.parameters.get("required", ())
        return tuple(name for name in self.properties if name in wanted)

    def schema(self, parameter: str) -> JsonObject:
        """Give the JSON Schema of a parameter's value: what it refers to stands in it, and null is left out."""
        return plain(self.properties[parameter], self.parameters.get("$defs", {}))


def plain(schema: JsonObject, definitions: JsonObject) -> JsonObject:
    """Give a JSON Schema with its reference resolved and without the alternative that it be null."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]] | {k: v for k, v in schema.items() if k != "$ref"}
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) != 1:
        return schema
    return plain(choices[0] | {key: value for key, value in schema.items() if key != "anyOf"}, definitions)


def offered(actions: Iterable[Action], caller: Caller) -> list[Action]:
    """Give the actions that a caller may ask for, be it for what is the caller's own only."""
    return [action for action in actions if _may(caller, action)]


def _may(caller: Caller, action: Action) -> bool:
    permission, own, _ = action.right
    return permission is None or caller.may(permission) or (own and caller.may(f"{action.domain}:own"))
