"""What a request asks: its headers and body read as a command, or one clear problem with them."""

import hashlib
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import orjson
import uuid_utils
from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from infra.auth import CAUSE, Caller, Cause, caller
from infra.depth import require_shallow
from infra.direct import preferred_wait
from schemas.asking import FILLED_BY_DOOR, NAMED_BY_DOOR, named
from schemas.message import Actor, Asked, Command, CommandMeta
from schemas.problems import Problem, pointer
from schemas.rights import RIGHTS

BODY_BYTES = 1_000_000

Body = TypeVar("Body", bound=BaseModel)

_ONCE = {
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"idempotency-key",
    b"if-match",
    b"traceparent",
}
_STRONG = re.compile(r'"([\x21\x23-\x7e]*)"')
_WEAK = re.compile(r'W/"[\x21\x23-\x7e]*"')
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_NUL = b"\\u0000"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request says beside its body; `wait` in seconds."""

    caller: Caller
    idempotency_key: str | None
    expected_version: int | None
    wait: float
    cause: Cause | None = None

    @property
    def actor(self) -> Actor:
        return self.caller.actor


def terms(request: Request, media_type: str, limit: int, asking: Caller | None = None) -> Terms:
    """Read the headers of a request with a body of this type and at most so many bytes. Raises Problem.

    `asking` stands in for a caller who need not show who they are.
    """
    said: dict[bytes, str] = {}
    prefer: list[str] = []
    for name, value in request.scope["headers"]:
        if name in _ONCE:
            if name in said:
                raise Problem("header_invalid", f"Send the header {name.decode().title()} once.")
            said[name] = value.decode("latin-1")
        elif name == b"prefer":
            prefer.append(value.decode("latin-1"))
    asking = asking or caller(request)
    _check_type(said, media_type)
    length = said.get(b"content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    return Terms(
        asking,
        idempotency_key(said[b"idempotency-key"]) if b"idempotency-key" in said else None,
        _version(said[b"if-match"]) if b"if-match" in said else None,
        (preferred_wait(prefer) or 0) if prefer else 0,
        request.scope.get(CAUSE),
    )


async def read(request: Request) -> bytes:
    """Read a whole body. Raises Problem."""
    body: bytes = b""
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > BODY_BYTES:
            raise _too_large(BODY_BYTES)
        if not message.get("more_body", False):
            return body


def asked(kind_of: type[Command], body: bytes, terms: Terms) -> Asked:
    """Read a body as a command of a class, that the caller may ask, and give it its ids. Raises Problem."""
    given, canonical = read_object(body)
    key, actor = terms.idempotency_key, terms.actor
    naming = NAMED_BY_DOOR.get(kind_of)
    complete = canonical
    if naming is not None and naming not in given:
        complete = orjson.dumps(given | {naming: named(actor.id, key, kind_of.type) if key else random_id()})
    command = _command(kind_of, complete)
    terms.caller.require_right(RIGHTS[kind_of], kind_of.type.partition(".")[0], command.subject)
    command_id = named(actor.id, key, kind_of.type, command.subject) if key else random_id()
    meta = CommandMeta.unchecked(
        id=command_id,
        type=kind_of.type,
        subject=command.subject,
        time=time.time_ns() // 1_000_000,
        actor=actor,
        expected_version=terms.expected_version,
        correlation_id=terms.cause.correlation_id if terms.cause else command_id,
        causation_id=terms.cause.causation_id if terms.cause else None,
        digest=_digest(kind_of.type, canonical, terms.expected_version),
    )
    return Asked(meta, command)


def idempotency_key(text: str) -> str:
    """Read a key; in quotes, as the standard in the making wants it, it is the same as without. Raises Problem."""
    if _KEY.fullmatch(text) is None:
        raise Problem("header_invalid", "Let the idempotency key hold 1 to 200 visible ASCII characters.")
    return text[1:-1] if text[0] == text[-1] == '"' and len(text) > len('""') else text


def _check_type(said: dict[bytes, str], media_type: str) -> None:
    if not _is(said.get(b"content-type", ""), media_type):
        raise Problem("content_type_unsupported", f"Send the body as Content-Type: {media_type}, in UTF-8.")
    if said.get(b"content-encoding", "identity").lower() != "identity":
        raise Problem("content_type_unsupported", "Send the body without Content-Encoding.")


@lru_cache(maxsize=100)
def _is(content_type: str, media_type: str) -> bool:
    given, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    return given.strip().lower() == media_type and charset in ("", "utf-8")


def _version(text: str) -> int:
    """Read If-Match as the version it names (RFC 9110 §13.1.1)."""
    strong = _STRONG.fullmatch(text.strip())
    if strong is not None and re.fullmatch(r"\d{1,9}", strong[1]):
        return int(strong[1])
    if strong is not None or _WEAK.fullmatch(text.strip()):
        raise Problem(
            "version_conflict", 'Let If-Match name the ETag of a read, such as "3"; this one matches nothing.'
        )
    raise Problem("header_invalid", 'Let If-Match be one strong entity tag, such as "3", or leave it out.')


def read_object(body: bytes) -> tuple[dict[str, Any], bytes]:
    """Give a body as an object and in its canonical form, in which equal requests are equal. Raises Problem."""
    require_shallow(body)
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem("body_unreadable", f"Send JSON in UTF-8: {error}.") from None
    if not isinstance(given, dict):
        raise _invalid([{"pointer": "#", "detail": "Send a JSON object"}])
    try:
        canonical = orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise _invalid([{"pointer": "#", "detail": "Nest values less deep"}]) from None
    if _NUL in canonical and _NUL in canonical.replace(b"\\\\", b""):
        raise _invalid([{"pointer": "#", "detail": "Leave out the character U+0000, no text may hold it"}])
    return given, canonical


def validated(kind_of: type[Body], body: bytes) -> Body:
    """Read JSON as a class. Raises Problem."""
    try:
        return kind_of.model_validate_json(body, strict=True)
    except ValidationError as error:
        said = error.errors(include_url=False, include_context=False, include_input=False)
        raise _invalid([{"pointer": pointer(each["loc"]), "detail": each["msg"]} for each in said]) from None


def _command(kind_of: type[Command], body: bytes) -> Command:
    command = validated(kind_of, body)
    if FILLED_BY_DOOR in command.model_fields_set:
        raise _invalid([{"pointer": f"#/{FILLED_BY_DOOR}", "detail": "Leave it out, the door fills it in"}])
    return command


def _invalid(errors: list[dict[str, str]]) -> Problem:
    return Problem("body_invalid", f"{errors[0]['pointer']}: {errors[0]['detail']}.", errors=errors)


def random_id() -> str:
    """Make an id that nobody else has or will have; later ones sort after earlier ones."""
    return str(uuid_utils.uuid7())


def _digest(kind_of: str, canonical: bytes, expected_version: int | None) -> str:
    """Fingerprint what is asked, before the door adds anything: the same request asked later has the same one."""
    asked = f"{kind_of} {expected_version} ".encode() + canonical
    return hashlib.blake2b(asked, digest_size=16).hexdigest()


def _too_large(limit: int) -> Problem:
    return Problem("body_too_large", f"Send at most {limit} bytes in one body.")
