"""What was said before in a conversation: the last turns as far as there is room, and a summary in place of older ones.

A turn is told by what the person said and what came of it. What the agent said is left out, for others' words stand
in it: names of things, and what documents say.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from agent.at import At
from agent.slots.asking import shown
from agent.tokens import tokens
from schemas.conversation import Summarise

TURNS_TOKENS = 1_200
SUMMARY_TOKENS = 400
READ = 200
"""Turns that are looked at, at the most: what a page of them holds."""

MOST_SAID = 500
"""Characters of a message that are told."""

LEFT_OUT = "Of the turns before these no more is kept."

SUMMARISED_FROM = 10
"""So many turns that there is no room for are summarised together."""

LOOKED_AT_AFTER = 30
"""Turns since the last summary after which it is looked whether another is due, where nothing else looks.

It is looked again when as many more were said as are summarised together.
"""

Turn = Mapping[str, Any]


class Summary(NamedTuple):
    """What turns said in short, from the first to the last of them."""

    first: int
    last: int
    text: str


class Past(NamedTuple):
    """Turns that are told, and those before them for which there is no room; each the oldest first."""

    told: Sequence[Turn] = ()
    over: Sequence[Turn] = ()
    summary: Summary | None = None

    @property
    def due(self) -> bool:
        """Whether turns are to be summarised."""
        return len(self.over) >= SUMMARISED_FROM


async def past(at: At) -> Past:
    """Read what was said before the message of this turn. Raises Problem."""
    summary = _summary(at)
    since = summary.last if summary is not None else 0
    newest = at.conversation.get("turn", at.recording.turn)
    limit = {"limit": max(1, min(READ, newest - since))}
    answer = await at.doors.get(f"/v1/conversations/{at.recording.message.subject}/turns", limit)
    rows = answer.body["items"] if answer.good else []
    turns = sorted((row for row in rows if since < row["turn"] < at.recording.turn), key=lambda row: row["turn"])
    begin, room = len(turns), TURNS_TOKENS
    while begin and (room := room - tokens(line(turns[begin - 1]))) >= 0:
        begin -= 1
    return Past(turns[begin:], turns[:begin], summary)


def line(turn: Turn) -> str:
    """Tell a turn in one line: what the person said, how it was understood, and what came of it."""
    became = ", ".join(f"{receipt['type']} {receipt['status']}" for receipt in turn["receipts"])
    understood = turn["intent"] or "not understood"
    text = shown((turn["text"] or "")[:MOST_SAID])
    return f"{turn['turn']}. The person said {text}: {understood}" + (f"; {became}." if became else ".")


async def summarise(at: At, said: Past, text: str = "") -> None:
    """Record in short the turns that there is no room for, in the words given or as they are told. Raises Problem."""
    before, first = said.summary, said.over[0]["turn"]
    if before is not None and before.last + 1 != first:
        before = None  # what lies between was never read, and is not stood for
    text = text or _extract(before.text if before else "", [line(turn) for turn in said.over])
    sealed = at.recording.seal("summary", text)
    if sealed is None:
        return
    command = Summarise(
        conversation_id=at.recording.message.subject,
        first=before.first if before else first,
        last=said.over[-1]["turn"],
        text=sealed,
    )
    await at.recording.take("summary", command)


async def keep_short(at: At) -> None:
    """Summarise where nobody else reads what was said before. Raises Problem."""
    summary = _summary(at)
    since = at.recording.turn - (summary.last if summary else 0) - LOOKED_AT_AFTER
    if since <= 0 or since % SUMMARISED_FROM != 1:
        return
    said = await past(at)
    if said.due:
        await summarise(at, said)


def _summary(at: At) -> Summary | None:
    row = at.conversation.get("summary")
    return Summary(row["first"], row["last"], row["text"]) if row and row["text"] else None


def _extract(before: str, lines: Sequence[str]) -> str:
    """Keep the newest lines, as many as there is room for, and say so where others are left out."""
    told = [*before.splitlines(), *lines]
    begin, room = len(told) - 1, SUMMARY_TOKENS - tokens(LEFT_OUT) - tokens(told[-1])
    while begin and (room := room - tokens(told[begin - 1])) >= 0:
        begin -= 1
    return "\n".join([LEFT_OUT, *told[begin:]] if begin else told)
