"""What the agent remembers of a person: written and forgotten when they say so, shown when they ask."""

import re

from msgspec.structs import replace

from agent.acting import do
from agent.at import At, Said
from schemas.conversation import Citation, Forget, Remembered, Used

_ASKED = re.compile(
    r"^\W*(?:please\s+)?(?:remember|note|keep in mind|don'?t forget|for the future)\b[\s:,]*(?:this\b[\s:,]*)?"
    r"(?:that\b)?",
    re.IGNORECASE,
)
_MINE = (
    (re.compile(r"\bI am\b|\bI'm\b", re.IGNORECASE), "you are"),
    (re.compile(r"\bI\b"), "you"),
    (re.compile(r"\bmy\b", re.IGNORECASE), "your"),
)
MOST_SHOWN = 20


async def remember(at: At) -> Said:
    """Remember what the message says."""
    text = _ASKED.sub("", at.text).strip(" .!:,")
    sealed = at.recording.seal("memory", text) if text else None
    if sealed is None:
        return Said("What shall I remember?", at.dialogue)
    memory_id = at.recording.id("memory")
    remembered = Remembered(memory_id=memory_id, text=sealed)
    told = f"I will remember that {_yours(text)}. Say “forget that” and I do not."
    return Said(told, replace(at.dialogue, memory_id=memory_id), remembered=(remembered,))


async def recall(at: At) -> Said:
    """Say all that is remembered of the person."""
    answer = await at.doors.get("/v1/memories")
    items = answer.body["items"] if answer.good else []
    if not items:
        return Said("I remember nothing about you but this conversation.", at.dialogue)
    lines = [f"- {_yours(row['text'] or '')} (you said so on {row['written_time'][:10]})" for row in items[:MOST_SHOWN]]
    cited = tuple(Citation(kind="memory", id=row["memory_id"], place=row["position"]) for row in items[:MOST_SHOWN])
    used = tuple(
        Used(
            kind="memory",
            id=row["memory_id"],
            digest=at.recording.fingerprint("memory", row["text"]),
            place=row["position"],
            foreign=False,
        )
        for row in items[:MOST_SHOWN]
    )
    over = len(items) - len(lines)
    lines += [f"And {over} older one{'s' * (over != 1)}, which stand in the list at /v1/memories."] if over > 0 else []
    told = "\n".join(["I remember of you:", *lines])
    return Said(told, replace(at.dialogue, memory_id=items[0]["memory_id"]), cited, used=used)


async def forget(at: At) -> Said:
    """Forget what was remembered, or shown, last."""
    answer = await at.doors.get("/v1/memories")
    items = answer.body["items"] if answer.good else []
    wanted = at.dialogue.memory_id or (items[0]["memory_id"] if items else "")
    row = next((each for each in items if each["memory_id"] == wanted), None)
    if row is None:
        return Said("I remember nothing that you could mean.", at.dialogue)
    action = at.actions[Forget.type]
    said = await do(at, action, {"conversation_id": row["conversation_id"], "memory_id": row["memory_id"]})
    if not said.receipts or said.receipts[0].status == "rejected":
        return said
    told = f"Forgotten: that {_yours(row['text'] or '')}."
    return Said(told, replace(said.dialogue, memory_id=""), receipts=said.receipts)


def _yours(text: str) -> str:
    """Say to a person what they said of themselves."""
    for pattern, word in _MINE:
        text = pattern.sub(word, text)
    return text
