"""The API document is true: whatever is sent, there is no error of ours and no answer that it does not have."""

from typing import Any, TypeAlias

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from infra.api import create
from infra.settings import Settings
from tests.walk.conftest import Running

Case: TypeAlias = "schemathesis.Case[Any]"

NOWHERE = Settings(
    kafka_bootstrap="127.0.0.1:1", postgres_url="postgresql://x@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1"
)

ALICE = {"Annal-Actor": "alice"}

# Until identity exists there are no wrong credentials. A command as the document wants it may be against the rules.
NEVER = [ignored_auth, positive_data_acceptance]


@schemathesis.serializer("application/x-ndjson")
def lines(_: Any, value: Any) -> bytes:
    return str(value).encode()


def document() -> dict[str, Any]:
    """Give the API document of those who have said who they are."""
    document = create(NOWHERE).openapi()
    del document["components"]["securitySchemes"]
    for path in document["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    return document


api = schemathesis.openapi.from_dict(document())


@api.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_answer_is_unexpected(case: Case, running: Running) -> None:
    case.call_and_validate(running.url, headers=ALICE, excluded_checks=[*NEVER, *_not_of(case)])


def _not_of(case: Case) -> list[Any]:
    """Name what cannot be asked where anything goes: of arrays in a query, which may be one value; of lines of text."""
    arrays = any(parameter.definition["schema"].get("type") == "array" for parameter in case.operation.query)
    text = case.media_type == "application/x-ndjson"
    return [negative_data_rejection] if arrays or text else []
