"""Where a turn is: who said what, what they may, what is known, and what is said back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent.actions.action import Action
from agent.characters.character import Character
from agent.dialogue import Dialogue
from agent.doors import Doors
from agent.knowledge.passage import Search
from agent.recording import Recording
from agent.slots import Context, Filled, Gazetteer, Thing, fill
from schemas.conversation import Citation, Receipt, Remembered, Used


@dataclass(frozen=True)
class At:
    """A turn on its way.

    `actions` are those that the person may have done, by name, and `forbidden` those that they may not; `known` is what
    they may see.
    """

    text: str
    now: datetime
    conversation: Mapping[str, Any]
    turn: Mapping[str, Any]
    dialogue: Dialogue
    actions: Mapping[str, Action]
    known: Gazetteer
    forbidden: Mapping[str, Action]
    character: Character
    search: Search
    doors: Doors
    recording: Recording
    _filled: dict[tuple[str, Context], Filled] = field(default_factory=dict, repr=False)

    @property
    def account_id(self) -> str:
        return self.recording.account_id

    @property
    def context(self) -> Context:
        """What is known beside the words of the message."""
        doing = self.dialogue.doing
        return Context(
            now=self.now,
            me=self.account_id,
            mentioned=self.dialogue.mentioned,
            candidates=doing.choices if doing is not None else (),
            asked=(doing.asked or None) if doing is not None else None,
        )

    def filled(self, action: Action) -> Filled:
        """Give what the message says of an action's parameters; it is read once, though understood and then done."""
        asked = action.name, self.context
        if asked not in self._filled:
            self._filled[asked] = fill(action, self.text, self.known, self.context)
        return self._filled[asked]

    def thing(self, domain: str, id_: str) -> Thing:
        """Give what is known of something by its id; no more than the id if it is not seen."""
        found = (thing for thing in self.known.things if (thing.domain, thing.id) == (domain, id_))
        return next(found, Thing(domain, id_))


@dataclass(frozen=True)
class Said:
    """What is said back, what it rests on, what was done, and what must be known at the next message.

    `proposed` are id and digest of a change that waits to be confirmed.
    """

    text: str
    dialogue: Dialogue
    citations: tuple[Citation, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    remembered: tuple[Remembered, ...] = ()
    used: tuple[Used, ...] = ()
    handover: bool = False
    proposed: tuple[str, str] | None = None
