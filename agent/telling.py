"""A turn as those hear it who listen: events in the shapes of AG-UI (docs.ag-ui.com), none of which is ever stored.

The thread is the conversation, and the run the turn; its id is that of the message's fact.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import uuid_utils

from agent.at import Said
from agent.recording import Recording
from schemas.conversation import Receipt

Event = Mapping[str, Any]

CHANNEL = "annal.told."
"""How the Redis channel begins on which a conversation is told of."""

PIECE = 24
"""Characters of a text that is known at once and told in pieces."""


def started(recording: Recording) -> list[Event]:
    return [{"type": "RUN_STARTED", **_run(recording)}]


def understood(intent: str) -> list[Event]:
    return [{"type": "STEP_STARTED", "stepName": intent}, {"type": "STEP_FINISHED", "stepName": intent}]


def message(recording: Recording, text: str) -> list[Event]:
    """Tell a text in pieces."""
    return _text(recording.id("message"), text)


def _text(id_: str, text: str) -> list[Event]:
    pieces = [{"type": "TEXT_MESSAGE_CONTENT", "messageId": id_, "delta": piece} for piece in _pieces(text)]
    begin = {"type": "TEXT_MESSAGE_START", "messageId": id_, "role": "assistant"}
    return [begin, *pieces, {"type": "TEXT_MESSAGE_END", "messageId": id_}]


def called(said: Said) -> list[Event]:
    """Tell the commands that were asked, and what came of them."""
    return _receipts(said.receipts)


def _receipts(receipts: Sequence[Receipt]) -> list[Event]:
    events: list[Event] = []
    for receipt in receipts:
        call = receipt.command_id
        events += [
            {"type": "TOOL_CALL_START", "toolCallId": call, "toolCallName": receipt.type},
            {"type": "TOOL_CALL_END", "toolCallId": call},
            {"type": "TOOL_CALL_RESULT", "toolCallId": call, "content": receipt.model_dump_json(), "messageId": call},
        ]
    return events


def finished(recording: Recording, said: Said) -> list[Event]:
    """Tell that the turn is over, on record or waiting for the person's consent, and what the answer rests on."""
    cited = {"citations": [each.model_dump() for each in said.citations]}
    return [{"type": "RUN_FINISHED", **_run(recording), "outcome": _outcome(said.proposed, said.text), "result": cited}]


def _outcome(proposed: tuple[str, str] | None, text: str) -> Mapping[str, Any]:
    if proposed is None:
        return {"type": "success"}
    proposal_id, digest = proposed
    interrupt = {
        "id": proposal_id,
        "reason": "confirmation_required",
        "message": text,
        "responseSchema": {
            "type": "object",
            "properties": {"approved": {"type": "boolean"}, "digest": {"const": digest}},
            "required": ["approved", "digest"],
        },
        "metadata": {"digest": digest},
    }
    return {"type": "interrupt", "interrupts": [interrupt]}


def recalled(turn: Mapping[str, Any]) -> list[Event]:
    """Tell a turn that was answered as the read door gives it: what was done, what was said, and that it is over."""
    text = turn["reply"] or "\n\n".join(answer["text"] or "" for answer in turn["answers"])
    proposal = turn["proposal"]
    proposed = (proposal["proposal_id"], proposal["digest"]) if proposal is not None else None
    return [
        *_receipts([Receipt(**receipt) for receipt in turn["receipts"]]),
        *_text(str(uuid_utils.uuid5(uuid_utils.UUID(turn["fact_id"]), "message")), text),
        {
            "type": "RUN_FINISHED",
            **_run_of(turn),
            "outcome": _outcome(proposed, text),
            "result": {"citations": turn["citations"]},
        },
    ]


def taken_over(turn: Mapping[str, Any], by: str) -> list[Event]:
    """Tell that a person answers this in the agent's stead, whenever they do."""
    handover = {"type": "CUSTOM", "name": "taken_over", "value": {"by": by}}
    return [handover, {"type": "RUN_FINISHED", **_run_of(turn), "outcome": {"type": "success"}}]


def failed(recording: Recording, code: str, detail: str) -> list[Event]:
    return [{"type": "RUN_ERROR", **_run(recording), "code": code, "message": detail}]


def _run(recording: Recording) -> Mapping[str, Any]:
    return {"threadId": recording.message.subject, "runId": recording.message.id}


def _run_of(turn: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"threadId": turn["conversation_id"], "runId": turn["fact_id"]}


def _pieces(text: str) -> Iterator[str]:
    """Cut at blanks, about every so many characters."""
    words: Sequence[str] = text.split(" ")
    piece = ""
    for n, word in enumerate(words):
        piece += word if n == len(words) - 1 else f"{word} "
        if len(piece) >= PIECE:
            yield piece
            piece = ""
    if piece:
        yield piece
