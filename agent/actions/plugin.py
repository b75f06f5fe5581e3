"""Plugins: actions, providers and evaluators that others write, in the words that ElizaOS has for their parts.

A plugin is a module. Each function in it that carries a decorator of this file is a part of the plugin, and the
setting that names the module is all there is to installing it.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from inspect import Parameter, iscoroutinefunction, signature
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import jsonschema_rs
from pydantic import BaseModel, ConfigDict, PydanticUserError, create_model

from agent.actions.action import Action, Effect, Handler
from agent.actions.sentence import first_sentence
from schemas.domains import COMMANDS
from schemas.message import JsonObject
from schemas.rights import Right

_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_PERMISSION = re.compile(r"[a-z]+:[a-z_]+")


class PluginInvalid(Exception):  # noqa: N818 - the sentence is for whoever wrote the plugin, at the terminal
    """A plugin cannot be used as it is; the message says what to do about it."""

    code = "plugin_invalid"


class Provided(NamedTuple):
    """What a provider knows: in words, as values by name, and as data that no person reads."""

    text: str = ""
    values: JsonObject = {}  # noqa: RUF012 - nobody changes what a tuple holds
    data: JsonObject = {}  # noqa: RUF012 - likewise


@dataclass(frozen=True, slots=True)
class Provider:
    """What adds to the context of a turn. `get` is given the turn, and changes nothing."""

    name: str
    description: str
    get: Callable[[Any], Awaitable[Provided]]
    permission: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluator:
    """What looks at a turn after it is over. `handler` is given the turn."""

    name: str
    description: str
    handler: Callable[[Any], Awaitable[None]]
    similes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    permission: str | None = None


@dataclass(frozen=True, slots=True)
class Plugin:
    """What one module brings."""

    name: str
    description: str
    actions: tuple[Action, ...] = ()
    providers: tuple[Provider, ...] = ()
    evaluators: tuple[Evaluator, ...] = ()

    @classmethod
    def of(cls, module: ModuleType) -> "Plugin":
        """Collect the parts that are made in a module. Raises PluginInvalid if there is none."""
        plugin = cls(
            module.__name__,
            first_sentence(module.__doc__ or ""),
            _parts(module, Action),
            _parts(module, Provider),
            _parts(module, Evaluator),
        )
        if not (plugin.actions or plugin.providers or plugin.evaluators):
            raise PluginInvalid(
                f"The module {module.__name__} has no parts of a plugin; decorate a function of it with @action, "
                "@provider or @evaluator, or take it out of the setting."
            )
        return plugin

    def names(self) -> list[str]:
        """Give the names of all parts."""
        return [
            *(action.name for action in self.actions),
            *(provider.name for provider in self.providers),
            *(evaluator.name for evaluator in self.evaluators),
        ]


def action(  # noqa: PLR0913 - the parts that an action has
    name: str,
    *,
    permission: str | None,
    effect: Effect = "changes",
    description: str = "",
    similes: Iterable[str] = (),
    examples: Iterable[str] = (),
    parameters: JsonObject | None = None,
    subject: str | None = None,
) -> Callable[[Handler], Action]:
    """Make an action of an async function, which is given the turn and then the parameters by name.

    `name` is `<what>.<how>`. Who lacks `permission` is not offered it; None offers it to all. Without `description` it
    is the docstring's first sentence, and without `parameters`, a JSON Schema, they are those of the function, by its
    annotations. Raises PluginInvalid.
    """

    def made(handler: Handler) -> Action:
        _check(name, handler, permission)
        if name in COMMANDS:
            raise PluginInvalid(f"The action {name} has the name of a command; give it another.")
        if effect == "destroys":
            raise PluginInvalid(
                f"The action {name} destroys something, and nothing would keep it from doing so twice; let it ask a "
                "command of a domain, which is confirmed and recorded before it is done."
            )
        schema, run = (parameters, handler) if parameters is not None else _parameters(name, handler)
        _check_schema(name, schema, subject)
        domain = name.partition(".")[0]
        return Action(
            name=name,
            kind="query" if effect == "reads" else "command",
            description=_description(name, description, handler),
            parameters=schema,
            subject=subject,
            effect=effect,
            right=Right(permission),
            domain=domain,
            examples=tuple(examples),
            similes=tuple(similes),
            handler=run,
        )

    return made


def provider(
    name: str, *, permission: str | None = None, description: str = ""
) -> Callable[[Callable[[Any], Awaitable[Provided]]], Provider]:
    """Make a provider of an async function, which is given the turn. Raises PluginInvalid."""

    def made(get: Callable[[Any], Awaitable[Provided]]) -> Provider:
        _check(name, get, permission)
        return Provider(name, _description(name, description, get), get, permission)

    return made


def evaluator(
    name: str,
    *,
    permission: str | None = None,
    description: str = "",
    similes: Iterable[str] = (),
    examples: Iterable[str] = (),
) -> Callable[[Callable[[Any], Awaitable[None]]], Evaluator]:
    """Make an evaluator of an async function, which is given the turn once it is over. Raises PluginInvalid."""

    def made(handler: Callable[[Any], Awaitable[None]]) -> Evaluator:
        _check(name, handler, permission)
        said = _description(name, description, handler)
        return Evaluator(name, said, handler, tuple(similes), tuple(examples), permission)

    return made


def load(module_names: Sequence[str]) -> list[Plugin]:
    """Import the modules that a setting names, in their order. Raises PluginInvalid."""
    plugins = [Plugin.of(_imported(name)) for name in module_names]
    seen: dict[str, str] = {}
    for plugin in plugins:
        for name in plugin.names():
            if name in seen:
                where = f"{seen[name]} and {plugin.name}"
                raise PluginInvalid(f"The name {name} stands in {where}; give one of them another.")
            seen[name] = plugin.name
    return plugins


def _imported(name: str) -> ModuleType:
    try:
        return import_module(name)
    except PluginInvalid as error:
        raise PluginInvalid(f"{name}: {error}") from error
    except ModuleNotFoundError as error:
        raise PluginInvalid(f"There is no module {error.name}; install the plugin {name}, or take it out.") from error
    except Exception as error:
        raise PluginInvalid(f"The plugin {name} cannot be imported: {type(error).__name__}: {error}.") from error


Part = TypeVar("Part", Action, Provider, Evaluator)


def _parts(module: ModuleType, kind: type[Part]) -> tuple[Part, ...]:
    """Give what a module's names stand for; a part that has two names is one part."""
    found = {id(value): value for value in vars(module).values() if isinstance(value, kind)}
    return tuple(found.values())


