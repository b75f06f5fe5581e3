"""Sentences that ask for an action, made of its verb, noun and parameters: what the recogniser of intents learns from.

The same action always gives the same sentences, so that a model trained on them can be trained again.
"""

import re
from collections.abc import Iterator
from itertools import islice

from agent.actions.action import Action
from agent.actions.english import ASKING, COMMON, FALLBACK, NOUNS, POLITE, VERBS, Verb
from schemas.message import JsonObject

AT_MOST = 40
"""So many sentences of one action; more of them would only outweigh those of others."""

_FIELD = re.compile(r"\{(\w+)\}")

_SAMPLES: dict[str, tuple[str, ...]] = {
    "name": ("Rossi", "Invoice 7, Rossi", "the March report", "Bianchi & Sons", "Budget 2027"),
    "account": ("bob", "Ada", "carol@example.org", "my colleague", "the new clerk"),
    "owner": ("bob", "Ada", "carol@example.org"),
    "actor": ("bob", "Ada", "carol@example.org"),
    "on_behalf_of": ("bob", "Ada"),
    "tags": ("overdue", "overdue and paid", "urgent, 2026", "draft", "paid"),
    "tag": ("overdue", "urgent", "paid"),
    "attributes": ("amount 1200, currency EUR", "an amount of 300", "amount = 75 and currency = USD"),
    "patch": ("amount 1250", "currency USD", "amount = 99, currency = EUR"),
    "field": ("the amount", "the name", "the currency", "the tags", "the owner"),
    "q": ("Rossi", "March", "consulting"),
    "to_version": ("3", "1", "12"),
    "version": ("2", "1", "5"),
    "permissions": ("resource:read", "resource:* and kind:read"),
    "address": ("203.0.113.7", "198.51.100.23"),
    "character": ("Eliza", "the accountant"),
    "subject": ("invoice-7", "contract-3"),
    "domain": ("resource", "account", "kind"),
}
"""Values as people say them; of other parameters the schema gives examples."""

_THINGS = {
    "account": ("bob", "the account of Ada", "carol@example.org", "my account", "that user", "this account"),
    "audit": ("invoice-7", "invoice-12", "the role clerk", "contract-3", "report-2026"),
}
"""How people speak of one thing where that is not by what it is."""

_IDS = {"resource": ("invoice-7", "report-2026", "note-12", "invoice-31", "contract-300417")}
"""Ids of things that are called otherwise each."""

_TO_ME = re.compile(r"\w+(?: to)? me\b")
_AN = re.compile(r"\ba (?=[aeio])")


def phrases(action: Action) -> list[str]:
    """Give sentences that ask for an action, without repetition: its own examples, then what is made of its verb."""
    made = dict.fromkeys([*action.examples, *_whole(action), *(_of_simile(action) if action.handler else ())])
    return list(islice(made, AT_MOST))


def sentences(action: Action) -> Verb:
    """Give the templates for an action: those of its whole name, and those of its verb, or of a verb nobody knows."""
    own = VERBS.get(action.name, Verb())
    general = VERBS.get(action.verb, Verb() if own.asks else FALLBACK)
    return Verb(own.similes + general.similes, own.asks + general.asks, own.says + general.says)


def _whole(action: Action) -> Iterator[str]:
    """Give every template filled once, and every order once more in a polite form about something else."""
    templates = sentences(action)
    spoken = {template: _fill(action, template, turn) for turn, template in enumerate(templates.asks)}
    yield from (sentence for sentence in spoken.values() if sentence is not None)
    for turn, template in enumerate(templates.says):
        sentence = _fill(action, template, turn)
        if sentence is not None:
            yield sentence
    yield from _narrowed(action)
    for turn, template in enumerate(templates.asks):
        sentence = _fill(action, template, turn + 1)
        if sentence is not None:
            yield _politely(sentence, turn)


def _politely(order: str, turn: int) -> str:
    """Put an order politely; who orders something for themselves asks for it and does not want to do it."""
    forms = POLITE[:ASKING] if _TO_ME.match(order) else POLITE
    return forms[turn % len(forms)].format(ask=order)


def _narrowed(action: Action) -> Iterator[str]:
    """Ask for those of a list that a filter lets through."""
    if action.verb != "list":
        return
    for turn, parameter in enumerate(action.properties):
        schema = action.schema(parameter)
        if parameter in _SAMPLES or ("enum" in schema and parameter != "sort"):
            value = _sample(parameter, schema, turn)
            yield f"show me the {_plural(_noun(action, turn))} with {parameter.replace('_', ' ')} {value}"


def _of_simile(action: Action) -> Iterator[str]:
    for turn, simile in enumerate(action.similes):
        said = simile.replace("_", " ").lower()
        yield said
        yield _politely(said, turn)


def _fill(action: Action, template: str, turn: int) -> str | None:
    """Put something in each place of a template, another at each turn; None where the action has no such place."""
    places = {}
    for place in _FIELD.findall(template):
        if place in ("it", "noun", "nouns", "verb"):
            places[place] = _spoken(action, place, turn)
        elif place in action.properties:
            places[place] = _sample(place, action.schema(place), turn)
        else:
            return None
    return _AN.sub("an ", template.format(**places))


def _spoken(action: Action, place: str, turn: int) -> str:
    noun = _noun(action, turn)
    if place == "it":
        return _it(action, noun, turn)
    return {"noun": noun, "nouns": _plural(noun), "verb": action.verb.replace("_", " ")}[place]


def _it(action: Action, noun: str, turn: int) -> str:
    """Speak of one thing: by its id, by what it is, or by a pronoun where that says enough."""
    if action.noun in _THINGS:
        return _THINGS[action.noun][turn % len(_THINGS[action.noun])]
    schema = action.schema(action.subject) if action.subject in action.properties else {}
    names = _IDS.get(action.noun, schema.get("examples", [f"{noun}-7"])[:1])
    named = str(names[turn % len(names)])
    if not any(sign.isdigit() for sign in named):
        named = f"the {noun} {named}"
    pronoun = f"the same {noun}" if action.verb in COMMON and action.noun != "resource" else "it"
    forms = (named, f"the {noun}", pronoun, f"my {noun}", f"this {noun}", f"{noun} {12 + turn}", f"that {noun}")
    return forms[turn % len(forms)]


def _noun(action: Action, turn: int) -> str:
    nouns = NOUNS.get(action.noun, (action.noun,))
    return nouns[turn % len(nouns)]


def _plural(noun: str) -> str:
    head, of, rest = noun.partition(" of ")
    if head.endswith("y"):
        return f"{head[:-1]}ies{of}{rest}" if head[-2] not in "aeo" else f"{head}s{of}{rest}"
    return f"{head}s{of}{rest}"


def _sample(parameter: str, schema: JsonObject, turn: int) -> str:
    """Give a value as somebody may say it."""
    said = _SAMPLES.get(parameter) or schema.get("enum") or schema.get("examples") or (parameter.replace("_", " "),)
    value = said[turn % len(said)]
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)
