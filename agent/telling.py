"""A turn as those hear it who listen: events in the shapes of AG-UI (docs.ag-ui.com), none of which is ever stored.

The thread is the conversation, and the run the turn; its id is that of the message's fact.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.at import Said
from agent.recording import Recording

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
    id_ = recording.id("message")
    pieces = [{"type": "TEXT_MESSAGE_CONTENT", "messageId": id_, "delta": piece} for piece in _pieces(text)]
    begin = {"type": "TEXT_MESSAGE_START", "messageId": id_, "role": "assistant"}
    return [begin, *pieces, {"type": "TEXT_MESSAGE_END", "messageId": id_}]


def called(said: Said) -> list[Event]:
    """Tell the commands that were asked, and what came of them."""
    events: list[Event] = []
    for receipt in said.receipts:
        call = receipt.command_id
        events += [
            {"type": "TOOL_CALL_START", "toolCallId": call, "toolCallName": receipt.type},
            {"type": "TOOL_CALL_END", "toolCallId": call},
            {"type": "TOOL_CALL_RESULT", "toolCallId": call, "content": receipt.model_dump_json(), "messageId": call},
        ]
    return events


def finished(recording: Recording, said: Said) -> list[Event]:
    """Tell that the turn is over: on record, or waiting for the person's consent to what was proposed."""
    outcome: Mapping[str, Any] = {"type": "success"}
    if said.proposed is not None:
        proposal_id, digest = said.proposed
        interrupt = {"id": proposal_id, "reason": "confirmation_required", "message": said.text}
        outcome = {"type": "interrupt", "interrupts": [{**interrupt, "metadata": {"digest": digest}}]}
    return [{"type": "RUN_FINISHED", **_run(recording), "outcome": outcome}]


def failed(recording: Recording, code: str, detail: str) -> list[Event]:
    return [{"type": "RUN_ERROR", **_run(recording), "code": code, "message": detail}]


def _run(recording: Recording) -> Mapping[str, Any]:
    return {"threadId": recording.message.subject, "runId": recording.message.id}


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
