"""Every domain, and every class that may stand on a topic, by its type on the wire."""

from schemas import (
    account,
    address,
    apikey,
    audit,
    character,
    conversation,
    kind,
    login,
    projection,
    resource,
    role,
    session,
    totp,
)
from schemas.message import Command, CommandRejected, CommandUnchanged, Domain, Fact

DOMAINS: tuple[Domain, ...] = (
    kind.DOMAIN,
    resource.DOMAIN,
    account.DOMAIN,
    address.DOMAIN,
    totp.DOMAIN,
    session.DOMAIN,
    login.DOMAIN,
    apikey.DOMAIN,
    role.DOMAIN,
    projection.DOMAIN,
    audit.DOMAIN,
    character.DOMAIN,
    conversation.DOMAIN,
)

EVERYWHERE: tuple[type[Fact], ...] = (CommandUnchanged, CommandRejected)
"""The facts that stand in the journals of all domains, beside the domain's own."""

COMMANDS: dict[str, type[Command]] = {command.type: command for domain in DOMAINS for command in domain.commands}

FACTS: dict[str, type[Fact]] = {
    fact.type: fact for fact in (*EVERYWHERE, *(fact for domain in DOMAINS for fact in domain.facts))
}
