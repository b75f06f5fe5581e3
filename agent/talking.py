"""Small talk, in the character's own words where it has some, and what is said when nothing was understood."""

from collections.abc import Sequence
from itertools import pairwise

from msgspec.structs import replace

from agent.actions.action import Action
from agent.at import At, Said
from agent.characters.expanding import expand
from agent.teaching import UNSAID

MOST_SHOWN = 8


def talk(at: At, intent: str) -> Said:
    """Answer what is no request."""
    name = at.character.name
    match intent:
        case "talk.greet":
            told = _own(at) or f"Hello, I am {name}. Tell me what you need, or ask what I can do."
        case "talk.thank":
            told = _own(at) or "You are welcome."
        case "talk.part":
            told = _own(at) or "Goodbye. This conversation stays where it is."
        case "talk.who":
            bio = at.character.bio[0] if at.character.bio else "I answer for this service."
            told = f"I am {name}, a program and no person. {bio}"
        case "talk.help":
            told = _able(at)
        case _:
            told = _waits(at)
    return Said(told, at.dialogue)


def _waits(at: At) -> str:
    """Answer a yes or a no that is no plain one, or that nothing waits for."""
    if at.dialogue.doing is not None and at.dialogue.doing.proposed:
        return "Say just “yes” to have it done, or “no” to leave it."
    return "There is nothing that waits for a yes or a no. What shall I do?"


def forbidden(at: At, action: Action) -> Said:
    """Say why something is not done."""
    permission = action.right.permission
    told = f"You may not do that: {action.name} takes the permission {permission}. Ask for a role that gives it."
    return Said(told, at.dialogue)


def unclear(at: At, choices: Sequence[Action]) -> Said:
    """Ask which of some actions was meant (Rasa calls it the two-stage fallback), then offer a person."""
    dialogue = replace(at.dialogue, unclear=at.dialogue.unclear + 1, heard=at.text)
    if dialogue.unclear == 1 and choices:
        lines = [f"{n}. {action.description.rstrip('.')}" for n, action in enumerate(choices, 1)]
        told = "\n".join(["I am not sure what you mean. Is it one of these?", *lines, "If not, say it in other words."])
        return Said(told, replace(dialogue, offered=tuple(action.name for action in choices)))
    told = "I do not understand that. Say it in other words, ask what I can do, or ask for a person."
    return Said(told, replace(dialogue, offered=()))


def _able(at: At) -> str:
    said = (action for action in at.actions.values() if action.domain not in UNSAID)
    named = sorted(said, key=lambda action: (action.domain, action.kind, action.name))
    by_domain: dict[str, list[str]] = {}
    for action in named:
        by_domain.setdefault(action.domain, []).append(action.verb.replace("_", " "))
    lines = [f"- {domain}: {', '.join(dict.fromkeys(verbs))}" for domain, verbs in by_domain.items()]
    more = (
        "I also answer who changed something, when, why and what it was before, and I look things up in the documents."
    )
    return "\n".join(["For you I can do this, with your own rights:", *lines, more])


def _own(at: At) -> str | None:
    """Give what the character says in its own examples to the same words."""
    said = at.text.strip(" .!?").casefold()
    for example in at.character.message_examples:
        for first, second in pairwise(example):
            if first.text.strip(" .!?").casefold() == said and second.speaker == at.character.name:
                return expand(second.text, at.character.name)
    return None
