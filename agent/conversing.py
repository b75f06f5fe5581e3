"""What follows on a move: a question for what lacks, a deed, an answer, or the thread that was left."""

import asyncio
import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from agent import acting, history, memory, querying, talking
from agent.actions.action import Action
from agent.at import At, Said
from agent.dialogue import Doing
from agent.knowledge.answering import answer as look_up
from agent.moves import Agree, Begin, Cancel, Correct, Fill, Forbidden, Heard, Talk, Unclear
from agent.slots import Thing, question

_QUESTION = re.compile(r"\?\s*$|^\W*(?:what|how|where|when|why|which|who|is|are|does|do|can|may)\b", re.IGNORECASE)

PLUGIN_PATIENCE = 10.0
"""Seconds that an action of a plugin may take: others wait behind it."""


async def follow(at: At, heard: Heard) -> Said:  # noqa: PLR0911 - one line for each move
    """Do what a message asks for. Raises Problem."""
    match heard.move:
        case Begin(action=name, values=values):
            return await _go_on(_turned(at, name), at.actions[name], dict(values))
        case Fill(values=values) | Correct(values=values) if at.dialogue.doing is not None:
            doing = at.dialogue.doing
            return await _go_on(at, at.actions[doing.action], {**doing.values, **values})
        case Agree(approved=approved):
            return _with_thread(at, await acting.consent(at, approved=approved, noted=False))
        case Cancel():
            return await _cancel(at)
        case Forbidden(action=name):
            return talking.forbidden(at, at.forbidden[name])
        case Talk(intent=intent):
            return await _talk(at, intent, heard.text)
        case Unclear(choices=choices):
            return await _unclear(at, [at.actions[name] for name in choices])
        case _:
            return talking.unclear(at, ())


async def _unclear(at: At, choices: Sequence[Action]) -> Said:
    """Answer from documents what they answer; else ask what was meant."""
    if _QUESTION.search(at.text):
        said = await look_up(at)
        if said.citations:
            return said
    return talking.unclear(at, choices)


def _turned(at: At, name: str) -> At:
    """Leave what is being done for another action; it comes back when that is done."""
    doing = at.dialogue.doing
    if doing is None or doing.action == name:
        return at
    return dataclasses.replace(at, dialogue=at.dialogue.begin(Doing(name, {})))


async def _go_on(at: At, action: Action, values: dict[str, Any]) -> Said:
    """Do it if all is known that it takes, else ask for the next thing that lacks."""
    found = at.filled(action)
    ambiguous = {name: each for name, each in found.ambiguous.items() if name not in values}
    invalid = {name: told for name, told in found.invalid.items() if name not in values}
    missing = [name for name in action.required if name not in values and name != _made(action)]
    if ambiguous:
        return _choose(at, action, values, ambiguous)
    if invalid:
        name, told = next(iter(invalid.items()))
        doing = Doing(action.name, values, asked=name, unsaid=acting.unsaid(at, action))
        return Said(f"{told} {question(action, name)}", at.dialogue.begin(doing))
    if missing:
        doing = Doing(action.name, values, asked=missing[0], unsaid=acting.unsaid(at, action))
        return Said(question(action, missing[0]), at.dialogue.begin(doing))
    if action.handler is not None:
        return await _run(at, action, values)
    if action.kind == "query":
        return _with_thread(at, await querying.query(at, action, values))
    return _with_thread(at, await acting.do(at, action, values))


def _made(action: Action) -> str | None:
    """The parameter that names what is made: of its own accord it gets a new name."""
    return action.subject if action.subject not in action.required else None


def _choose(at: At, action: Action, values: dict[str, Any], ambiguous: Mapping[str, tuple[Thing | str, ...]]) -> Said:
    name, choices = next(iter(ambiguous.items()))
    things = tuple(each for each in choices if isinstance(each, Thing))
    lines = [f"{n}. {_called(each)}" for n, each in enumerate(choices, 1)]
    doing = Doing(action.name, values, asked=name, choices=things, unsaid=acting.unsaid(at, action))
    return Said("\n".join(["Which one do you mean?", *lines]), at.dialogue.begin(doing))


def _called(choice: Thing | str) -> str:
    if isinstance(choice, str):
        return choice
    return f"{choice.id}: {choice.name}" if choice.name and choice.name != choice.id else choice.id


async def _run(at: At, action: Action, values: Mapping[str, Any]) -> Said:
    """Have a plugin do its action."""
    assert action.handler is not None  # noqa: S101 - the caller looked
    # It records nothing by itself, so nothing else would keep it from acting in a conversation that was taken over.
    await at.recording.learn()
    async with asyncio.timeout(PLUGIN_PATIENCE):
        result = await action.handler(at, **values)
    return Said(str(result), at.dialogue.end(Doing(action.name, dict(values))))


async def _cancel(at: At) -> Said:
    doing = at.dialogue.doing
    if doing is None:
        return Said("There is nothing to cancel.", at.dialogue)
    if doing.proposed and at.conversation["proposal"] is not None:
        return _with_thread(at, await acting.consent(at, approved=False, noted=False))
    return _with_thread(at, Said(f"All right, I leave {doing.action} as it is.", at.dialogue.end()))


def _with_thread(at: At, said: Said) -> Said:
    """Take up again what was left for this."""
    doing = said.dialogue.doing
    action = at.actions.get(doing.action) if doing is not None else None
    if doing is None or action is None or doing == at.dialogue.doing or doing not in at.dialogue.suspended:
        return said
    if not (doing.asked or doing.proposed):
        return said
    asked = "Shall I do this? (yes / no)" if doing.proposed else question(action, doing.asked)
    return dataclasses.replace(said, text=f"{said.text}\n\nBack to {doing.action}: {asked}")


async def _talk(at: At, intent: str, text: str) -> Said:  # noqa: PLR0911 - one line for each intent
    if text:
        return Said(text, replace(at.dialogue, unclear=0))
    match intent.partition("."):
        case ("history", _, _):
            return await history.answer(at, intent)
        case ("knowledge", _, _):
            return await look_up(at)
        case (_, _, "remember"):
            return await memory.remember(at)
        case (_, _, "recall"):
            return await memory.recall(at)
        case (_, _, "forget"):
            return await memory.forget(at)
        case (_, _, "handover"):
            told = "I have asked for a person. Until one takes over, you can go on with me."
            return Said(told, replace(at.dialogue, unclear=0), handover=True)
        case _:
            said = talking.talk(at, intent)
            return Said(said.text, replace(said.dialogue, unclear=0))
