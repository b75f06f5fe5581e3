"""Who asks: until identity exists, whoever the header `Annal-Actor` names; doors therefore listen on loopback only."""

from functools import lru_cache

from fastapi import Request
from fastapi.security import APIKeyHeader
from pydantic import TypeAdapter, ValidationError

from schemas.message import Actor, Subject
from schemas.problems import Problem

HEADER = "Annal-Actor"

named = APIKeyHeader(
    name=HEADER,
    scheme_name="Actor",
    description="The id of who asks, such as `alice`. It is believed as it is, until identity exists.",
    auto_error=False,
)

_account = TypeAdapter(Subject)


def actor(request: Request) -> Actor:
    """Say who asks. Raises Problem."""
    given = request.headers.getlist(HEADER)
    if len(given) > 1:
        raise Problem("header_invalid", f"Send the header {HEADER} once.")
    return named_actor(given[0] if given else "", request.client.host if request.client else None)


@lru_cache(maxsize=10_000)
def named_actor(account: str, address: str | None) -> Actor:
    """Give the actor that the header names. Raises Problem."""
    if not account:
        raise Problem("actor_missing", f"Name who asks in the header {HEADER}, such as '{HEADER}: alice'.")
    try:
        return Actor(id=_account.validate_python(account), address=address)
    except ValidationError:
        raise Problem(
            "actor_invalid",
            f"Let {HEADER} begin with a letter or digit and hold up to 200 letters, digits or any of . _ : @ -",
        ) from None
