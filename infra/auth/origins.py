"""Which pages may ask where a browser itself asks nobody whether they may."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from schemas.problems import Problem


def require_origin(connection: HTTPConnection, origins: Sequence[str]) -> None:
    """Raise Problem for a page that is neither of ours nor of those that may ask."""
    origin = connection.headers.get("origin")
    if origin is None or origin in origins or urlsplit(origin).netloc == connection.headers.get("host"):
        return
    raise Problem("origin_forbidden", "Pages of this origin may not ask here: name it in ANNAL_CORS_ORIGINS.")
