"""The model that helps the agent to understand, if one is configured."""

from collections.abc import Callable
from functools import partial

from agent.actions.plugin import load
from agent.model.budget import Budget
from agent.model.listening import Listening
from infra.settings import Settings, Unusable


def listening(settings: Settings) -> Listening | None:
    """Give what hears with the model of the settings; None without one. Raises Unusable, and PluginInvalid."""
    if not settings.agent_model_url:
        return None
    if not settings.agent_model:
        raise Unusable("No model is named: set ANNAL_AGENT_MODEL to one that ANNAL_AGENT_MODEL_URL has.")
    from agent.model.asking import Endpoint  # noqa: PLC0415 - it takes seconds, and most agents have no model

    key = settings.agent_model_key.get_secret_value() if settings.agent_model_key is not None else ""
    return Listening(
        model=Endpoint(settings.agent_model_url, settings.agent_model, key),
        seconds=settings.agent_model_timeout,
        budget=Budget(
            settings.agent_model_price_in,
            settings.agent_model_price_out,
            settings.agent_tokens_a_day,
            settings.agent_cost_a_day,
        ),
        providers=[provider for plugin in load(settings.agent_plugins) for provider in plugin.providers],
    )


def another(settings: Settings, name: str | None) -> Callable[[], Listening | None]:
    """Let another model of the same endpoint hear, whatever a person may spend; none without a name. Raises Unusable.

    It hears what the log has: plugins, which may ask anybody, tell it nothing.
    """
    if name is not None and not settings.agent_model_url:
        raise Unusable(f"It is not known where {name} is: set ANNAL_AGENT_MODEL_URL to an endpoint that has it.")
    said = {"agent_model": name, "agent_plugins": (), "agent_tokens_a_day": 0, "agent_cost_a_day": 0}
    return partial(listening, settings.model_copy(update=said if name is not None else {"agent_model_url": ""}))
