"""Who may ask what: the permission that each command takes, and in which form people ask it.

A door checks the permission of whoever asks, which their roles give, before anything else; ownership and sharing are
decided with the command, by the rules of its domain. A right that is `own` is had by the account itself, with the
permission `<domain>:own`; of others it takes the permission named.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from schemas import account, address, apikey, audit, character, conversation, login, projection, role, session, totp
from schemas.domains import COMMANDS
from schemas.message import Command

Form = Literal["body", "form", "inside"]
"""How it is asked: its fields are the body; a door makes it of what people send; only doors and policies ask it."""


class Right(NamedTuple):
    """What a command takes; without `permission` anybody may ask, and proves by a secret in the form to be who may."""

    permission: str | None
    own: bool = False
    form: Form = "body"


_INSIDE = (
    *address.DOMAIN.commands,
    *login.DOMAIN.commands,
    *audit.DOMAIN.commands,
    *projection.DOMAIN.commands,
    account.NoteVerified,
    account.LoseAddress,
    account.AskAddressChange,
    account.RehashPassword,
    session.OpenSession,
    session.RefreshSession,
    totp.UseTotp,
    totp.UseRecoveryCode,
    apikey.NoteUse,
    *conversation.RECORDED,
)

_OWN_FORMS = (
    account.ChangeProfile,
    account.SetPassword,
    totp.EnrolTotp,
    totp.EnableTotp,
    totp.RenewRecoveryCodes,
    totp.DisableTotp,
    apikey.CreateKey,
    apikey.RerollKey,
    conversation.Say,
    character.LoadCharacter,
)

_OWN = (
    account.RevokeSessions,
    account.CloseAccount,
    account.EraseAccount,
    session.RevokeSession,
    apikey.RevokeKey,
    conversation.OpenConversation,
    conversation.Forget,
    conversation.RequestHandover,
    character.RetireCharacter,
)

_FORMS = (conversation.Answer,)

_PROVED = (
    account.OpenAccount,
    account.ConfirmAddressChange,
    account.AskPasswordReset,
    account.ResetPassword,
)


def _right(command: type[Command]) -> Right:
    permission = command.type.replace(".", ":")
    if command in _INSIDE:
        return Right(permission, form="inside")
    if command in _PROVED:
        return Right(None, form="form")
    if command in _OWN_FORMS:
        return Right(permission, own=True, form="form")
    form: Form = "form" if command in _FORMS else "body"
    return Right(permission, own=command in _OWN, form=form)


RIGHTS: dict[type[Command], Right] = {command: _right(command) for command in COMMANDS.values()}

ASKED_WITH_BODY = tuple(command for command, right in RIGHTS.items() if right.form == "body")
"""The commands that people ask as they are."""


class Query(NamedTuple):
    """What a query takes, and the domain whose `own` it is."""

    right: Right
    domain: str


_ACCOUNT = Query(Right("account:read", own=True), "account")

QUERIES: dict[str, Query] = {
    "/v1/accounts": Query(Right("account:read"), "account"),
    "/v1/accounts/me": Query(Right("account:own"), "account"),
    "/v1/accounts/{account_id}": _ACCOUNT,
    "/v1/accounts/{account_id}/export": _ACCOUNT,
    "/v1/accounts/{account_id}/history": _ACCOUNT,
    "/v1/apikeys": Query(Right("apikey:read", own=True), "apikey"),
    "/v1/conversations": Query(Right("conversation:read", own=True), "conversation"),
    "/v1/conversations/{conversation_id}": Query(Right("conversation:read", own=True), "conversation"),
    "/v1/conversations/{conversation_id}/events": Query(Right("conversation:own"), "conversation"),
    "/v1/conversations/{conversation_id}/turns": Query(Right("conversation:read", own=True), "conversation"),
    "/v1/conversations/{conversation_id}/turns/{turn}": Query(Right("conversation:read", own=True), "conversation"),
    "/v1/characters": Query(Right("character:read"), "character"),
    "/v1/characters/{character_id}": Query(Right("character:read"), "character"),
    "/v1/characters/{character_id}/export": Query(Right("character:export", own=True), "character"),
    "/v1/characters/{character_id}/versions/{version}": Query(Right("character:read"), "character"),
    "/v1/facts": Query(Right("facts:subscribe"), "facts"),
    "/v1/audit": Query(Right("audit:read"), "audit"),
    "/v1/audit/commands/{command_id}": Query(Right("audit:read"), "audit"),
    "/v1/audit/export": Query(Right("audit:read"), "audit"),
    "/v1/audit/subjects/{domain}/{subject}": Query(Right("audit:read"), "audit"),
    "/v1/audit/subjects/{domain}/{subject}/changes": Query(Right("audit:read"), "audit"),
    "/v1/audit/subjects/{domain}/{subject}/diff": Query(Right("audit:read"), "audit"),
    "/v1/checkpoints": Query(Right("audit:read"), "audit"),
    "/v1/checkpoints/{number}": Query(Right("audit:read"), "audit"),
    "/v1/kinds": Query(Right("kind:read"), "kind"),
    "/v1/kinds/{kind}": Query(Right("kind:read"), "kind"),
    "/v1/kinds/{kind}/versions/{version}": Query(Right("kind:read"), "kind"),
    "/v1/logins": Query(Right("audit:read", own=True), "account"),
    "/v1/memories": Query(Right("conversation:own"), "conversation"),
    "/v1/resources": Query(Right("resource:read"), "resource"),
    "/v1/resources/{resource_id}": Query(Right("resource:read"), "resource"),
    "/v1/resources/{resource_id}/changes": Query(Right("resource:read"), "resource"),
    "/v1/resources/{resource_id}/diff": Query(Right("resource:read"), "resource"),
    "/v1/resources/{resource_id}/history": Query(Right("resource:read"), "resource"),
    "/v1/roles": Query(Right("role:read"), "role"),
    "/v1/roles/{role}": Query(Right("role:read"), "role"),
    "/v1/sessions": Query(Right("session:read", own=True), "session"),
    "/v1/subscribers": Query(Right("audit:read"), "facts"),
}
"""What is asked of the read door, by its path; of what became of a command is told whoever asked it."""


def takes(right: Right, domain: str) -> str:
    """Say which permission something takes."""
    if right.permission is None:
        return "Anybody may ask this; what is sent proves who may."
    own = f", or `{domain}:own` for what is one's own" if right.own else ""
    return f"Takes the permission `{right.permission}`{own}."


def permits(permissions: Iterable[str], wanted: str) -> bool:
    """Say whether permissions include one: itself, all of its domain, or all."""
    domain, _, _ = wanted.partition(":")
    return not {"*", f"{domain}:*", wanted}.isdisjoint(permissions)


def permitted(roles: Iterable[str], defined: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Give the permissions of some roles; `defined` are those that are not built in."""
    return frozenset(permission for name in roles for permission in role.BUILT_IN.get(name) or defined.get(name, ()))
