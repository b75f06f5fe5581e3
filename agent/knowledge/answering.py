"""Answers a question with sentences of what the person may read, quoted as they stand, each with where it stands.

What is quoted is data: it is told, and nothing that it says is done.
"""

import asyncio
from collections.abc import Iterable, Sequence

from agent.at import At, Said
from agent.knowledge.extracting import Sentence, best
from agent.knowledge.passage import Passage
from agent.knowledge.question import subject_of
from agent.recording import digest
from schemas.conversation import Citation, Used

MOST_OFFERED = 3


async def answer(at: At) -> Said:
    """Answer what is asked, or say what is nearest to it. Raises Problem."""
    subject = subject_of(at.text)
    passages = await at.search(at.doors, subject)
    found = await asyncio.to_thread(best, subject, passages)
    if not found:
        return Said(_nothing(passages), at.dialogue, used=_used(passages[:MOST_OFFERED]))
    told = "\n".join(f"“{_in_one_line(each.text)}” [{each.passage.id}#{_place(each)}]" for each in found)
    cited = tuple(citation for each in found for citation in _citations(each))
    return Said(told, at.dialogue, tuple(dict.fromkeys(cited)), used=_used(each.passage for each in found))


def _nothing(passages: Sequence[Passage]) -> str:
    titles = list(dict.fromkeys(f"“{each.title}” [{each.id}]" for each in passages))[:MOST_OFFERED]
    told = "Nothing that you may read answers that."
    return f"{told} Nearest to it: {', '.join(titles)}." if titles else told


def _citations(sentence: Sentence) -> Iterable[Citation]:
    passage = sentence.passage
    yield Citation(kind="document", id=passage.id, place=_place(sentence))
    if passage.position is not None:
        yield Citation(kind="fact", id=passage.id, place=passage.position)


def _used(passages: Iterable[Passage]) -> tuple[Used, ...]:
    return tuple(
        Used(kind="document", id=each.id, digest=digest(each.text), place=f"{each.start}-{each.end}")
        for each in dict.fromkeys(passages)
    )


def _place(sentence: Sentence) -> str:
    return f"{sentence.start}-{sentence.end}"


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
