"""What may be done with a resource."""

from typing import Any

import pytest
from msgspec import msgpack

from commands.resource import Resource, decider
from schemas.message import Fact, JsonObject
from schemas.resource import (
    DOMAIN,
    ChangeResource,
    RegisterResource,
    RenameResource,
    ResourceChanged,
    ResourceCommand,
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
from tests import given as sentences
from tests.commands.strategies import KINDS
from tests.given import Given

registered = ResourceRegistered(
    kind="invoice",
    kind_version=1,
    kind_position=2,
    name="Invoice 7",
    attributes={"amount": 1200},
    tags=("overdue",),
    owner="alice",
)
noted = registered.model_copy(update={"kind": "note", "attributes": {"text": "a", "more": {"b": 1, "c": [1]}}})
renamed = ResourceRenamed(name="Invoice 8")
bob_edits = ResourceShared(account="bob", role="editor")
carol_views = ResourceShared(account="carol", role="viewer")
shared = (registered, bob_edits, carol_views)
trashed = (*shared, ResourceTrashed())


def given(*facts: Fact) -> Given:
    return sentences.given(*facts, kinds=KINDS)


def register(**fields: Any) -> RegisterResource:
    asked = {"kind": "invoice", "name": "Invoice 7", "attributes": {"amount": 1200}, "tags": ("overdue",)}
    return RegisterResource(resource_id="r", **{**asked, "kind_version": 1, "kind_position": 2, **fields})


def change(patch: JsonObject, version: int | None = None, position: int | None = None) -> ChangeResource:
    return ChangeResource(resource_id="r", patch=patch, kind_version=version, kind_position=position)


def changed(patch: JsonObject, version: int = 1, position: int = 2) -> ResourceChanged:
    return ResourceChanged(patch=patch, kind_version=version, kind_position=position)


def rename(name: str) -> RenameResource:
    return RenameResource(resource_id="r", name=name)


def tag(*tags: str) -> TagResource:
    return TagResource(resource_id="r", tags=tags)


def untag(*tags: str) -> UntagResource:
    return UntagResource(resource_id="r", tags=tags)


def share(account: str, role: Role) -> ShareResource:
    return ShareResource(resource_id="r", account=account, role=role)


def unshare(account: str) -> UnshareResource:
    return UnshareResource(resource_id="r", account=account)


def transfer(account: str) -> TransferResource:
    return TransferResource(resource_id="r", account=account)


def revert(version: int) -> RevertResource:
    return RevertResource(resource_id="r", to_version=version)


trash, restore = TrashResource(resource_id="r"), RestoreResource(resource_id="r")

BY_EDITORS: tuple[ResourceCommand, ...] = (
    rename("B"),
    change({"amount": 1}),
    tag("paid"),
    untag("overdue"),
    revert(1),
)
BY_OWNERS: tuple[ResourceCommand, ...] = (share("dora", "viewer"), unshare("dora"), transfer("dora"), trash, restore)


def name_of(command: ResourceCommand) -> str:
    return command.type


class TestWho:
    @pytest.mark.parametrize("command", [*BY_EDITORS, *BY_OWNERS], ids=name_of)
    def test_to_strangers_a_resource_is_not_there(self, command: ResourceCommand) -> None:
        given(*shared).when(command, by="mallory").refused("resource_unknown")
        given(*trashed).when(command, by="mallory").refused("resource_unknown")
        given().when(command, by="mallory").refused("resource_unknown")

    @pytest.mark.parametrize("command", [*BY_EDITORS, *BY_OWNERS], ids=name_of)
    def test_nobody_by_name_owns_what_is_not_there(self, command: ResourceCommand) -> None:
        given().when(command, by="").refused("resource_unknown")

    @pytest.mark.parametrize("command", [*BY_EDITORS, *BY_OWNERS], ids=name_of)
    def test_viewers_only_view(self, command: ResourceCommand) -> None:
        given(*shared).when(command, by="carol").refused("resource_forbidden")

    @pytest.mark.parametrize("command", BY_OWNERS, ids=name_of)
    def test_editors_do_not_do_what_is_the_owners(self, command: ResourceCommand) -> None:
        given(*shared).when(command, by="bob").refused("resource_forbidden")

    @pytest.mark.parametrize("command", [*BY_EDITORS, *BY_OWNERS], ids=name_of)
    def test_who_lost_a_role_is_a_stranger(self, command: ResourceCommand) -> None:
        given(*shared, ResourceUnshared(account="bob")).when(command, by="bob").refused("resource_unknown")

    @pytest.mark.parametrize("command", [*BY_EDITORS, *BY_OWNERS[:3]], ids=name_of)
    def test_what_is_in_the_trash_stays_as_it_is(self, command: ResourceCommand) -> None:
        given(*trashed).when(command).refused("resource_trashed")

    @pytest.mark.parametrize("command", BY_EDITORS, ids=name_of)
    def test_editors_do_not_change_what_is_in_the_trash(self, command: ResourceCommand) -> None:
        given(*trashed).when(command, by="bob").refused("resource_trashed")

    @pytest.mark.parametrize("command", BY_EDITORS, ids=name_of)
    def test_viewers_are_told_first_that_they_only_view(self, command: ResourceCommand) -> None:
        given(*trashed).when(command, by="carol").refused("resource_forbidden")


class TestRegister:
    def test_who_registers_a_resource_owns_it(self) -> None:
        given().when(register()).then(registered)

    def test_tags_are_sorted_and_each_stands_once(self) -> None:
        tags = ("b", "a", "b")
        given().when(register(tags=tags)).then(registered.model_copy(update={"tags": ("a", "b")}))

    def test_the_version_of_the_kind_is_the_one_named(self) -> None:
        newer = register(kind_version=2, attributes={"amount": 1200, "currency": "EUR"})
        given().when(newer).then(
            registered.model_copy(update={"kind_version": 2, "attributes": {"amount": 1200, "currency": "EUR"}})
        )
        given().when(register(kind_version=1)).then(registered)

    def test_said_again_adds_nothing(self) -> None:
        given(registered).when(register()).quiet()

    def test_said_again_after_the_kind_moved_on_adds_nothing(self) -> None:
        given(registered).when(register(kind_version=2, kind_position=9)).quiet()

    @pytest.mark.parametrize("fields", [{"name": "B"}, {"attributes": {"amount": 1}}, {"tags": ()}, {"kind": "note"}])
    def test_an_id_is_taken_once(self, fields: dict[str, Any]) -> None:
        given(registered).when(register(**fields)).refused("resource_exists")

    def test_others_learn_only_that_the_id_is_taken(self) -> None:
        for facts in (shared, trashed):
            for actor in ("bob", "carol", "mallory"):
                given(*facts).when(register(), by=actor).refused("resource_exists")
                given(*facts).when(register(name="B"), by=actor).refused("resource_exists")

    def test_the_owner_is_told_that_it_is_in_the_trash(self) -> None:
        given(*trashed).when(register()).refused("resource_trashed")

    def test_a_kind_is_defined_first(self) -> None:
        given().when(register(kind="nothing")).refused("kind_unknown", "nothing has no version 1")
        given().when(register(kind_version=3)).refused("kind_unknown", "invoice has no version 3")
        given().when(register(kind_version=None)).refused("kind_unknown", "invoice is not defined")
        given().when(register(kind_position=None)).refused("kind_unknown", "invoice is not defined")

    def test_attributes_satisfy_the_kind(self) -> None:
        given().when(register(attributes={})).refused("attributes_invalid", '"amount" is a required property')
        given().when(register(attributes={"amount": "x"})).refused("attributes_invalid", "at /amount the value")

    def test_two_kinds_of_one_name_in_two_worlds_are_two(self) -> None:
        for required in ("a", "b"):
            world: sentences.Kinds = {("note", 1): {"required": [required]}}
            asked = register(kind="note", attributes={})
            sentences.given(kinds=world).when(asked).refused("attributes_invalid", f'"{required}" is a required')

    def test_a_reason_tells_no_values(self) -> None:
        with pytest.raises(AssertionError):
            given().when(register(attributes={"amount": "secret"})).refused("attributes_invalid", "secret")


class TestRename:
    def test_the_owner_renames(self) -> None:
        given(registered).when(rename("Invoice 8")).then(renamed)

    def test_an_editor_renames(self) -> None:
        given(*shared).when(rename("Invoice 8"), by="bob").then(renamed)

    def test_the_same_name_adds_nothing(self) -> None:
        given(registered, renamed).when(rename("Invoice 8")).quiet()


class TestChange:
    def test_the_owner_changes_attributes(self) -> None:
        given(registered).when(change({"amount": 1250})).then(changed({"amount": 1250}))

    def test_an_editor_changes_attributes(self) -> None:
        given(*shared).when(change({"amount": 1250}), by="bob").then(changed({"amount": 1250}))

    @pytest.mark.parametrize(
        "patch",
        [{"text": "b"}, {"text": None}, {"more": {"c": [1, 2]}}, {"more": {"b": None}}, {"text": {"d": 1}}, {"e": []}],
    )
    def test_a_patch_that_changes_something_is_a_fact(self, patch: JsonObject) -> None:
        given(noted).when(change(patch)).then(changed(patch))

    @pytest.mark.parametrize("patch", [{}, {"text": "a"}, {"z": None}, {"more": {"b": 1}}, {"more": {"z": None}}])
    def test_a_patch_that_changes_nothing_adds_nothing(self, patch: JsonObject) -> None:
        given(noted).when(change(patch)).quiet()

    def test_true_is_not_one(self) -> None:
        given(noted).when(change({"more": {"b": True}})).then(changed({"more": {"b": True}}))

    def test_the_result_satisfies_the_kind(self) -> None:
        given(registered).when(change({"amount": None})).refused("attributes_invalid", "amount")
        given(registered).when(change({"amount": -1})).refused("attributes_invalid", "at /amount")

    def test_the_version_of_the_kind_stays_unless_a_newer_one_is_named(self) -> None:
        both = {"amount": 1250, "currency": "EUR"}
        given(registered).when(change(both)).then(changed(both))
        given(registered).when(change(both, version=2)).then(changed(both, version=2))

    def test_the_result_satisfies_the_newer_version(self) -> None:
        given(registered).when(change({"amount": 1250}, version=2)).refused("attributes_invalid", "currency")

    def test_only_the_version_of_the_kind_may_move(self) -> None:
        both = registered.model_copy(update={"attributes": {"amount": 1200, "currency": "EUR"}})
        given(both).when(change({}, version=2)).then(changed({}, version=2))

    def test_the_version_of_the_kind_never_goes_back(self) -> None:
        both = changed({"currency": "EUR"}, version=2)
        given(registered, both).when(change({"amount": 1}, version=1)).refused("kind_version_older", "version 2")

    def test_a_version_of_the_kind_is_defined_first(self) -> None:
        given(registered).when(change({"amount": 1}, version=3)).refused("kind_unknown", "invoice has no version 3")

    def test_what_was_known_of_the_kinds_is_never_forgotten(self) -> None:
        given(registered).when(change({"amount": 1}, position=1)).then(changed({"amount": 1}, position=2))
        later = changed({"amount": 1}, position=5)
        given(registered).when(change({"amount": 1}, position=5)).then(later)
        given(registered, later).when(change({"amount": 2})).then(changed({"amount": 2}, position=5))

    def test_a_merge_patch_replaces_members_and_leaves_the_rest(self) -> None:
        target = {"a": {"b": 1, "c": [1]}, "d": None}
        assert merged(target, {"a": {"b": None, "e": {"f": None}}}) == {"a": {"c": [1], "e": {}}, "d": None}
        assert merged(target, {"a": [{"b": None}]}) == {"a": [{"b": None}], "d": None}
        assert merged(target, {"d": {"g": {"h": None}}}) == {"a": {"b": 1, "c": [1]}, "d": {"g": {}}}
        assert target == {"a": {"b": 1, "c": [1]}, "d": None}


def nested(levels: int) -> JsonObject:
    value: JsonObject = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


class TestLimits:
    def test_attributes_are_at_most_64_kilobytes(self) -> None:
        largest = {"text": "x" * (65_536 - len('{"text":""}'))}
        given().when(register(kind="note", attributes=largest)).then(
            registered.model_copy(update={"kind": "note", "attributes": largest})
        )
        larger = {"text": largest["text"] + "x"}
        given().when(register(kind="note", attributes=larger)).refused("attributes_too_large", "65537")
        given(noted).when(change(larger)).refused("attributes_too_large")
        given(noted).when(change({f"nothing {n}": None for n in range(5000)})).refused("attributes_too_large")
        given(noted).when(change({"one": "x" * 40_000})).then(changed({"one": "x" * 40_000}))
        given(noted, changed({"one": "x" * 40_000})).when(change({"two": "x" * 40_000})).refused("attributes_too_large")

    def test_attributes_are_at_most_32_levels_deep(self) -> None:
        given().when(register(kind="note", attributes=nested(32))).then(
            registered.model_copy(update={"kind": "note", "attributes": nested(32)})
        )
        given().when(register(kind="note", attributes=nested(33))).refused("attributes_too_deep")
        arrays: JsonObject = {"a": []}
        for _ in range(31):
            arrays = {"a": [arrays["a"]]}
        given().when(register(kind="note", attributes=arrays)).refused("attributes_too_deep")
        given(noted).when(change(nested(33))).refused("attributes_too_deep")
        given(noted).when(change({"text": [nested(31)]})).refused("attributes_too_deep")

    def test_a_kind_that_refers_to_itself_twice_allows_fewer_levels(self) -> None:
        deep, deeper = nested(10), nested(11)
        given().when(register(kind="twice", attributes=deep)).then(
            registered.model_copy(update={"kind": "twice", "attributes": deep})
        )
        given().when(register(kind="twice", attributes=deeper)).refused("attributes_too_deep", "10 levels")

    def test_there_are_at_most_50_tags(self) -> None:
        tags = tuple(f"t{n:02}" for n in range(49))
        given(registered).when(tag(*tags)).then(ResourceTagged(tags=tags))
        given(registered, ResourceTagged(tags=tags)).when(tag("one more")).refused("too_many_tags")
        given(registered, ResourceTagged(tags=tags)).when(tag("overdue", "t00")).quiet()

    def test_there_are_at_most_200_shares(self) -> None:
        everyone = tuple(ResourceShared(account=f"a{n}", role="viewer") for n in range(200))
        given(registered, *everyone).when(share("one-more", "viewer")).refused("too_many_shares")
        given(registered, *everyone).when(share("a0", "editor")).then(ResourceShared(account="a0", role="editor"))
        given(registered, *everyone).when(transfer("one-more")).refused("too_many_shares")
        given(registered, *everyone).when(transfer("a0")).then(ResourceTransferred(owner="a0", former_owner="alice"))


class TestTags:
    def test_only_new_tags_are_a_fact(self) -> None:
        given(registered).when(tag("paid", "overdue", "2026", "paid")).then(ResourceTagged(tags=("2026", "paid")))

    def test_an_editor_tags(self) -> None:
        given(*shared).when(tag("paid"), by="bob").then(ResourceTagged(tags=("paid",)))

    def test_tags_that_are_there_add_nothing(self) -> None:
        given(registered).when(tag("overdue")).quiet()
        given(registered).when(tag()).quiet()

    def test_only_tags_that_are_there_are_taken_off(self) -> None:
        given(registered).when(untag("overdue", "paid")).then(ResourceUntagged(tags=("overdue",)))

    def test_an_editor_untags(self) -> None:
        given(*shared).when(untag("overdue"), by="bob").then(ResourceUntagged(tags=("overdue",)))

    def test_tags_that_are_not_there_are_no_matter(self) -> None:
        given(registered).when(untag("paid")).quiet()


class TestShares:
    def test_the_owner_shares(self) -> None:
        given(registered).when(share("bob", "editor")).then(bob_edits)

    def test_another_role_replaces_the_one_until_now(self) -> None:
        now_views = ResourceShared(account="bob", role="viewer")
        given(*shared).when(share("bob", "viewer")).then(now_views)
        given(*shared, now_views).when(rename("B"), by="bob").refused("resource_forbidden")

    def test_the_same_role_adds_nothing(self) -> None:
        given(*shared).when(share("bob", "editor")).quiet()

    def test_the_owner_needs_no_share(self) -> None:
        given(*shared).when(share("alice", "viewer")).refused("shared_with_owner")

    def test_the_owner_unshares(self) -> None:
        given(*shared).when(unshare("bob")).then(ResourceUnshared(account="bob"))

    def test_an_account_without_a_role_loses_nothing(self) -> None:
        given(*shared).when(unshare("dora")).quiet()
        given(*shared).when(unshare("alice")).quiet()

    @pytest.mark.parametrize("account", ["bob", "carol"])
    def test_anyone_gives_up_a_role_of_their_own_and_is_a_stranger_then(self, account: str) -> None:
        _, facts = given(*shared).when(unshare(account), by=account).decided()
        assert facts == [ResourceUnshared(account=account)]
        given(*shared, *facts).when(unshare(account), by=account).refused("resource_unknown")


class TestTransfer:
    def test_the_owner_gives_a_resource_away_and_edits_it_from_then_on(self) -> None:
        given_away = ResourceTransferred(owner="dora", former_owner="alice")
        given(registered).when(transfer("dora")).then(given_away)
        given(registered, given_away).when(rename("Invoice 8")).then(renamed)
        given(registered, given_away).when(trash).refused("resource_forbidden")
        given(registered, given_away).when(trash, by="dora").then(ResourceTrashed())

    def test_the_new_owner_keeps_no_other_role(self) -> None:
        given_away = ResourceTransferred(owner="carol", former_owner="alice")
        given(*shared).when(transfer("carol")).then(given_away)
        given(*shared, given_away).when(unshare("carol"), by="carol").quiet()

    def test_to_the_owner_adds_nothing(self) -> None:
        given(*shared).when(transfer("alice")).quiet()
        given(*shared, ResourceTransferred(owner="bob", former_owner="alice")).when(transfer("bob")).quiet()


class TestTrash:
    def test_the_owner_trashes_and_restores(self) -> None:
        given(registered).when(trash).then(ResourceTrashed())
        given(*trashed).when(restore).then(ResourceRestored())

    def test_what_is_so_already_adds_nothing(self) -> None:
        given(*trashed).when(trash).quiet()
        given(registered).when(restore).quiet()

    def test_what_is_restored_is_as_it_was(self) -> None:
        given(*trashed, ResourceRestored()).when(rename("Invoice 8"), by="bob").then(renamed)


def after_renames(count: int) -> Resource:
    resource = decider.evolve(decider.initial, registered)
    for n in range(count):
        resource = decider.evolve(resource, ResourceRenamed(name=f"Name {n:03}"))
    return resource


class TestRevert:
    facts = (*shared, renamed, changed({"currency": "EUR"}, version=2, position=3), ResourceTagged(tags=("paid",)))
    to_the_first = ResourceReverted(
        to_version=1, kind_version=1, name="Invoice 7", attributes={"amount": 1200}, tags=("overdue",)
    )

    def test_everything_of_the_content_comes_back(self) -> None:
        given(*self.facts).when(revert(1)).then(self.to_the_first)
        given(*self.facts).when(revert(1), by="bob").then(self.to_the_first)

    def test_a_revert_may_be_reverted(self) -> None:
        given(*self.facts, self.to_the_first).when(revert(5)).then(
            ResourceReverted(
                to_version=5,
                kind_version=2,
                name="Invoice 8",
                attributes={"amount": 1200, "currency": "EUR"},
                tags=("overdue",),
            )
        )

    def test_owner_and_roles_stay(self) -> None:
        given_away = ResourceTransferred(owner="bob", former_owner="alice")
        facts = (*self.facts, given_away, self.to_the_first)
        given(*facts).when(trash).refused("resource_forbidden")
        given(*facts).when(trash, by="bob").then(ResourceTrashed())

    def test_to_what_is_so_already_adds_nothing(self) -> None:
        given(*self.facts).when(revert(6)).quiet()
        given(registered, renamed, ResourceRenamed(name="Invoice 7")).when(revert(1)).quiet()
        given(registered, bob_edits, carol_views).when(revert(2)).quiet()

    def test_there_is_no_version_to_come(self) -> None:
        given(*self.facts).when(revert(7)).refused("version_unknown", "version 6")

    def test_the_newest_100_versions_are_kept(self) -> None:
        facts = (registered, *(ResourceRenamed(name=f"Name {n}") for n in range(2, 102)))
        given(*facts).when(revert(1)).refused("version_forgotten", "2")
        back = self.to_the_first.model_copy(update={"to_version": 2, "name": "Name 2"})
        # Then itself the 101st from the end, it is so already and adds nothing when asked again.
        given(*facts).when(revert(2)).then(back)
        given(*facts, back, renamed).when(revert(2)).refused("version_forgotten", "4")

    def test_a_state_grows_no_more_after_100_versions(self) -> None:
        sizes = [len(msgpack.encode(after_renames(count))) for count in (100, 101, 300)]
        assert max(sizes) - min(sizes) < 10


@pytest.mark.parametrize("command", DOMAIN.commands)
def test_every_example_works_when_pasted(command: type[ResourceCommand]) -> None:
    schema = command.model_json_schema()
    for example in schema["examples"]:
        door_fills_in = {"kind_version": 1, "kind_position": 2} if command is RegisterResource else {}
        asked = command(**example, **door_fills_in)
        facts = () if command is RegisterResource else (registered,)
        given(*facts).when(asked).decided()
