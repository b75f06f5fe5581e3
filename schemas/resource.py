"""What may be said about a resource: a typed, owned, shared, versioned thing with a name, attributes and tags."""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field, StringConstraints

from schemas.kind import KindName, KindVersion
from schemas.message import Command, Domain, Fact, JsonObject, Subject

# No control characters, and no blank at either end.
_PRINTED = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"

ResourceId = Annotated[
    Subject,
    Field(
        description="The resource. Whoever registers it chooses the id; a random UUID is never taken.",
        examples=["invoice-7"],
    ),
]

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=_PRINTED),
    Field(description="What people call the resource.", examples=["Invoice 7, Rossi"]),
]

Tag = Annotated[
    str,
    StringConstraints(min_length=1, max_length=50, pattern=_PRINTED),
    Field(description="A word to find resources by.", examples=["overdue"]),
]

Tags = Annotated[
    tuple[Tag, ...], Field(max_length=50, description="At most 50 tags; order and repetition say nothing.")
]

Account = Annotated[Subject, Field(description="The id of an account.", examples=["bob"])]

Role = Annotated[
    Literal["viewer", "editor"],
    Field(
        description="A viewer reads; an editor also renames, changes, tags, untags and reverts.", examples=["editor"]
    ),
]

Attributes = Annotated[
    JsonObject,
    Field(
        description="What the resource holds: satisfies the kind's JSON Schema, at most 64 KB and 32 levels deep.",
        examples=[{"amount": 1200, "currency": "EUR"}],
    ),
]

Patch = Annotated[
    JsonObject,
    Field(
        description="A JSON Merge Patch (RFC 7396): a member replaces the member of that name, null removes it.",
        examples=[{"amount": 1250}],
    ),
]

ResourceVersion = Annotated[
    int, Field(ge=1, le=2**31 - 1, description="How many facts the resource had then; the first is 1.", examples=[1])
]

KindPosition = Annotated[
    int,
    Field(
        ge=0,
        le=2**63 - 1,
        description="Offset in `kind.facts` of the newest definition known to the door, which fills it in; "
        "the decision knows the definitions up to there.",
    ),
]


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [{"resource_id": "invoice-7", **fields}]})


class _AboutOneResource(Command):
    resource_id: ResourceId

    @property
    def subject(self) -> str:
        return self.resource_id


class RegisterResource(_AboutOneResource):
    """Bring a resource into being; whoever asks owns it.

    The door fills in `kind_version` with the newest, unless it is given.
    """

    model_config = _example(
        kind="invoice",
        name="Invoice 7, Rossi",
        attributes={"amount": 1200, "currency": "EUR"},
        tags=["overdue"],
    )
    type: ClassVar[str] = "resource.register"
    kind: KindName
    name: Name
    attributes: Attributes
    tags: Tags = ()
    kind_version: KindVersion | None = None
    kind_position: KindPosition | None = None


class RenameResource(_AboutOneResource):
    """Call a resource by another name."""

    model_config = _example(name="Invoice 7, Rossi & Sons")
    type: ClassVar[str] = "resource.rename"
    name: Name


class ChangeResource(_AboutOneResource):
    """Change attributes; the result satisfies the version of the kind that the resource has.

    Naming a newer `kind_version` moves the resource to it, if the result satisfies that one.
    """

    model_config = _example(patch={"amount": 1250})
    type: ClassVar[str] = "resource.change"
    patch: Patch
    kind_version: KindVersion | None = None
    kind_position: KindPosition | None = None


class TagResource(_AboutOneResource):
    """Put tags on a resource; those it has already stay."""

    model_config = _example(tags=["paid", "2026"])
    type: ClassVar[str] = "resource.tag"
    tags: Tags


class UntagResource(_AboutOneResource):
    """Take tags off a resource; those it does not have are no matter."""

    model_config = _example(tags=["overdue"])
    type: ClassVar[str] = "resource.untag"
    tags: Tags


class ShareResource(_AboutOneResource):
    """Let an account view or edit a resource; the role it had until now, if any, ends."""

    model_config = _example(account="bob", role="editor")
    type: ClassVar[str] = "resource.share"
    account: Account
    role: Role


class UnshareResource(_AboutOneResource):
    """Take an account's role away; an account may take away its own."""

    model_config = _example(account="bob")
    type: ClassVar[str] = "resource.unshare"
    account: Account


