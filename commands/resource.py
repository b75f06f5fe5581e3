"""The rules of resources: who may do what with one, and what it may become.

Its owner may do everything. Editors rename, change, tag, untag and revert; viewers read; to everyone else it is not
there. Only the owner shares, unshares, transfers, trashes and restores, but anyone may give up a role of their own. A
resource in the trash stays as it is until it is restored.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from msgspec import Struct
from msgspec.structs import asdict, replace

from commands.decider import Asking, Decider, Refused
from commands.definition import require_satisfied
from commands.text import DEEPEST, canonical, deeper_than_allowed, kept
from schemas.message import JsonObject
from schemas.resource import (
    ChangeResource,
    RegisterResource,
    RenameResource,
    ResourceChanged,
    ResourceCommand,
    ResourceFact,
    ResourceRegistered,
    ResourceRenamed,
    ResourceRestored,
    ResourceReverted,
    ResourceShared,
    ResourceTagged,
    ResourceTransferred,
    ResourceTrashed,
    ResourceUnshared,
    ResourceUntagged,
    RestoreResource,
    RevertResource,
    Role,
    ShareResource,
    TagResource,
    TransferResource,
    TrashResource,
    UnshareResource,
    UntagResource,
    merged,
)

MOST_TAGS = 50
MOST_SHARES = 200
VERSIONS_KEPT = 100


class Content(Struct, frozen=True, gc=False):
    """What can be reverted. `attributes` is canonical JSON; `tags` are sorted."""

    name: str = ""
    attributes: str = "{}"
    kind_version: int = 0
    tags: tuple[str, ...] = ()


class Before(Struct, frozen=True, gc=False, omit_defaults=True):
    """The parts of the content that a fact replaced, as they were; None is a part that stayed."""

    name: str | None = None
    attributes: str | None = None
    kind_version: int | None = None
    tags: tuple[str, ...] | None = None


class Resource(Struct, frozen=True, gc=False):
    """A resource, or at version 0 one that is not there yet.

    `earlier` holds what each of the newest facts replaced, oldest first. The kinds defined up to `kind_position` were
    known to its decisions, and stay known to all later ones.
    """

    version: int = 0
    kind: str = ""
    kind_position: int = 0
    owner: str = ""
    roles: dict[str, Role] = {}
    trashed: bool = False
    content: Content = Content()
    earlier: tuple[Before | None, ...] = ()


# ── decide ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(resource: Resource, command: ResourceCommand, asking: Asking) -> list[ResourceFact]:  # noqa: C901, PLR0911 - one line for each command
    match command:
        case RegisterResource():
            return _register(resource, command, asking)
        case RenameResource():
            return _rename(_live(_editable(resource, asking)), command)
        case ChangeResource():
            return _change(_live(_editable(resource, asking)), command, asking)
        case TagResource():
            return _tag(_live(_editable(resource, asking)), command)
        case UntagResource():
            return _untag(_live(_editable(resource, asking)), command)
        case ShareResource():
            return _share(_live(_owned(resource, asking)), command)
        case UnshareResource():
            giving_up = command.account == asking.actor.id
            return _unshare(_live((_seen if giving_up else _owned)(resource, asking)), command)
        case TransferResource():
            return _transfer(_live(_seen(resource, asking)), command, asking)
        case TrashResource():
            return [] if _owned(resource, asking).trashed else [ResourceTrashed()]
        case RestoreResource():
            return [ResourceRestored()] if _owned(resource, asking).trashed else []
        case RevertResource():
            return _revert(_live(_editable(resource, asking)), command)


def _seen(resource: Resource, asking: Asking) -> Resource:
    if resource.version and (asking.actor.id == resource.owner or asking.actor.id in resource.roles):
        return resource
    raise Refused("resource_unknown", "There is no such resource for you; check its id, or ask its owner to share it.")


def _editable(resource: Resource, asking: Asking) -> Resource:
    if _seen(resource, asking).roles.get(asking.actor.id) == "viewer":
        raise Refused("resource_forbidden", "You only view this resource; ask its owner to make you an editor.")
    return resource


def _owned(resource: Resource, asking: Asking) -> Resource:
    if _seen(resource, asking).owner != asking.actor.id:
        raise Refused("resource_forbidden", "Only the owner of this resource does that; ask the owner.")
    return resource


def _live(resource: Resource) -> Resource:
    if resource.trashed:
        raise Refused("resource_trashed", "This resource is in the trash; its owner restores it with resource.restore.")
    return resource


def _register(resource: Resource, command: RegisterResource, asking: Asking) -> list[ResourceFact]:
    content = Content(
        name=command.name,
        attributes=_kept(command.attributes),
        # The door names the newest version, which may have changed since the same was asked before.
        kind_version=resource.content.kind_version if resource.version else command.kind_version or 0,
        tags=_sorted(command.tags),
    )
    if resource.version:
        # Who chooses ids learns that one is taken; nothing tells whose it is, or that it is in the trash.
        if asking.actor.id == resource.owner and (command.kind, content) == (_live(resource).kind, resource.content):
            return []
        raise Refused("resource_exists", "This id is taken; register under another one, such as a random UUID.")
    if command.kind_position is None or not content.kind_version:
        raise Refused(
            "kind_unknown", f"Kind {command.kind} is not defined; define it with kind.define, then ask again."
        )
    _require_kind(command.attributes, command.kind, content.kind_version, asking)
    return [
        ResourceRegistered(
            kind=command.kind,
            kind_version=content.kind_version,
            kind_position=command.kind_position,
            name=content.name,
            attributes=command.attributes,
            tags=content.tags,
            owner=asking.actor.id,
        )
    ]


def _rename(resource: Resource, command: RenameResource) -> list[ResourceFact]:
    return [] if command.name == resource.content.name else [ResourceRenamed(name=command.name)]


def _change(resource: Resource, command: ChangeResource, asking: Asking) -> list[ResourceFact]:
    content = resource.content
    version = command.kind_version or content.kind_version
    if version < content.kind_version:
        newest = f"The resource is at version {content.kind_version} of its kind already"
        raise Refused("kind_version_older", f"{newest}; name that one, a newer one or none.")
    _kept(command.patch)
    attributes = merged(orjson.loads(content.attributes), command.patch)
    if _kept(attributes) == content.attributes and version == content.kind_version:
        return []
    _require_kind(attributes, resource.kind, version, asking)
    position = max(command.kind_position or 0, resource.kind_position)
    return [ResourceChanged(patch=command.patch, kind_version=version, kind_position=position)]


def _tag(resource: Resource, command: TagResource) -> list[ResourceFact]:
    tags = _sorted(set(command.tags).difference(resource.content.tags))
    _sorted((*resource.content.tags, *tags))
    return [ResourceTagged(tags=tags)] if tags else []


def _untag(resource: Resource, command: UntagResource) -> list[ResourceFact]:
    tags = _sorted(set(command.tags).intersection(resource.content.tags))
    return [ResourceUntagged(tags=tags)] if tags else []


def _share(resource: Resource, command: ShareResource) -> list[ResourceFact]:
    if command.account == resource.owner:
        raise Refused("shared_with_owner", "The owner may do everything already; name another account.")
    if resource.roles.get(command.account) == command.role:
        return []
    _require_room(resource, command.account)
    return [ResourceShared(account=command.account, role=command.role)]


def _unshare(resource: Resource, command: UnshareResource) -> list[ResourceFact]:
    return [ResourceUnshared(account=command.account)] if command.account in resource.roles else []


def _transfer(resource: Resource, command: TransferResource, asking: Asking) -> list[ResourceFact]:
    if command.account == resource.owner:
        # Even for who was the owner when asking this the first time.
        return []
    _owned(resource, asking)
    _require_room(resource, command.account)
    return [ResourceTransferred(owner=command.account, former_owner=resource.owner)]


def _revert(resource: Resource, command: RevertResource) -> list[ResourceFact]:
    if command.to_version > resource.version:
        raise Refused("version_unknown", f"The resource is at version {resource.version} yet; name an earlier one.")
    content = content_at(resource, command.to_version)
    if content == resource.content:
        return []
    if content is None or resource.version - command.to_version >= VERSIONS_KEPT:
        oldest = resource.version - VERSIONS_KEPT + 1
        raise Refused(
            "version_forgotten", f"Only the newest {VERSIONS_KEPT} versions are kept; name {oldest} or later."
        )
    return [
        ResourceReverted(
            to_version=command.to_version,
            kind_version=content.kind_version,
            name=content.name,
            attributes=orjson.loads(content.attributes),
            tags=content.tags,
        )
    ]


def _kept(attributes: JsonObject) -> str:
    text = kept(attributes, "attributes")
    if deeper_than_allowed(attributes, text):
        raise Refused(
            "attributes_too_deep", f"Nest objects and arrays in the attributes at most {DEEPEST} levels deep."
        )
    return text


def _sorted(tags: Iterable[str]) -> tuple[str, ...]:
    distinct = tuple(sorted(set(tags)))
    if len(distinct) > MOST_TAGS:
        raise Refused(
            "too_many_tags", f"This makes {len(distinct)} tags and {MOST_TAGS} are allowed; untag some first."
        )
    return distinct


def _require_kind(attributes: JsonObject, kind: str, version: int, asking: Asking) -> None:
    schema = asking.kinds.get((kind, version))
    if schema is None:
        raise Refused("kind_unknown", f"Kind {kind} has no version {version} yet; define it, or name one that it has.")
    require_satisfied(attributes, kind, version, schema)


def _require_room(resource: Resource, account: str) -> None:
    if account not in resource.roles and len(resource.roles) >= MOST_SHARES:
        raise Refused(
            "too_many_shares", f"The resource is shared with {MOST_SHARES} accounts already; unshare one first."
        )


# ── evolve ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def evolve(resource: Resource, fact: ResourceFact) -> Resource:  # noqa: C901, PLR0911 - one case for each fact
    content = resource.content
    match fact:
        case ResourceRegistered():
            content = Content(fact.name, canonical(fact.attributes), fact.kind_version, fact.tags)
            return Resource(1, fact.kind, fact.kind_position, fact.owner, content=content)
        case ResourceRenamed():
            return _next(resource, content=replace(content, name=fact.name))
        case ResourceChanged():
            attributes = canonical(merged(orjson.loads(content.attributes), fact.patch))
            content = replace(content, attributes=attributes, kind_version=fact.kind_version)
            return _next(resource, content=content, kind_position=fact.kind_position)
        case ResourceTagged():
            return _next(resource, content=replace(content, tags=tuple(sorted((*content.tags, *fact.tags)))))
        case ResourceUntagged():
            tags = tuple(tag for tag in content.tags if tag not in fact.tags)
            return _next(resource, content=replace(content, tags=tags))
        case ResourceShared():
            return _next(resource, roles={**resource.roles, fact.account: fact.role})
        case ResourceUnshared():
            return _next(resource, roles=_without(resource.roles, fact.account))
        case ResourceTransferred():
            roles: dict[str, Role] = {**_without(resource.roles, fact.owner), fact.former_owner: "editor"}
            return _next(resource, owner=fact.owner, roles=roles)
        case ResourceTrashed():
            return _next(resource, trashed=True)
        case ResourceRestored():
            return _next(resource, trashed=False)
        case ResourceReverted():
            content = Content(fact.name, canonical(fact.attributes), fact.kind_version, fact.tags)
            return _next(resource, content=content)


def content_at(resource: Resource, version: int) -> Content | None:
    """Give the content as it stood after the version-th fact; None when that is forgotten."""
    back = resource.version - version
    if back > len(resource.earlier):
        return None
    content = resource.content
    for before in reversed(resource.earlier[len(resource.earlier) - back :]):
        if before is not None:
            content = replace(content, **{part: was for part, was in asdict(before).items() if was is not None})
    return content


def _next(resource: Resource, **changes: Any) -> Resource:
    before = _before(resource.content, changes["content"]) if "content" in changes else None
    earlier = (*resource.earlier[1 - VERSIONS_KEPT :], before)
    return replace(resource, version=resource.version + 1, earlier=earlier, **changes)


def _before(old: Content, new: Content) -> Before:
    return Before(
        None if old.name == new.name else old.name,
        None if old.attributes == new.attributes else old.attributes,
        None if old.kind_version == new.kind_version else old.kind_version,
        None if old.tags == new.tags else old.tags,
    )


def _without(roles: dict[str, Role], account: str) -> dict[str, Role]:
    return {other: role for other, role in roles.items() if other != account}


decider = Decider(Resource(), decide, evolve)
