"""What the read door answers with about people, for those who read the API document."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from projections.answers import Moment, Next, Position, Who
from projections.conversation_answers import Conversation, Memory, Turn

AccountId = Annotated[str, Field(examples=["0192f0c1-2d3e-7000-8000-000000000001"])]
Network = Annotated[str | None, Field(description="From which network address.", examples=["203.0.113.7"])]
Version = Annotated[int, Field(description="How many facts there are about it; its ETag.", examples=[3])]


class Account(BaseModel):
    """An account as it is now. Of one that is closed or erased nothing personal is left."""

    account_id: AccountId
    status: str = Field(description="active, suspended, closed or erased", examples=["active"])
    service: bool = Field(description="Whether it is a service's, and no person's.", examples=[False])
    name: str = Field(description="What a service is called; empty for a person.", examples=[""])
    address: str | None = Field(examples=["ada@example.com"])
    verified: bool = Field(description="Whether it proved to read its address.", examples=[True])
    changing_to: str | None = Field(description="The address that it wants instead.", examples=[None])
    profile: dict[str, Any] = Field(
        description="Of display_name, locale, timezone, avatar, traits those that are known.",
        examples=[{"display_name": "Ada Lovelace", "locale": "en-GB"}],
    )
    roles: list[str] = Field(examples=[["member"]])
    generation: int = Field(description="How often all its sign-ins were ended.", examples=[0])
    version: Version
    opened_time: Moment
    updated_time: Moment
    position: Position


class Accounts(BaseModel):
    """A page of accounts, the newest first."""

    items: list[Account]
    next: Next


class AccountHappened(BaseModel):
    """A fact about an account."""

    version: int = Field(description="The account's version after it.", examples=[2])
    fact_id: str = Field(examples=["5e0b5a31-9c6e-5d0b-8b7e-0d0a5b5f3a11"])
    type: str = Field(examples=["account.profile_changed"])
    time: Moment
    actor: Who
    command_id: str = Field(examples=["0192f0c1-2d3e-7000-8000-000000000000"])
    correlation_id: str = Field(examples=["0192f0c1-2d3e-7000-8000-000000000000"])
    causation_id: str | None = Field(description="The fact that made a policy ask.", examples=[None])
    data: dict[str, Any] = Field(
        description="What the fact says, by its type, without passwords, tokens and digests.",
        examples=[{"profile": {"locale": "en-GB"}}],
    )
    position: Position


class AccountHistory(BaseModel):
    """A page of what happened to an account, the newest first."""

    items: list[AccountHappened]
    next: Next


class Session(BaseModel):
    """A sign-in."""

    session_id: str = Field(examples=["0192f0c1-2d3e-7000-8000-000000000002"])
    account_id: AccountId
    live: bool = Field(description="Whether it can go on.", examples=[True])
    generation: int = Field(description="That of the account, when it signed in.", examples=[0])
    methods: list[str] = Field(description="How it signed in.", examples=[["password", "totp"]])
    device: str | None = Field(examples=["Firefox on Linux"])
    network: Network
    last_network: Network
    version: Version
    opened_time: Moment
    refreshed_time: Moment
    ended_time: Moment | None
    reason: str | None = Field(description="Why it ended: revoked, reused, shared or expired.", examples=[None])
    position: Position


class Sessions(BaseModel):
    """A page of sessions, the newest first."""

    items: list[Session]
    next: Next


class Key(BaseModel):
    """An API key; its secret is known to whom it was shown."""

    key_id: str = Field(examples=["0192f0c1-2d3e-7000-8000-000000000003"])
    account_id: AccountId
    maker: AccountId
    name: str = Field(examples=["nightly import"])
    start: str = Field(description="The first characters of its secret.", examples=["7mZq"])
    scopes: list[str] = Field(examples=[["resource:*", "kind:read"]])
    expires: Moment | None
    per_minute: int | None = Field(description="Requests a minute.", examples=[600])
    revoked: bool = Field(examples=[False])
    before_until: Moment | None = Field(description="Until when the secret before works.")
    used: Moment | None = Field(description="When it was used last, to the minute.")
    version: Version
    created_time: Moment
    changed_time: Moment
    position: Position


class Keys(BaseModel):
    """A page of API keys, the newest first."""

    items: list[Key]
    next: Next


class Failure(BaseModel):
    """A sign-in that failed."""

    tried: AccountId
    failures: int = Field(description="How often it had failed with this time.", examples=[1])
    attempt: str = Field(examples=["0192f0c1-2d3e-7000-8000-000000000004"])
    why: str = Field(description="address, password, code, not_verified or not_active", examples=["password"])
    network: Network
    time: Moment
    position: Position


class Failures(BaseModel):
    """A page of failed sign-ins, the newest first."""

    items: list[Failure]
    next: Next


class Role(BaseModel):
    """A role: a name for permissions."""

    role: str = Field(examples=["clerk"])
    permissions: list[str] = Field(examples=[["kind:read", "resource:*"]])
    built_in: bool = Field(description="Whether it is always there, and stays as it is.", examples=[False])
    retired: bool = Field(examples=[False])
    version: Version
    updated_time: Moment | None
    position: Position | None


class Roles(BaseModel):
    """All roles: those built in, then those that were defined."""

    items: list[Role]


class Named(BaseModel):
    """A resource by its name."""

    resource_id: str = Field(examples=["invoice-7"])
    name: str = Field(examples=["Invoice 7, Rossi"])


class Factor(BaseModel):
    """A second factor."""

    enabled: bool = Field(description="Whether signing in takes it.", examples=[True])
    codes_left: int = Field(description="Recovery codes that were not used yet.", examples=[10])
    updated_time: Moment


class NamedCharacter(BaseModel):
    """A character of the agent's that the person loaded."""

    character_id: str = Field(examples=["ada"])
    name: str = Field(examples=["Ada"])


class Everything(BaseModel):
    """Everything known of a person."""

    account: Account
    second_factor: Factor | None
    sessions: list[Session]
    keys: list[Key]
    failed_sign_ins: list[Failure]
    resources_owned: list[Named]
    resources_shared: list[Named]
    characters: list[NamedCharacter]
    conversations: list[Conversation]
    turns: list[Turn]
    memories: list[Memory]
    history: list[AccountHappened]
