"""What the agent must know from one message to the next: what is being done, asked, offered, and was spoken of."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from agent.slots import Thing

MOST_MENTIONED = 10
MOST_SUSPENDED = 3
MOST_REACHED = 5


class Doing(Struct, frozen=True, omit_defaults=True):
    """An action of which some values are known; `asked` is the parameter that the person was asked for.

    `choices` are what they were shown to choose from. What is `proposed` waits to be confirmed; what is
    `unsaid` rests on more than the person said.
    """

    action: str
    values: dict[str, Any] = {}
    asked: str = ""
    choices: tuple[Thing, ...] = ()
    proposed: bool = False
    unsaid: bool = False


class Dialogue(Struct, frozen=True, omit_defaults=True):
    """The state of a conversation. `mentioned` has the newest first; `suspended` the last one last.

    `offered` are the intents that the person was asked to choose from, `unclear` counts messages in a row that were not
    understood, `heard` is the last of them. `done` is what was done last, and `memory_id` what was remembered last.
    `reached` are positions that all that is read from now on must know.
    """

    doing: Doing | None = None
    suspended: tuple[Doing, ...] = ()
    mentioned: tuple[Thing, ...] = ()
    offered: tuple[str, ...] = ()
    heard: str = ""
    unclear: int = 0
    done: Doing | None = None
    memory_id: str = ""
    reached: tuple[str, ...] = ()

    def mention(self, *things: Thing) -> "Dialogue":
        """Things were spoken of; what is said of `it` is meant of the first of them."""
        named = {(thing.domain, thing.id) for thing in things}
        others = [each for each in self.mentioned if (each.domain, each.id) not in named]
        return replace(self, mentioned=(*things, *others)[:MOST_MENTIONED])

    def knowing(self, positions: Sequence[str]) -> "Dialogue":
        """Remember the newest positions of what was done."""
        return replace(self, reached=tuple(dict.fromkeys(positions))[-MOST_REACHED:])

    def begin(self, doing: Doing) -> "Dialogue":
        """Do this next; what is being done comes back when it is done. Of proposals only the newest waits."""
        left = () if self.doing is None or self.doing.action == doing.action else (self.doing,)
        suspended = [each for each in (*self.suspended, *left) if not (doing.proposed and each.proposed)]
        return replace(self, doing=doing, suspended=tuple(suspended[-MOST_SUSPENDED:]), offered=(), unclear=0)

    def end(self, done: Doing | None = None) -> "Dialogue":
        """What was being done is done, or given up; the one before it comes back."""
        *others, last = self.suspended or (None,)
        suspended = tuple(each for each in others if each is not None)
        return replace(self, doing=last, suspended=suspended, offered=(), unclear=0, done=done or self.done)


def written(dialogue: Dialogue) -> str:
    """Give a dialogue as JSON."""
    return msgspec.json.encode(dialogue).decode()


def read(said: Any) -> Dialogue:
    """Give the dialogue of what JSON said; a new one for what an earlier version wrote otherwise."""
    try:
        return msgspec.convert(said or {}, Dialogue)
    except msgspec.ValidationError:
        return Dialogue()
