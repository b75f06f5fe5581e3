"""Hears a message with a model, on record; what goes wrong with it is understood by the words alone.

A call is recorded before it is made and with its answer after: whoever takes the turn up again finds the answer, and
does not pay for it twice.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agent.actions.plugin import Provider
from agent.at import At
from agent.hearing import intent_of
from agent.model.answer import MOST_OUT, Failed, Model
from agent.model.budget import Budget
from agent.model.meaning import Meant, meant
from agent.model.prompt import Prompt, prompt
from agent.model.saying import Nonsense, read
from agent.moves import Agree, Cancel, Heard
from agent.past import past, summarise
from agent.recording import digest
from agent.tokens import tokens
from schemas.conversation import CallModel, NoteModel, Used

CALLS = 2
"""Of a turn: a model that answers nonsense is told so, once."""

UNPAID = ("unreachable", "status_", "budget_spent")
"""How failures begin that nobody asks money for."""


class Call(NamedTuple):
    """What came of a call: an answer, or a word for why there is none; and whether that is on record."""

    answer: str | None
    failure: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    milliseconds: int = 0
    recorded: bool = False


class Understood(NamedTuple):
    """What a message means, by which answer, and what that says of the turns before."""

    meant: Meant
    answer: str
    summary: str


@dataclass(frozen=True)
class Listening:
    """Hears with a model, which has so many seconds for a message, and a person so much to spend in a day."""

    model: Model
    seconds: float
    budget: Budget = field(default_factory=Budget)
    providers: Sequence[Provider] = ()

    async def hear(self, at: At, words: Heard) -> Heard:
        """Understand a message; as its `words` say where the model does not help. Raises Problem.

        A yes, a no and the end of something are the person's own words, and need no model.
        """
        if isinstance(words.move, Agree | Cancel):
            return words
        mine = await at.doors.get("/v1/memories")
        if not mine.good:  # what the person may spend is not known
            return words
        said = await past(at)
        asked = await prompt(at, said, mine.body["items"], self.providers)
        found = await self._understood(at, words, asked, mine.body["spent"])
        if said.due:
            await summarise(at, said, found.summary if found is not None and not asked.foreign else "")
        return self._heard(at, words, asked, found) if found is not None else words

    async def _understood(self, at: At, words: Heard, asked: Prompt, spent: Mapping[str, int]) -> Understood | None:
        until = time.monotonic() + self.seconds
        for number in range(1, CALLS + 1):
            call = _on_record(at, number) or await self._call(at, number, asked, spent, until - time.monotonic())
            try:
                found = _read(at, words, asked, call)
            except Nonsense as nonsense:
                await self._note(at, number, call._replace(failure="nonsense"))
                asked = asked.retried(call.answer or "", str(nonsense))
                spent = self._more(spent, call)
                continue
            await self._note(at, number, call)
            return found
        return None

    async def _call(self, at: At, number: int, asked: Prompt, spent: Mapping[str, int], seconds: float) -> Call:
        """Ask the model, on record."""
        if not self.budget.allows(spent, asked.tokens, MOST_OUT):
            return Call(None, "budget_spent")
        await at.recording.record(f"call {number}", CallModel, call=number, model=self.model.name, request=asked.digest)
        begun = time.monotonic()
        try:
            answer = await self.model.ask(asked.lines, seconds)
        except Failed as failed:
            read = 0 if str(failed).startswith(UNPAID) else asked.tokens
            return Call(None, str(failed), read, milliseconds=_since(begun))
        written = answer.tokens_out or tokens(answer.text)
        return Call(answer.text, None, answer.tokens_in or asked.tokens, written, _since(begun))

    async def _note(self, at: At, number: int, call: Call) -> None:
        if call.recorded:
            return
        await at.recording.record(
            f"answer {number}",
            NoteModel,
            call=number,
            answer=at.recording.seal("answer", call.answer) if call.answer else None,
            failure=call.failure,
            tokens_in=call.tokens_in,
            tokens_out=call.tokens_out,
            cost=self.budget.cost(call.tokens_in, call.tokens_out),
            milliseconds=call.milliseconds,
        )

    def _more(self, spent: Mapping[str, int], call: Call) -> Mapping[str, int]:
        """Give what was spent with a call that was not on record when it was read."""
        if call.recorded:
            return spent
        cost = self.budget.cost(call.tokens_in, call.tokens_out)
        return {"tokens": spent["tokens"] + call.tokens_in + call.tokens_out, "cost": spent["cost"] + cost}

    def _heard(self, at: At, words: Heard, asked: Prompt, found: Understood) -> Heard:
        """Say what was heard. Where a model added to the person's words, that is foreign to them, too."""
        move, before, text, own = found.meant
        added = () if own else (Used(kind="tool", id=self.model.name, digest=digest(found.answer)),)
        return Heard(
            move,
            intent_of(at, move),
            words.ranking,
            "model",
            self.model.name,
            before,
            text,
            (*added, *asked.used),
            asked.tokens,
        )


def _read(at: At, words: Heard, asked: Prompt, call: Call) -> Understood | None:
    """Give what a call's answer means; None where there is no answer. Raises Nonsense."""
    if call.answer is None:
        return None
    saying = read(call.answer)
    return Understood(meant(at, saying, words, foreign=asked.foreign), call.answer, saying.summary)


def _on_record(at: At, number: int) -> Call | None:
    """Give a call of this turn that was answered, or failed, before the turn was taken up again."""
    rows: Sequence[Mapping[str, Any]] = at.turn.get("calls", ())
    for row in rows:
        if row["call"] == number and (row.get("answer") or row.get("failure")):
            return Call(row.get("answer"), row.get("failure"), recorded=True)
    return None


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
