"""A page may ask if it is of this service or named; whoever is no page may always."""

import pytest
from starlette.requests import HTTPConnection

from infra.auth.origins import require_origin
from schemas.problems import Problem


def asking(**headers: str) -> HTTPConnection:
    said = [(name.encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": [(b"host", b"annal.example"), *said]})


@pytest.mark.parametrize("headers", [{}, {"origin": "https://annal.example"}, {"origin": "https://app.example"}])
def test_may_ask(headers: dict[str, str]) -> None:
    require_origin(asking(**headers), ("https://app.example",))


@pytest.mark.parametrize("origin", ["https://evil.example", "https://annal.example.evil.example", "null", ""])
def test_may_not_ask(origin: str) -> None:
    with pytest.raises(Problem, match="ANNAL_CORS_ORIGINS"):
        require_origin(asking(origin=origin), ("https://app.example",))
