"""A request at a form: read, fingerprinted with a key, and known by who asks it and from where."""

import asyncio
import hashlib
from collections.abc import Awaitable
from contextlib import suppress

import orjson
import structlog
from fastapi import Request, Response

from infra.auth import Caller
from infra.auth.doorkeeper import ANONYMOUS, network_of
from schemas.message import Actor, Outcome, Position
from schemas.problems import Problem
from schemas.rights import Right
from streams.answer import known, location, pending
from streams.forms import FORM_BYTES, Form, Identity, Unanswered, UntoldForm, Visit
from streams.request import Body, read, read_object, terms, validated

JSON = "application/json"

log = structlog.get_logger()

ANYBODY = Caller(Actor(id=ANONYMOUS), ())
"""Who asks what takes no credentials."""


async def visit(
    identity: Identity, request: Request, body: type[Body], right: Right, limit: int = FORM_BYTES
) -> tuple[Visit, Body]:
    """Read a request at a form. Raises Problem."""
    said = terms(request, JSON, limit, None if right.permission is not None else ANYBODY)
    text = await read(request)
    _, canonical = read_object(text)
    sent = validated(body, text)
    # What is sent may be a password: a fingerprint without a key would let everyone guess it.
    key = await identity.vault.secret("request")
    digest = hashlib.blake2b(canonical, digest_size=16, key=key).hexdigest()
    return Visit(identity, said, network_of(request.scope), digest), sent


async def at_form(identity: Identity, form: Form[Body], request: Request) -> Response:
    """Answer a request at a form."""
    here, sent = await visit(identity, request, form.body, form.right, form.limit)
    here.terms.caller.require_right(form.right, form.domain, here.terms.actor.id)
    try:
        answer = await form.ask(here, sent)
    except Unanswered as late:
        headers = {"Location": location(late.asked, late.place)}
        return Response(orjson.dumps(pending(late.asked)), 202, headers, JSON)
    await _shown(identity, answer.outcome)
    body = answer.outcome.model_dump() | answer.told
    return Response(orjson.dumps(body), 200, {**known(answer.outcome), "Cache-Control": "no-store"}, JSON)


async def _shown(identity: Identity, outcome: Outcome) -> None:
    """Answer once the next form knows what this one did; should that take too long, it is done all the same."""
    if outcome.position is not None:
        await identity.known.reach(Position.parse(outcome.position))
        with suppress(Problem):
            await identity.people.reach(outcome.position)


class Untold:
    """Forms that tell nothing of what becomes of them: they are done when they have been answered."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._doing: set[asyncio.Task[None]] = set()

    async def at_form(self, form: UntoldForm[Body], request: Request) -> Response:
        here, sent = await visit(self._identity, request, form.body, Right(None))
        task = asyncio.create_task(_do(form.ask(here, sent), form.name))
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
        return Response(orjson.dumps({"status": "asked"}), 202, {"Cache-Control": "no-store"}, JSON)

    async def stop(self) -> None:
        if self._doing:
            await asyncio.wait(self._doing)


async def _do(asking: Awaitable[None], type_: str) -> None:
    try:
        await asking
    except (Problem, Unanswered) as error:
        log.info("nothing came of a form", type=type_, reason=type(error).__name__)
    except Exception:
        log.exception("a form failed", type=type_)
