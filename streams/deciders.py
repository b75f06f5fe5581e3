"""The map: one line per domain says who decides on what."""

from dataclasses import dataclass
from typing import Any

from commands import account as account_rules
from commands import address as address_rules
from commands import apikey as apikey_rules
from commands import audit as audit_rules
from commands import character as character_rules
from commands import conversation as conversation_rules
from commands import kind as kind_rules
from commands import login as login_rules
from commands import projection as projection_rules
from commands import resource as resource_rules
from commands import role as role_rules
from commands import session as session_rules
from commands import totp as totp_rules
from commands.decider import Decider
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
from schemas.message import Domain


@dataclass(frozen=True, slots=True)
class Deciding:
    """A domain and its rules."""

    domain: Domain
    decider: Decider[Any]


DECIDERS = (
    Deciding(kind.DOMAIN, kind_rules.decider),
    Deciding(resource.DOMAIN, resource_rules.decider),
    Deciding(account.DOMAIN, account_rules.decider),
    Deciding(address.DOMAIN, address_rules.decider),
    Deciding(totp.DOMAIN, totp_rules.decider),
    Deciding(session.DOMAIN, session_rules.decider),
    Deciding(login.DOMAIN, login_rules.decider),
    Deciding(apikey.DOMAIN, apikey_rules.decider),
    Deciding(role.DOMAIN, role_rules.decider),
    Deciding(projection.DOMAIN, projection_rules.decider),
    Deciding(audit.DOMAIN, audit_rules.decider),
    Deciding(character.DOMAIN, character_rules.decider),
    Deciding(conversation.DOMAIN, conversation_rules.decider),
)
