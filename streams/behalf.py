"""What doors decide of a command before it is asked: nobody gives more than they have, and on whose behalf it is.

Who may end the sessions and keys of others asks on their behalf: the rules then take it as theirs.

Nobody gets the secret of another's key so, for that would be to be them.
"""

from infra.auth import Caller
from schemas.apikey import RevokeKey
from schemas.message import Actor, Asked, Command
from schemas.rights import RIGHTS
from schemas.session import RevokeSession
from streams.forms import Identity, People


async def allowed(identity: Identity, caller: Caller, asked: Asked) -> Asked:
    """Give what is asked in the name in which it is asked. Raises Problem for what would permit more than is had."""
    identity.door.require_within(caller, asked.command)
    actor = await asker(identity.people, caller, asked.command)
    return asked if actor is asked.meta.actor else Asked(asked.meta.model_copy(update={"actor": actor}), asked.command)


async def asker(people: People, caller: Caller, command: Command) -> Actor:
    """Give the actor of a command: on behalf of an account whose session or key it is, for who has that right."""
    permission = RIGHTS[type(command)].permission
    row = None
    if isinstance(command, RevokeSession) and permission is not None and caller.may(permission):
        row = await people.session(command.session_id)
    elif isinstance(command, RevokeKey) and permission is not None and caller.may(permission):
        row = await people.apikey(command.key_id)
    if row is None or row["account_id"] == caller.actor.id:
        return caller.actor
    return caller.actor.model_copy(update={"on_behalf_of": row["account_id"]})
