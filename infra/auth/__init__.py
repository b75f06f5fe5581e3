"""Who asks, and what they may: what every route knows of its caller."""

from dataclasses import dataclass
from typing import NamedTuple

from fastapi.security import HTTPBearer, OAuth2PasswordBearer
from starlette.requests import HTTPConnection
from starlette.types import Scope

from schemas.message import Actor
from schemas.problems import Problem
from schemas.rights import Right, permits

TOKEN_PATH = "/v1/token"  # noqa: S105 - a path

signed_in = OAuth2PasswordBearer(
    tokenUrl=TOKEN_PATH,
    refreshUrl=TOKEN_PATH,
    scheme_name="SignIn",
    description="Sign in here with the address and password of an account.",
    auto_error=False,
)

bearer = HTTPBearer(
    scheme_name="Bearer",
    description="An access token, as signing in gives it, or an API key.",
    auto_error=False,
)

CALLER = "annal.caller"
"""Where a request's scope holds its Caller, the Problem with its credentials, or None when it shows none."""

CAUSE = "annal.cause"
"""Where a request's scope holds its Cause, if one of ours asks because of a fact; none from outside has it."""

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="annal"'}

BEARER_PROTOCOL = "annal.bearer."
"""How the subprotocol begins that a page names for a WebSocket, before its token: it can send no headers."""


class Cause(NamedTuple):
    """Why a command is asked: the request that it goes back to, and the id of the fact that led to it."""

    correlation_id: str
    causation_id: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. A permission is had if every set of `grants` includes it: an account's, and those of the key it uses.

    `session` and `key` are the ids of that with which the caller signed in, if it was one.
    """

    actor: Actor
    grants: tuple[frozenset[str], ...]
    session: str | None = None
    key: str | None = None
    per_minute: int | None = None

    def may(self, permission: str) -> bool:
        return all(permits(granted, permission) for granted in self.grants)

    def require(self, permission: str) -> None:
        """Raise Problem unless the caller has a permission."""
        if not self.may(permission):
            raise _forbidden(permission)

    def require_right(self, right: Right, domain: str, subject: str) -> None:
        """Raise Problem unless the caller may ask a command about a subject."""
        if right.permission is None or self.may(right.permission):
            return
        own = f"{domain}:own"
        # Whose these are is decided with the command; an account is its own subject.
        theirs = domain in ("session", "apikey", "character", "conversation") or subject == self.actor.id
        if not (right.own and theirs and self.may(own)):
            raise _forbidden(right.permission)


def shown(scope: Scope) -> str | None:
    """Give the credentials that a request shows, as the header Authorization has them."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value, "latin-1")
    for protocol in scope.get("subprotocols", ()):
        if protocol.startswith(BEARER_PROTOCOL):
            return f"Bearer {protocol.removeprefix(BEARER_PROTOCOL)}"
    return None


def caller(request: HTTPConnection) -> Caller:
    """Say who asks. Raises Problem for a request without credentials, or with wrong ones."""
    found = request.scope.get(CALLER)
    if isinstance(found, Caller):
        return found
    if isinstance(found, Problem):
        raise found
    told = "Sign in at /v1/sessions and send the access token as `Authorization: Bearer …`, or an API key likewise."
    raise Problem("credentials_missing", told, headers=CHALLENGE)


def _forbidden(permission: str) -> Problem:
    return Problem(
        "permission_missing",
        f"This takes the permission {permission}, which you do not have; ask for a role that gives it.",
        permission=permission,
    )
