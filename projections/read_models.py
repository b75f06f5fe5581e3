"""The map of read models: what is known, one line each."""

from projections import (
    account,
    address,
    apikey,
    character,
    conversation,
    history,
    kind,
    login,
    memory,
    outcome,
    past,
    resource,
    role,
    session,
    totp,
    turn,
)
from projections.projection import Projection

READ_MODELS: tuple[Projection, ...] = (
    kind.projection,
    resource.projection,
    account.projection,
    address.projection,
    totp.projection,
    session.projection,
    login.projection,
    apikey.projection,
    role.projection,
    character.projection,
    conversation.projection,
    turn.projection,
    memory.projection,
    history.projection,
    outcome.projection,
    past.projection,
)
