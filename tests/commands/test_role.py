"""What may be done with a role."""

import pytest

from schemas.role import BUILT_IN, DefineRole, RetireRole, RoleDefined, RoleRetired
from tests.given import given

defined = RoleDefined(permissions=("kind:read", "resource:*"))
retired = RoleRetired()


def define(*permissions: str, role: str = "clerk") -> DefineRole:
    return DefineRole(role=role, permissions=permissions)


retire = RetireRole(role="clerk")


def test_a_role_is_a_set_of_permissions() -> None:
    given().when(define("resource:*", "kind:read", "resource:*")).then(defined)


def test_a_role_may_permit_nothing() -> None:
    given().when(define()).then(RoleDefined(permissions=()))


def test_a_role_is_defined_anew() -> None:
    given(defined).when(define("kind:read")).then(RoleDefined(permissions=("kind:read",)))


def test_the_same_permissions_in_another_order_add_nothing() -> None:
    given(defined).when(define("resource:*", "kind:read")).quiet()


@pytest.mark.parametrize("role", BUILT_IN)
def test_built_in_roles_stay_as_they_are(role: str) -> None:
    given().when(define("*", role=role)).refused("role_built_in")
    given().when(RetireRole(role=role)).refused("role_built_in")


def test_a_role_is_retired() -> None:
    given(defined).when(retire).then(retired)


def test_a_role_is_retired_once() -> None:
    given(defined, retired).when(retire).quiet()


def test_a_role_that_nobody_defined_is_not_retired() -> None:
    given().when(retire).refused("role_unknown")


def test_a_retired_role_may_be_defined_again_as_it_was() -> None:
    given(defined, retired).when(define("kind:read", "resource:*")).then(defined)


def test_a_retired_role_that_permitted_nothing_may_be_defined_again() -> None:
    nothing = RoleDefined(permissions=())
    given(nothing, retired).when(define()).then(nothing)
