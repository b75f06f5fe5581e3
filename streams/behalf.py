"""What doors decide of a command before it is asked: nobody gives more than they have, and on whose behalf it is.

Who may end the sessions and keys of others, or load and retire their characters, asks on their behalf: the rules then
take it as theirs.

Nobody gets the secret of another's key so, for that would be to be them.
"""

from infra.auth import Caller
from schemas.apikey import RevokeKey
from schemas.character import LoadCharacter, RetireCharacter
from schemas.message import Actor, Asked, Command
from schemas.rights import RIGHTS
from schemas.session import RevokeSession
from streams.forms import Identity, People

_OfSomebody = RevokeSession | RevokeKey | LoadCharacter | RetireCharacter


async def allowed(identity: Identity, caller: Caller, asked: Asked) -> Asked:
    """Give what is asked in the name in which it is asked. Raises Problem for what would permit more than is had."""
    identity.door.require_within(caller, asked.command)
    actor = await asker(identity.people, caller, asked.command)
    return asked if actor is asked.meta.actor else Asked(asked.meta.model_copy(update={"actor": actor}), asked.command)


async def asker(people: People, caller: Caller, command: Command) -> Actor:
    """Give the actor of a command: on behalf of an account whose its subject is, for who has that right."""
    permission = RIGHTS[type(command)].permission
    if not isinstance(command, _OfSomebody) or permission is None or not caller.may(permission):
        return caller.actor
    account = await _whose(people, command)
    if account is None or account == caller.actor.id:
        return caller.actor
    return caller.actor.model_copy(update={"on_behalf_of": account})


async def _whose(people: People, command: _OfSomebody) -> str | None:
    """Give the account whose session, key or character it is; None for what is not known."""
    match command:
        case RevokeSession():
            row, account = await people.session(command.session_id), "account_id"
        case RevokeKey():
            row, account = await people.apikey(command.key_id), "account_id"
        case LoadCharacter() | RetireCharacter():
            row, account = await people.character(command.character_id), "owner"
    return str(row[account]) if row is not None else None
