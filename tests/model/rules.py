"""What the protocol does to stay right, what must then hold, and the rules of the domain it is tried with."""

from enum import Enum
from functools import cache

from tests.model.log import COMMANDS, Facts, Log, Value, follow, truth, values

OLD, NEW = "old", "new"
"""Two releases of the rules: to the same command the new one leaves one fact more."""


class Protection(Enum):
    """What the protocol does (design §3); each can be taken out."""

    WHOLE = "rule 2: a command's records stand in one append"
    COUNT = "rule 2: each record says how many its command leaves"
    READER = "rule 3: readers check prev"
    FOLDER = "rule 3: owners check prev when they fold"
    FOLD = "rule 4: fold before deciding"
    END = "rule 4: fold to the very end"
    SEEK = "rule 4: go on from the first command not answered"
    COMPARE = "rule 5: compare the offset that an append returns"
    AGAIN = "rule 5: fold again when it is another"
    SINGLE = "rule 5: one append in flight"
    STATE = "rule 6: state and ids seen after the acknowledgement"
    REPLY = "rule 6: replies after the acknowledgement"
    IDEMPOTENT = "rule 6: idempotent producer"
    SEEN = "ids seen: a repeated id decides nothing"


class Property(Enum):
    """What must hold whatever happens."""

    ONCE = "a command is answered once, by all its records together"
    REPEATS = "a repeated id leaves nothing"
    SEQUENTIAL = "what counts is the sequential decision of the commands"
    READERS = "readers see what counts, in order"
    REPLIES = "a reply tells what counts"
    PROGRESS = "either writer, left alone, answers every command"


class Rules:
    """The domain's rules and the judgement of a log, for two releases at work and without some protections."""

    def __init__(self, without: frozenset[Protection], releases: tuple[str, str]) -> None:
        self._without = without
        self._releases = releases
        self.decide = cache(self._decide)
        self.judge = cache(self._judge)

    def on(self, protection: Protection) -> bool:
        return protection not in self._without

    def _decide(self, release: str, facts: Facts, offset: int, *, seen: bool = True) -> Facts:
        """Give the only seat to whoever asks first."""
        name = COMMANDS[offset]
        if seen and any(value.id == name for value in facts):
            return ()
        left = ["taken"] if release == OLD else ["taken", "announced"]
        if any(value.fact == "taken" for value in facts):
            left = ["refused"]
        of = len(left) if self.on(Protection.COUNT) else 0
        return tuple(Value(offset, name, fact, len(facts) + n, of) for n, fact in enumerate(left, 1))

    def _judge(self, before: Log, log: Log) -> Property | None:
        """Compare what counts in a log with the commands decided one after the other, each by one of the releases."""
        told, counting = truth(before), truth(log)
        for value in counting[len(told) :]:
            if told and value.offset <= told[-1].offset:
                return Property.ONCE
            if COMMANDS.index(value.id) != value.offset:
                return Property.REPEATS
        facts: Facts = ()
        for offset in range(counting[-1].offset + 1 if counting else 0):
            left = tuple(value for value in counting if value.offset == offset)
            right = [self.decide(release, facts, offset) for release in self._releases]
            if left not in right:
                part = left and any(left == whole[: len(left)] for whole in right)
                return Property.ONCE if part else Property.SEQUENTIAL
            facts += left
        seen = values(follow(log, check=self.on(Protection.READER)))
        return None if seen == counting else Property.READERS