class TransferResource(_AboutOneResource):
    """Give a resource to another owner; the owner until now becomes an editor of it."""

    model_config = _example(account="bob")
    type: ClassVar[str] = "resource.transfer"
    account: Account


class TrashResource(_AboutOneResource):
    """Put a resource in the trash, where it stays as it is until it is restored."""

    model_config = _example()
    type: ClassVar[str] = "resource.trash"


class RestoreResource(_AboutOneResource):
    """Take a resource out of the trash."""

    model_config = _example()
    type: ClassVar[str] = "resource.restore"


class RevertResource(_AboutOneResource):
    """Give a resource back the name, attributes, kind version and tags of an earlier version, one of the newest 100.

    This makes a new version. Owner, roles and trash stay as they are.
    """

    model_config = _example(to_version=1)
    type: ClassVar[str] = "resource.revert"
    to_version: ResourceVersion


# What happened is never invalid: facts have types and no limits, so that limits may change.


class ResourceRegistered(Fact):
    """There is a resource; `tags` are sorted; the kinds defined up to `kind_position` were known."""

    type: ClassVar[str] = "resource.registered"
    kind: str
    kind_version: int
    kind_position: int
    name: str
    attributes: JsonObject
    tags: tuple[str, ...]
    owner: str


class ResourceRenamed(Fact):
    """A resource is called `name` from now on."""

    type: ClassVar[str] = "resource.renamed"
    name: str


class ResourceChanged(Fact):
    """A resource's attributes are what `merged` makes of them with `patch`, and satisfy `kind_version`."""

    type: ClassVar[str] = "resource.changed"
    patch: JsonObject
    kind_version: int
    kind_position: int


class ResourceTagged(Fact):
    """A resource has these tags too; it had none of them."""

    type: ClassVar[str] = "resource.tagged"
    tags: tuple[str, ...]


class ResourceUntagged(Fact):
    """A resource no longer has these tags; it had all of them."""

    type: ClassVar[str] = "resource.untagged"
    tags: tuple[str, ...]


class ResourceShared(Fact):
    """An account has this role, and no other, on a resource."""

    type: ClassVar[str] = "resource.shared"
    account: str
    role: Role


class ResourceUnshared(Fact):
    """An account has no role on a resource any more."""

    type: ClassVar[str] = "resource.unshared"
    account: str


class ResourceTransferred(Fact):
    """A resource belongs to `owner`, who has no other role on it; `former_owner` is an editor."""

    type: ClassVar[str] = "resource.transferred"
    owner: str
    former_owner: str


class ResourceTrashed(Fact):
    """A resource is in the trash."""

    type: ClassVar[str] = "resource.trashed"


class ResourceRestored(Fact):
    """A resource is out of the trash."""

    type: ClassVar[str] = "resource.restored"


class ResourceReverted(Fact):
    """A resource is again what it was at `to_version`; the fact says all of it, so that no reader needs the past."""

    type: ClassVar[str] = "resource.reverted"
    to_version: int
    kind_version: int
    name: str
    attributes: JsonObject
    tags: tuple[str, ...]


def merged(target: Any, patch: JsonObject) -> JsonObject:
    """Give what a JSON Merge Patch (RFC 7396) makes of a value; neither is changed, what stays the same is shared."""
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value) if isinstance(value, dict) else value
    return result


ResourceCommand = (
    RegisterResource
    | RenameResource
    | ChangeResource
    | TagResource
    | UntagResource
    | ShareResource
    | UnshareResource
    | TransferResource
    | TrashResource
    | RestoreResource
    | RevertResource
)

ResourceFact = (
    ResourceRegistered
    | ResourceRenamed
    | ResourceChanged
    | ResourceTagged
    | ResourceUntagged
    | ResourceShared
    | ResourceUnshared
    | ResourceTransferred
    | ResourceTrashed
    | ResourceRestored
    | ResourceReverted
)

DOMAIN = Domain(
    name="resource",
    commands=get_args(ResourceCommand),
    facts=get_args(ResourceFact),
    refusals={
        "resource_unknown": 404,
        "resource_forbidden": 403,
        "resource_exists": 409,
        "resource_trashed": 409,
        "kind_unknown": 422,
        "kind_version_older": 409,
        "attributes_invalid": 422,
        "attributes_too_large": 422,
        "attributes_too_deep": 422,
        "too_many_tags": 422,
        "too_many_shares": 422,
        "shared_with_owner": 422,
        "version_unknown": 422,
        "version_forgotten": 409,
    },
)
