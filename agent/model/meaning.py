"""What a model's saying means: a move, if the person may ask for it and its values are theirs to name.

A model can do no more than the person's own words. What they did not say themselves is confirmed by them before it is
done; only their own yes is a yes; and of what was done a model says nothing.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.acting import GIVING
from agent.actions.action import Action
from agent.at import At
from agent.dialogue import Doing
from agent.hearing import CLEARLY, PERHAPS
from agent.intents import INTENTS
from agent.model.claims import claims
from agent.model.naming import things
from agent.model.own import asked_for, own
from agent.model.saying import Agrees, Begins, Cancels, Corrects, Fills, Nonsense, Saying, Talks, Wonders
from agent.moves import Agree, Begin, Cancel, Correct, Fill, Forbidden, Heard, Move, Talk, Unclear
from agent.slots.validity import wrong
from agent.teaching import UNSAID

CHAT = "talk.chat"
"""The intent of what is talk and nothing else: only a model has words for it."""

VOICED = frozenset({"talk.greet", "talk.thank", "talk.part", CHAT})
"""Intents that a model may answer in its own words. It never says who it is: that it is a program must be said."""

INTENDED = frozenset({*INTENTS, CHAT} - {"talk.affirm", "talk.deny", "talk.cancel"})

FELT = frozenset({"memory.remember", "memory.forget", "talk.handover"})
"""Intents that change something: the words themselves must sound like them."""


class Meant(NamedTuple):
    """A move, the values that it replaces, the answer in the model's words, if it may say any.

    `own` says that the person's own words ask for just this.
    """

    move: Move
    before: Mapping[str, Any] = {}
    text: str = ""
    own: bool = True


def offered(at: At) -> Mapping[str, Action]:
    """Give the actions that a model may name."""
    return {name: action for name, action in at.actions.items() if action.domain not in UNSAID}


def meant(at: At, saying: Saying, words: Heard, *, foreign: bool) -> Meant:
    """Say what a model means; `words` is how the message is understood without it. Raises Nonsense.

    `foreign` says that the model read what the person did not say.
    """
    match saying:
        case Begins(action=name, values=values):
            if name not in offered(at):
                raise Nonsense(f"There is no action {name!r}; take one of those that are listed.")
            return _asked(at, at.actions[name], values, words, foreign=foreign)
        case Fills(values=values) | Corrects(values=values):
            return _gone_on(at, saying, values, words, foreign=foreign)
        case Agrees(approved=approved):
            return _agreed(at, words, approved=approved)
        case Cancels():
            return Meant(Cancel())
        case Talks():
            return _talked(saying, words, foreign=foreign)
        case Wonders(choices=choices):
            known = tuple(name for name in choices if name in offered(at))[:3]
            return Meant(words.move if isinstance(words.move, Forbidden) else Unclear(known))


def _asked(at: At, action: Action, said: Mapping[str, Any], words: Heard, *, foreign: bool) -> Meant:
    if (action.effect == "destroys" or action.verb in GIVING) and not asked_for(at, action, words):
        raise Nonsense(f"The words do not ask for {action.name}; say what the message means otherwise, or unclear.")
    values = _valid(at, action, said)
    mine = action.effect == "reads" or own(at, action, values, words)
    if action.handler is not None and action.effect != "reads" and (foreign or not mine):
        raise Nonsense(f"{action.name} is done only as the person says it; leave out what they did not say.")
    return Meant(Begin(action.name, values), own=mine)


def _gone_on(at: At, saying: Fills | Corrects, said: Mapping[str, Any], words: Heard, *, foreign: bool) -> Meant:
    doing = _doing(at)
    found = _asked(at, at.actions[doing.action], said, words, foreign=foreign)
    assert isinstance(found.move, Begin)  # noqa: S101 - that is what it gives
    if isinstance(saying, Fills):
        return found._replace(move=Fill(found.move.values))
    changed = {name: value for name, value in found.move.values.items() if doing.values.get(name) != value}
    if not changed:
        raise Nonsense("Nothing is corrected by this; name the values that are to be otherwise.")
    before = {name: doing.values[name] for name in changed if name in doing.values}
    return found._replace(move=Correct(changed), before=before)


def _doing(at: At) -> Doing:
    doing = at.dialogue.doing
    if doing is None or doing.action not in at.actions:
        raise Nonsense("Nothing is being done that could be gone on with; begin an action.")
    return doing


def _valid(at: At, action: Action, said: Mapping[str, Any]) -> dict[str, Any]:
    """Hold values to their JSON Schemas, and what names things to what the person sees or says. Raises Nonsense."""
    known = {name: value for name, value in said.items() if value is not None}
    strange = [name for name in known if name not in action.properties]
    if strange:
        raise Nonsense(f"{action.name} has no {strange[0]!r}; it takes {', '.join(action.properties) or 'nothing'}.")
    values = things(at, action, known)
    for name, value in values.items():
        reason = wrong(action, name, value)
        if reason is not None:
            raise Nonsense(reason)
    return values


def _agreed(at: At, words: Heard, *, approved: bool) -> Meant:
    doing = at.dialogue.doing
    if doing is None or not doing.proposed:
        raise Nonsense("Nothing waits for a yes or a no; say what the message means otherwise.")
    if approved and words.ranking[0].intent != "talk.affirm":
        raise Nonsense("The person did not say yes; say what the message means otherwise.")
    return Meant(Agree(approved))


def _talked(said: Talks, words: Heard, *, foreign: bool) -> Meant:
    if said.intent not in INTENDED:
        raise Nonsense(f"There is no intent {said.intent!r}; take one of those that are listed.")
    if said.intent in FELT and not _felt(said.intent, words):
        raise Nonsense(f"The words do not ask for {said.intent}; say what the message means otherwise.")
    text = said.text.strip() if said.intent in VOICED and not foreign else ""
    if text and _requests(words):
        raise Nonsense("The words ask for something to be done; say the move for it, or unclear, and no text.")
    if text and (claim := claims(text)):
        raise Nonsense(f"The text speaks of something done ({claim}); what is done is told by others than you.")
    if said.intent == CHAT and not text:
        raise Nonsense(f"{CHAT} takes a text; without one say unclear.")
    return Meant(Talk(said.intent), text=text)


def _felt(intent: str, words: Heard) -> bool:
    return any(each.intent == intent and each.score >= PERHAPS for each in words.ranking)


def _requests(words: Heard) -> bool:
    return isinstance(words.move, Begin | Fill | Correct | Forbidden) and words.ranking[0].score >= CLEARLY
