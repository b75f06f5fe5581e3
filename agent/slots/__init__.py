"""Slots: what an action needs to know, found in a person's own words, or asked for.

Nothing is guessed in silence. What could be several things is ambiguous, what is not said is missing, and what is said
but will not do is invalid, with the reason.
"""

from agent.slots.asking import card, question
from agent.slots.correct import correct
from agent.slots.fill import fill
from agent.slots.filled import Filled
from agent.slots.gazetteer import Gazetteer
from agent.slots.negation import negated
from agent.slots.thing import Context, Thing

__all__ = ["Context", "Filled", "Gazetteer", "Thing", "card", "correct", "fill", "negated", "question"]
