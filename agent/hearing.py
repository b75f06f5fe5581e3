"""Understanding without a model: what waits for an answer comes first, then what the words are most like."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.actions.action import Action
from agent.at import At
from agent.dialogue import Doing
from agent.moves import Agree, Begin, Cancel, Correct, Fill, Forbidden, Heard, Move, Talk, Unclear
from agent.slots import correct, fill, negated
from agent.understanding.classifier import Ranking
from schemas.conversation import Ranked

CLEARLY = 0.5
"""From this score on a message is taken for another request, while an answer to a question is waited for."""

PERHAPS = 0.12
"""From this score on an action is worth to be asked about."""

MOST_CHOICES = 3
MOST_RANKED = 12
SHORT = 6
"""Words of a message that can be no more than a yes or a no."""

_YES = re.compile(
    r"^\W*(?:(?:yes|yep|yeah|ok|okay|sure|confirm|confirmed|correct|right|absolutely|do it|do that|go ahead|please do"
    r"|i confirm|i am sure|i'm sure|please|thanks|thank you|that's right|sounds good|of course)\b[\s,.!-]*)+$",
    re.IGNORECASE,
)
"""A yes is one from its first word to its last: `ok, cancel` and `sure?` are none."""

_CONTRARY = re.compile(r"\b(?:cancel|never ?mind|don'?t|do not|stop|forget it|leave it|drop it)\b", re.IGNORECASE)
_NO = re.compile(r"^\W*(?:no|nope|don'?t|do not|rather not|never|stop|not)\b", re.IGNORECASE)
_LEAVE = re.compile(
    r"^\W*(?:no|nope)\W+(?:thanks|thank you|leave it|don'?t|do not|cancel|stop|never ?mind|forget it|not now)\b",
    re.IGNORECASE,
)
_CANCEL = re.compile(
    r"^\W*(?:cancel(?: (?:it|that|this))?|never ?mind|forget it|abort|leave it|drop it|stop(?: (?:it|that|this))?"
    r"|i changed my mind)\W*$",
    re.IGNORECASE,
)
_CORRECTING = re.compile(
    r"^\W*(?:no,|no -|actually|i meant|i mean|sorry,|wait,|make (?:it|that)|rather|instead)|\binstead\W*$",
    re.IGNORECASE,
)

_REMEMBER = re.compile(r"^\W*(?:please\s+)?(?:remember|keep in mind|note)\s+(?:that|this)\b", re.IGNORECASE)


def hear(at: At, ranking: Ranking) -> Heard:
    """Understand a message by what its words are like. It takes some milliseconds, and asks nobody."""
    allowed = [(intent, score) for intent, score in ranking.intents if _known(at, intent)]
    another = allowed if ranking.in_scope else ()
    move, before = (
        _to_remember(at) or _waited_for(at, another) or (_forbidden(at, ranking) or _new(at, allowed, ranking), {})
    )
    told = tuple(Ranked(intent=intent, score=score) for intent, score in ranking.intents[:MOST_RANKED])
    return Heard(move, intent_of(at, move), told, "lexical", ranking.model, before)


def _to_remember(at: At) -> tuple[Move, Mapping[str, object]] | None:
    """Know it by how it begins: what is to be remembered may be like nothing that is known."""
    return (Talk("memory.remember"), {}) if _REMEMBER.match(at.text) else None


def _known(at: At, intent: str) -> bool:
    """Actions that the person may not ask for are none to them; all else is talk."""
    return intent in at.actions or intent.partition(".")[0] in ("talk", "memory", "history", "knowledge")


def intent_of(at: At, move: Move) -> str:
    """Name what a move means."""
    match move:
        case Begin(action=action) | Forbidden(action=action):
            return action
        case Talk(intent=intent):
            return intent
        case Fill() | Correct() if at.dialogue.doing is not None:
            return at.dialogue.doing.action
        case Agree(approved=approved):
            return "talk.affirm" if approved else "talk.deny"
        case Cancel():
            return "talk.cancel"
        case _:
            return "talk.unclear"


# ── what is waited for ────────────────────────────────────────────────────────────────────────────────────────────────


def _waited_for(  # noqa: PLR0911 - one line for each thing that can be waited for
    at: At, ranked: Sequence[tuple[str, float]]
) -> tuple[Move, Mapping[str, object]] | None:
    doing = at.dialogue.doing
    if at.dialogue.offered and (chosen := _chosen(at)) is not None:
        return chosen, {}
    if doing is None:
        return _corrected_afterwards(at)
    if _CANCEL.match(at.text):
        return Cancel(), {}
    action = at.actions.get(doing.action)
    if action is None:
        return None
    if doing.proposed and len(at.text.split()) <= SHORT and (said := _consent(at.text)) is not None:
        return Agree(said), {}
    if corrected := _corrected(at, action, doing):
        return corrected
    if doing.proposed:
        return None
    return None if _another(at, doing, ranked) else _answered(at, action, doing)


def _consent(text: str) -> bool | None:
    if _LEAVE.match(text):
        return False
    if _CORRECTING.match(text) and not _NO.match(text):
        return None
    if _YES.match(text):
        return True
    contrary = _CONTRARY.search(text) is not None or (_NO.match(text) is not None and "," not in text)
    return False if contrary else None


def _corrected(at: At, action: Action, doing: Doing) -> tuple[Move, Mapping[str, object]] | None:
    if not _CORRECTING.search(at.text):
        return None
    found = correct(action, at.text, doing.values, at.known, at.context)
    changed = {name: value for name, value in found.values.items() if doing.values.get(name) != value}
    if not changed:
        return None
    return Correct(changed), {name: doing.values[name] for name in changed if name in doing.values}


def _corrected_afterwards(at: At) -> tuple[Move, Mapping[str, object]] | None:
    """Take `no, call it Rossi` for a request about what was done last, if it says how."""
    if not _CORRECTING.search(at.text) or at.dialogue.done is None:
        return None
    done = at.actions.get(at.dialogue.done.action)
    if done is None:
        return None
    found = correct(done, at.text, at.dialogue.done.values, at.known, at.context)
    changed = {name: value for name, value in found.values.items() if at.dialogue.done.values.get(name) != value}
    verb = next(
        (at.actions[each] for name in changed for each in _CHANGING.get((done.domain, name), ()) if each in at.actions),
        None,
    )
    if verb is None or verb.subject is None or done.subject is None:
        return None
    before = {name: at.dialogue.done.values[name] for name in changed if name in at.dialogue.done.values}
    return Begin(verb.name, {verb.subject: at.dialogue.done.values[done.subject], **changed}), before


_CHANGING = {("resource", "name"): ("resource.rename",)}
"""What is asked when something that was made is to be otherwise, by domain and parameter."""


def _another(at: At, doing: Doing, ranked: Sequence[tuple[str, float]]) -> bool:
    """Say whether a message is another request, and no answer to what was asked: it says then of what it is one."""
    intent, score = ranked[0] if ranked else ("", 0.0)
    if score < CLEARLY or intent in (doing.action, "talk.affirm", "talk.deny"):
        return False
    action = at.actions.get(intent)
    if action is None or action.subject not in action.required:
        return True
    found = fill(action, at.text, at.known, replace(at.context, asked=None))
    return action.subject in {*found.values, *found.ambiguous}


def _answered(at: At, action: Action, doing: Doing) -> tuple[Move, Mapping[str, object]] | None:
    found = at.filled(action)
    values = {name: value for name, value in found.values.items() if name not in doing.values or name == doing.asked}
    return (Fill(values), {}) if values else None


def _chosen(at: At) -> Move | None:
    """Read which of the offered actions is meant: by its number, its place, or a yes to the only one."""
    offered = [name for name in at.dialogue.offered if name in at.actions]
    said = at.text.strip(" .!").casefold()
    numbers = {str(n): name for n, name in enumerate(offered, 1)}
    numbers |= dict(zip(("the first", "the second", "the third"), offered, strict=False))
    numbers |= dict(zip(("the first one", "the second one", "the third one"), offered, strict=False))
    name = numbers.get(said) or (offered[0] if len(offered) == 1 and _YES.match(said) else None)
    if name is None:
        return None
    return Begin(name, fill(at.actions[name], at.dialogue.heard, at.known, at.context).values)


# ── what is new ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _forbidden(at: At, ranking: Ranking) -> Move | None:
    """Know what the person wants and may not have: they are told so, and not that they were not understood."""
    intent, score = ranking.intents[0]
    return Forbidden(intent) if intent in at.forbidden and score >= CLEARLY and ranking.in_scope else None


def _new(at: At, ranked: Sequence[tuple[str, float]], ranking: Ranking) -> Move:
    intent, score = ranked[0] if ranked else ("", 0.0)
    if not ranking.in_scope or score < PERHAPS:
        likely = [name for name, likeness in ranked[:MOST_CHOICES] if name in at.actions and likeness >= PERHAPS]
        return Unclear(tuple(likely))
    if intent == "talk.cancel":
        return Cancel()
    if intent not in at.actions:
        return Talk(intent)
    action = at.actions[intent]
    if action.effect != "reads" and negated(at.text):
        return Talk("talk.deny")
    return Begin(intent, at.filled(action).values)
