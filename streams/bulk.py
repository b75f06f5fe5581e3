"""Many commands in one upload: a line each, asked while they arrive, and answered in their order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import orjson
from fastapi import Request

from infra import telemetry
from schemas.domains import COMMANDS
from schemas.message import Asked, Outcome, Position
from schemas.problems import Problem
from schemas.rights import ASKED_WITH_BODY
from streams import behalf
from streams.answer import location, pending, refusal
from streams.forms import Identity
from streams.lane import Letter
from streams.request import BODY_BYTES, Terms, asked, idempotency_key

UPLOAD_BYTES = 64_000_000
LINES = 100_000

AT_ONCE = 500
"""Lines encoded in one go: about 20 ms, in which the process answers nobody else."""


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One command: its type, the body that its own route takes, and what stands in headers there."""

    type: str
    body: msgspec.Raw
    idempotency_key: str | None = None
    expected_version: Annotated[int, msgspec.Meta(ge=0, le=999_999_999)] | None = None


_line = msgspec.json.Decoder(Line)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A line's command, ready to be produced."""

    number: int
    asked: Asked
    letter: Letter


class Upload:
    """One request's lines, and what is known of each."""

    def __init__(self, identity: Identity, terms: Terms) -> None:
        self._identity = identity
        self._door = identity.door
        self._terms = terms
        self._traceparent = telemetry.traceparent()
        self._answers: list[bytes] = []
        self._told: dict[str, asyncio.Future[Outcome]] = {}
        self._places: dict[str, Position] = {}
        self._waiting: list[tuple[int, int, str]] = []

    async def answer(self, request: Request) -> bytes:
        """Ask every line and answer it with a line, in their order."""
        with ExitStack() as waiting:
            asking: asyncio.Task[None] | None = None
            try:
                async for numbered in lines(request):
                    encoded = [await self._encode(number, line, waiting) for number, line in numbered]
                    # Lines are encoded while Kafka acknowledges those before.
                    if asking is not None:
                        await asking
                    asking = asyncio.create_task(self._ask(encoded))
            finally:
                if asking is not None:
                    await asking
            await self._wait()
        return b"".join(self._answers)

    async def _encode(self, number: int, line: bytes | Problem, waiting: ExitStack) -> Encoded | bytes:
        """Make a command of a line; its answer, if it is none."""
        try:
            one = await behalf.allowed(self._identity, self._terms.caller, self._read(number, line))
            if self._terms.wait and one.meta.id not in self._told:
                self._told[one.meta.id] = waiting.enter_context(self._door.waiting.for_outcome(one))
            return Encoded(number, one, await self._door.letter(one, self._traceparent, reply=bool(self._terms.wait)))
        except Problem as problem:
            return _wrong(number, problem)

    def _read(self, number: int, line: bytes | Problem) -> Asked:
        """Read a line as its own route reads a request. Raises Problem."""
        if isinstance(line, Problem):
            raise line
        try:
            said = _line.decode(line)
        except msgspec.ValidationError as error:
            told = f'Make each line {{"type": "resource.tag", "body": {{…}}}}, as the API document has it: {error}.'
            raise Problem("body_invalid", told) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Problem("body_unreadable", f"Send each line as one JSON object in UTF-8: {error}.") from None
        kind_of = COMMANDS.get(said.type)
        if kind_of not in ASKED_WITH_BODY:
            told = "Choose one of the types of command that the API document lists."
            raise Problem("command_type_unknown", told)
        terms = Terms(self._terms.caller, self._key(number, said), said.expected_version, self._terms.wait)
        return asked(kind_of, bytes(said.body), terms)

    def _key(self, number: int, line: Line) -> str | None:
        """Give a line's key: its own, else its number under the upload's, so that the whole may be sent again."""
        if line.idempotency_key is not None:
            return idempotency_key(line.idempotency_key)
        return self._terms.idempotency_key and f"{self._terms.idempotency_key} {number}"

    async def _ask(self, lines: list[Encoded | bytes]) -> None:
        places = iter(await self._door.asker.ask_all([line.letter for line in lines if isinstance(line, Encoded)]))
        for line in lines:
            self._answers.append(line if isinstance(line, bytes) else self._placed(line, next(places)))

    def _placed(self, line: Encoded, place: Position | Problem) -> bytes:
        if isinstance(place, Problem):
            return _wrong(line.number, place)
        command_id = line.asked.meta.id
        if self._terms.wait:
            self._places[command_id] = place
            self._waiting.append((len(self._answers), line.number, command_id))
        return _text(line.number, 202, location=location(line.asked, place), outcome=pending(line.asked))

    async def _wait(self) -> None:
        """Let outcomes take the place of answers that have none yet."""
        if not self._waiting:
            return
        told = {command_id: self._told[command_id] for command_id in self._places}
        until = asyncio.get_running_loop().time() + self._terms.wait
        outcomes = await self._door.outcomes(told, self._places, until)
        for n, number, command_id in self._waiting:
            outcome = outcomes.get(command_id)
            if outcome is not None:
                self._answers[n] = _judged(number, outcome)


async def lines(request: Request) -> AsyncIterator[list[tuple[int, bytes | Problem]]]:
    """Give the lines of a body as they arrive, numbered from 1, some at a time; an empty line asks nothing."""
    rest = b""
    number = size = 0
    async for part in request.stream():
        size += len(part)
        *whole, rest = (rest + part).split(b"\n") if part else (rest, b"")
        # A line too long for us is cut where that is certain, so that it fits in memory.
        rest = rest[: BODY_BYTES + 1]
        numbered = [(n, _bounded(line)) for n, line in enumerate(whole, number + 1) if line.strip()]
        number += len(whole)
        for first in range(0, len(numbered), AT_ONCE):
            yield numbered[first : first + AT_ONCE]
        if size > UPLOAD_BYTES or number > LINES:
            told = f"Send at most {UPLOAD_BYTES} bytes and {LINES} lines at once; nothing from here on was read."
            yield [(number + 1, Problem("body_too_large", told))]
            return


def _bounded(line: bytes) -> bytes | Problem:
    if len(line) > BODY_BYTES:
        return Problem("body_too_large", f"Send at most {BODY_BYTES} bytes in one line.")
    return line


def _judged(number: int, outcome: Outcome) -> bytes:
    problem = refusal(outcome)
    if problem is not None:
        return _wrong(number, problem)
    return _text(number, 200, outcome=outcome.model_dump())


def _wrong(number: int, problem: Problem) -> bytes:
    return _text(number, problem.status, problem=problem.body(telemetry.trace_id() or ""))


def _text(number: int, status: int, **members: Any) -> bytes:
    return orjson.dumps({"line": number, "status": status, **members}, option=orjson.OPT_APPEND_NEWLINE)
