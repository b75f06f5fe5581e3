"""Plugins: what others bring, and what is said of one that cannot be used."""

import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

from agent.actions.plugin import Plugin, PluginInvalid, Provided, action, evaluator, load, provider
from schemas.rights import Right


@action("weather.look_up", permission=None, effect="reads", similes=("forecast",), examples=("will it rain in Rome?",))
async def look_up(turn: Any, city: str, day: date | None = None, unit: Literal["C", "F"] = "C") -> str:
    """Say what the weather will be. It asks nobody."""
    return f"{turn} {city} {day!r} {unit}"


@provider("weather.here", permission="weather:read")
async def here(turn: Any) -> Provided:
    """Say what the weather is where the person is."""
    return Provided(text=f"It rains on {turn}.", values={"weather": "rain"})


@evaluator("weather.complaints")
async def complaints(turn: Any) -> None:
    """Count complaints about the weather."""


def module(name: str = "weather", **parts: Any) -> ModuleType:
    made = ModuleType(name, "Weather. And more.")
    vars(made).update(parts)
    return made


# ── actions ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_function_is_an_action() -> None:
    assert (look_up.name, look_up.domain, look_up.kind, look_up.effect) == (
        "weather.look_up",
        "weather",
        "query",
        "reads",
    )
    assert look_up.description == "Say what the weather will be."
    assert look_up.required == ("city",)
    assert look_up.schema("day")["format"] == "date"
    assert look_up.schema("unit")["enum"] == ["C", "F"]
    assert look_up.right == Right(None)


async def test_the_function_gets_values_of_its_types() -> None:
    assert look_up.handler is not None
    assert await look_up.handler("today", city="Rome", day="2026-01-05") == "today Rome datetime.date(2026, 1, 5) C"


async def test_a_value_that_is_no_parameter_is_refused() -> None:
    assert look_up.handler is not None
    with pytest.raises(ValueError, match="country"):
        await look_up.handler("today", city="Rome", country="Italy")


async def test_parameters_may_be_a_schema() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

    @action("weather.warn", permission="weather:warn", parameters=schema, subject="city", description="Warn of it.")
    async def warn(turn: Any, **values: Any) -> Any:
        return turn, values

    assert (warn.parameters, warn.subject, warn.effect, warn.kind) == (schema, "city", "changes", "command")
    assert warn.handler is not None
    assert await warn.handler("now", city="Rome") == ("now", {"city": "Rome"})


async def _documented(turn: Any) -> None:
    """Do it."""


async def _silent(turn: Any) -> None: ...


async def _alone() -> None:
    """Do it."""


async def _untyped(turn: Any, city) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - that is what is wrong with it
    """Do it."""


def _not_async(turn: Any) -> None:
    """Do it."""


@pytest.mark.parametrize(
    ("function", "arguments", "told"),
    [
        (_documented, {"name": "Weather"}, "let it be <what>.<how>"),
        (_documented, {"name": "resource.rename"}, "has the name of a command"),
        (_documented, {"permission": "everything"}, "write it <domain>:<action>"),
        (_documented, {"subject": "city"}, "name one that is"),
        (_documented, {"parameters": {"type": "string"}}, "no JSON Schema of an object"),
        (_documented, {"parameters": {"type": "object", "properties": 1}}, "no JSON Schema of an object"),
        (_silent, {}, "give it a docstring"),
        (_alone, {}, "let its first parameter be the turn"),
        (_untyped, {}, "annotate it"),
        (_not_async, {}, "`async def`"),
    ],
)
def test_a_bad_action_is_told_what_to_do(function: Any, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(PluginInvalid, match=told):
        action(**{"name": "weather.do", "permission": None, **arguments})(function)


# ── providers and evaluators ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_provider_adds_to_the_context() -> None:
    assert (here.name, here.permission) == ("weather.here", "weather:read")
    assert (await here.get("Monday")).text == "It rains on Monday."


def test_an_evaluator_is_called_after_the_turn() -> None:
    assert (complaints.name, complaints.description) == ("weather.complaints", "Count complaints about the weather.")


# ── loading ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_plugin_is_what_its_module_has() -> None:
    plugin = Plugin.of(module(one=look_up, two=here, three=complaints, again=look_up, other="text"))
    assert plugin == Plugin("weather", "Weather.", (look_up,), (here,), (complaints,))


def test_the_plugin_of_the_guide_is_one() -> None:
    guide = Path("docs/actions.md").read_text()
    written = module("weather")
    exec(guide.split("```python\n")[1].split("```")[0], vars(written))  # noqa: S102 - our own guide
    plugin = Plugin.of(written)
    assert [part.name for part in plugin.actions] == ["weather.look_up"]
    assert plugin.names() == ["weather.look_up", "weather.here", "weather.complaints"]


def test_a_module_without_parts_is_no_plugin() -> None:
    with pytest.raises(PluginInvalid, match="@provider"):
        Plugin.of(module())


def test_plugins_are_loaded_in_the_order_of_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weather_a", module("weather_a", one=look_up))
    monkeypatch.setitem(sys.modules, "weather_b", module("weather_b", one=here))
    assert [plugin.name for plugin in load(["weather_b", "weather_a"])] == ["weather_b", "weather_a"]


def test_one_name_stands_for_one_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("weather_a", "weather_b"):
        monkeypatch.setitem(sys.modules, name, module(name, one=look_up))
    with pytest.raises(PluginInvalid, match="weather_a and weather_b"):
        load(["weather_a", "weather_b"])


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(PluginInvalid, match="install the plugin no_such_plugin"):
        load(["no_such_plugin"])
