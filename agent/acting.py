"""Doing what a person wants: their command goes through the doors in their name, confirmed first where that is due.

Nothing is said to be done but what the outcome says; the words are made of the command's own fields and its facts.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from agent.actions.action import Action
from agent.at import At, Said
from agent.dialogue import Doing
from agent.doors import Answer, path_of
from agent.recording import fingerprint
from agent.slots import Thing, card
from schemas.asking import named
from schemas.conversation import DOMAIN, Consent, NoteConsent, PostCommand, Propose, Receipt
from schemas.message import JsonObject

GIVING = frozenset({"share", "transfer", "give_role", "define", "take_over", "reinstate", "suspend"})
"""Verbs after which others may do more than before, or what cannot be taken back: they are confirmed, too."""

_CHANCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

SPOKEN_OF = frozenset({"resource", "kind", "character"})
"""Domains whose subjects people call `it`."""


async def do(at: At, action: Action, values: JsonObject) -> Said:
    """Do it, or propose it where it must be confirmed. Raises Problem."""
    body = _named(at, action, values)
    if action.effect == "destroys" or action.verb in GIVING or unsaid(at, action):
        return await _propose(at, action, body)
    return await _post(at, action, body, None, None)


def unsaid(at: At, action: Action) -> bool:
    """Say whether an action rests on what the person did not say: in this turn, or since it was begun."""
    doing = at.dialogue.doing
    going_on = doing is not None and doing.action == action.name and (doing.unsaid or doing.proposed)
    return bool(at.turn["foreign"]) or going_on


async def consent(at: At, *, approved: bool, noted: bool) -> Said:  # noqa: PLR0911 - each way in which it is none
    """Do what was proposed, or leave it; `noted` says that the message itself said so to the door. Raises Problem."""
    proposal = at.conversation["proposal"]
    if noted and not approved:
        return Said("All right, I leave it as it is.", at.dialogue.end())
    if proposal is None or (noted and not proposal["confirmed"]):
        return Said("That does not wait to be confirmed any more. Ask for it again.", at.dialogue.end())
    if not noted and proposal["turn"] > at.turn["answered"]:
        # It was said before this was shown, and is no answer to it.
        return shown(at, proposal)
    said = Consent(proposal_id=proposal["proposal_id"], digest=proposal["digest"], approved=approved)
    facts = () if noted else (await at.recording.follow("consent", NoteConsent, consent=said)).facts
    if not approved:
        return Said("All right, I leave it as it is.", at.dialogue.end())
    if "conversation.tool_expired" in facts:
        return expired(at)
    action = at.actions.get(proposal["action"])
    if action is None:
        return not_any_more(at, proposal["action"])
    return await _post(at, action, proposal["body"], proposal["proposal_id"], proposal["version"])


def not_any_more(at: At, action: str) -> Said:
    """Say that the person may not have an action done that they might when they asked for it."""
    return Said(f"You may not do this any more ({action}); ask for a role that gives it.", at.dialogue.end())


def expired(at: At) -> Said:
    """Say that a proposal was confirmed too late."""
    return Said("That was proposed too long ago, and I did not do it. Ask for it again.", at.dialogue.end())


def _named(at: At, action: Action, values: JsonObject) -> dict[str, Any]:
    """Give what is made an id, so that it is the same however often this turn is taken up."""
    body = dict(values)
    if action.subject is not None and action.subject not in body:
        body[action.subject] = at.recording.id(f"subject {action.name}")
    return body


async def _propose(at: At, action: Action, body: JsonObject) -> Said:
    about = str(body[action.subject or ""])
    proposal = {"proposal_id": at.recording.id("proposal"), "action": action.name, "about": about}
    sealed, version = at.recording.sealed("command", body), await _version(at, action, about)
    await at.recording.follow("propose", Propose, **proposal, body=sealed, digest=fingerprint(sealed), version=version)
    return shown(at, {**proposal, "body": body, "digest": fingerprint(sealed)})


def shown(at: At, proposal: Mapping[str, Any]) -> Said:
    """Show what is proposed, as it is on record, and ask for it."""
    action, body = at.actions.get(proposal["action"]), proposal["body"]
    if action is None:
        return not_any_more(at, proposal["action"])
    thing = at.thing(action.domain, proposal["about"])
    told = f"{action.description}\n{card(action, body)}{_which(at, thing, body)}\n\nShall I do this? (yes / no)"
    dialogue = at.dialogue.begin(Doing(action.name, dict(body), proposed=True)).mention(*_mentioned(thing))
    proposed = (proposal["proposal_id"], proposal["digest"])
    return Said(told, dialogue, proposed=proposed)


async def _version(at: At, action: Action, about: str) -> int | None:
    """Give the version of a subject as the person sees it now; None of what is new, or has none that is read.

    A conversation moves on with every step of this turn: what is asked of it is bound to no version.
    """
    reading = at.actions.get(f"{action.domain}.read")
    if reading is None or reading.subject is None or action.domain == DOMAIN.name:
        return None
    path, _ = path_of(reading.path, {reading.subject: about})
    answer = await at.doors.get(path)
    version = answer.body.get("version") if answer.good else None
    return version or None


async def _post(at: At, action: Action, body: JsonObject, proposal_id: str | None, version: int | None) -> Said:
    about = str(body[action.subject or ""])
    key = at.recording.id(f"post {action.name}")
    command_id = named(at.account_id, key, action.name, about)
    sealed = at.recording.sealed("command", body)
    await at.recording.follow(
        "post",
        PostCommand,
        command_id=command_id,
        action=action.name,
        about=about,
        body=sealed,
        digest=fingerprint(sealed),
        version=version,
        proposal_id=proposal_id,
    )
    return await _asked(at, action, body, command_id, version)


async def resume(at: At) -> Said:
    """Ask again what this turn is on record to have asked, as it was, and tell what came of it. Raises Problem."""
    posted = at.turn["posted"][0]
    action = at.actions.get(posted["action"])
    if action is None:
        return not_any_more(at, posted["action"])
    return await _asked(at, action, posted["body"], posted["command_id"], posted["version"])


async def _asked(at: At, action: Action, body: JsonObject, command_id: str, version: int | None) -> Said:
    about = str(body[action.subject or ""])
    answer = await at.doors.post(action.name, body, at.recording.id(f"post {action.name}"), version)
    receipt = _receipt(action, about, command_id, answer)
    thing = at.thing(action.domain, about)
    if isinstance(body.get("name"), str):
        thing = replace(thing, name=body["name"])
    dialogue = at.dialogue.mention(*_mentioned(thing))
    if receipt.status == "rejected":
        return Said(_refused(answer), dialogue.end(), receipts=(receipt,))
    return Said(_done(action, body, thing, answer), dialogue.end(Doing(action.name, dict(body))), receipts=(receipt,))


def _receipt(action: Action, about: str, command_id: str, answer: Answer) -> Receipt:
    said = answer.body if isinstance(answer.body, dict) else {}
    status = "rejected" if not answer.good else ("accepted" if said.get("status") == "accepted" else "pending")
    return Receipt(
        command_id=command_id,
        type=action.name,
        subject=about,
        status=status,
        position=said.get("position"),
        code=said.get("code"),
    )


def _done(action: Action, body: JsonObject, thing: Thing, answer: Answer) -> str:
    about = called(thing)
    if answer.body.get("status") != "accepted":
        return f"I asked for {action.name} of {about}. It is not decided yet; ask me about it in a moment."
    facts = [fact.partition(".")[2].replace("_", " ") for fact in answer.body["facts"]]
    if not facts:
        return f"It was so already: nothing about {about} had to change."
    others = {name: value for name, value in body.items() if name != action.subject}
    told = ", ".join(f"{name}: {_shown(value)}" for name, value in others.items())
    return f"Done: {action.noun} {about} was {' and '.join(facts)}" + (f" ({told})." if told else ".")


def called(thing: Thing) -> str:
    """Give what people call a thing: by its name, and by its id where somebody chose that."""
    if not thing.name or thing.name == thing.id:
        return thing.id
    return thing.name if _CHANCE.fullmatch(thing.id) else f"{thing.id} ({thing.name})"


def _which(at: At, thing: Thing, body: JsonObject) -> str:
    """Say what people call those that a command names by their ids."""
    named = [each for each in at.known.things if each.domain == "account" and each.id in body.values()]
    told = dict.fromkeys(f"{each.id} is {each.name}" for each in (thing, *named) if each.name and each.name != each.id)
    return f"\n({'; '.join(told)})" if told else ""


def _refused(answer: Answer) -> str:
    if answer.code == "version_conflict":
        return "It changed since I proposed this, so I did not do it. Look at it again, and ask me anew."
    return f"That was not done: {answer.detail}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _mentioned(thing: Thing) -> tuple[Thing, ...]:
    return (thing,) if thing.domain in SPOKEN_OF else ()