def _check(name: str, function: Callable[..., Any], permission: str | None) -> None:
    if _NAME.fullmatch(name) is None:
        raise PluginInvalid(
            f"The name {name!r} is none; let it be <what>.<how> in lower case, such as weather.look_up."
        )
    if not iscoroutinefunction(function):
        raise PluginInvalid(f"The function of {name} is not async; write it with `async def`.")
    if not signature(function).parameters:
        raise PluginInvalid(f"The function of {name} takes nothing; let its first parameter be the turn.")
    if permission is not None and _PERMISSION.fullmatch(permission) is None:
        raise PluginInvalid(f"The permission {permission!r} of {name} is none; write it <domain>:<action>.")


def _description(name: str, given: str, function: Callable[..., Any]) -> str:
    said = given or first_sentence(function.__doc__ or "")
    if not said:
        raise PluginInvalid(f"Nothing says what {name} does; give it a docstring or a description.")
    return said


def _check_schema(name: str, schema: JsonObject, subject: str | None) -> None:
    if not jsonschema_rs.meta.is_valid(schema) or schema.get("type") != "object":
        raise PluginInvalid(f"The parameters of {name} are no JSON Schema of an object; correct them.")
    if subject is not None and subject not in schema.get("properties", {}):
        raise PluginInvalid(f"The subject of {name} is no parameter of it: {subject}; name one that is.")


def _parameters(name: str, function: Handler) -> tuple[JsonObject, Handler]:
    """Read a function's parameters by its annotations; the function then gets values of just these types."""
    _, *rest = signature(function, eval_str=True).parameters.values()
    for each in rest:
        if each.annotation is Parameter.empty or each.kind not in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY):
            raise PluginInvalid(f"The parameter {each.name} of {name} has no type; annotate it, or give parameters=.")
    fields: dict[str, Any] = {
        each.name: (each.annotation, ... if each.default is Parameter.empty else each.default) for each in rest
    }
    try:
        model = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
        schema = model.model_json_schema()
    except PydanticUserError as error:
        raise PluginInvalid(f"The types of {name} cannot be said in JSON Schema: {error.message}.") from error
    return schema, _typed(function, model)


def _typed(function: Handler, model: type[BaseModel]) -> Handler:
    async def run(turn: Any, **values: Any) -> Any:
        read = model.model_validate(values)
        return await function(turn, **{name: getattr(read, name) for name in model.model_fields})

    return run
