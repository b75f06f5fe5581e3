"""The page of who may do what says what the code does."""

from infra.api import create
from infra.rights import PAGE, page
from infra.settings import Settings
from schemas.rights import QUERIES, permits

NOWHERE = Settings(
    kafka_bootstrap="127.0.0.1:1", postgres_url="postgresql://x@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1"
)


def test_the_page_is_as_the_code_writes_it() -> None:
    assert PAGE.read_text() == page(), "write it anew with: uv run python -m infra.rights"


def test_everything_that_takes_signing_in_is_on_the_page() -> None:
    paths = create(NOWHERE).openapi()["paths"]
    asked = {path for path, operations in paths.items() if any("security" in each for each in operations.values())}
    told = page()
    missing = {path for path in asked if f"`{path.removeprefix('/v1/commands/')}`" not in told and path not in QUERIES}
    assert missing == {"/v1/commands", "/v1/commands/{command_id}", "/v1/sessions/leave"}


def test_a_permission_of_a_domain_is_none_of_another() -> None:
    assert permits(["resource:*"], "resource:read")
    assert permits(["*"], "resource:read")
    assert not permits(["resource:*"], "*")
    assert not permits(["resource:read"], "resource:*")
    assert not permits(["resource:read", "kind:*"], "resource:trash")
