"""A person who talks to the platform: what they see, what was spoken of, and what comes of what they say."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agent.actions.action import Action
from agent.slots import Context, Filled, Gazetteer, Thing, correct, fill
from tests.agent.actions.catalogue import everything

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)  # a Friday
ME = "0192f0c1-2d3e-7000-8000-000000000009"
BOB = "0192f0c1-2d3e-7000-8000-000000000001"
ADA = "0192f0c1-2d3e-7000-8000-000000000002"

seven = Thing("resource", "invoice-7", "Invoice 7, Rossi", "invoice")
eight = Thing("resource", "invoice-8", "Invoice 8, Bianchi", "invoice")
report = Thing("resource", "r-2026", "Quarterly Report", "report")
bob = Thing("account", BOB, "bob")
bobs_address = Thing("account", BOB, "bob@example.org")
ada = Thing("account", ADA, "Ada Lovelace")
invoice = Thing("kind", "invoice")
clerk = Thing("role", "clerk")
auditor = Thing("role", "auditor")

KNOWN = Gazetteer((seven, eight, report, bob, bobs_address, ada, invoice, clerk, auditor))
CONTEXT = Context(now=NOW, me=ME)

actions = everything


def action(name: str) -> Action:
    return actions()[name]


def said(name: str, text: str, *mentioned: Thing, known: Gazetteer = KNOWN, **context: Any) -> Filled:
    """What comes of a text that asks for an action, after these things were spoken of."""
    return fill(action(name), text, known, replace(CONTEXT, mentioned=mentioned, **context))


def values(name: str, text: str, *mentioned: Thing, **context: Any) -> dict[str, Any]:
    return said(name, text, *mentioned, **context).values


def corrected(name: str, text: str, before: dict[str, Any], *mentioned: Thing) -> Filled:
    return correct(action(name), text, before, KNOWN, replace(CONTEXT, mentioned=mentioned))
