"""The API document, and the page that shows it: all of it served from here, so that no network is needed."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from starlette.routing import BaseRoute

from schemas.domains import DOMAINS
from schemas.problems import answers
from schemas.rights import QUERIES, takes
from streams import openapi
from streams.identity import SENT

DESCRIPTION = """\
Every change is a command; every accepted command leaves facts that are never changed; everything read is built from
facts.

**Try it**: run `account.open`; the first account of a new installation on this machine may do everything, others
prove their address first. Press *Authorize* and sign in with the address and password. Then run `kind.define` and
`resource.register`, and read the resource: every example works as it stands.

**Who asks** shows an access token, as `POST /v1/sessions` gives it, or an API key: `Authorization: Bearer …`. Tokens
live ten minutes; `POST /v1/sessions/refresh` gives the next. What each command and query takes stands with it.

**Ask twice, done once**: with the header `Idempotency-Key` the same request may be sent again, for 7 days.

**Read your own writes**: give the `Annal-Position` of an answer as `min-position` to a read.

**Agents of others** call all of this as tools of the Model Context Protocol, at `/v1/mcp`.

**Problems** are `application/problem+json` (RFC 9457); their `code` is stable.
"""


BEFORE_ROUTES = ("headers_too_large", "path_invalid", "request_unreadable", "uri_too_long")
"""What may be wrong with any request, before a route sees it."""


def describe(app: FastAPI, commands: Sequence[BaseRoute]) -> None:
    """Give an app its document at /openapi.json and its page at /docs."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document([*commands, *app.routes])
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # as FastAPI says to
    app.mount("/docs/assets", StaticFiles(directory=_assets()))
    app.add_api_route("/docs", _page, include_in_schema=False)


async def _page() -> Response:
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Annal API",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon-32x32.png",
        swagger_ui_parameters={"tryItOutEnabled": True, "persistAuthorization": True, "docExpansion": "list"},
    )
    page.headers["Content-Security-Policy"] = policy(bytes(page.body))
    return page


def policy(page: bytes) -> str:
    """Say what a page may load and run: what comes from here, and the scripts that stand in it as they are."""
    scripts = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    digests = (b64encode(hashlib.sha256(script).digest()).decode() for script in scripts)
    may_run = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' {may_run}; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _assets() -> Path:
    """Find Swagger UI's files in the package that brings them; importing it is not needed."""
    found = find_spec("fastapi_swagger")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("fastapi_swagger")
    return Path(found.origin).parent / "resources"


def _document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    tags = [
        *({"name": domain.name, "description": f"Commands about a {domain.name}."} for domain in DOMAINS),
        {"name": "bulk", "description": "Many commands at once."},
        {"name": "read", "description": "What is known."},
        {"name": "audit", "description": "Who asked what; each reading is put on record."},
        {"name": "checkpoints", "description": "What is signed of all journals, to be kept elsewhere."},
        {"name": "health", "description": "For machines that watch."},
    ]
    document = get_openapi(
        title="Annal",
        version="1",
        description=DESCRIPTION,
        routes=routes,
        tags=tags,
        servers=[{"url": "/"}],
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(openapi.components(SENT))
    # FastAPI says of every route with parameters that it answers 422 in its own form; ours is the problem.
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            operation["responses"] |= {str(status): said for status, said in answers("query_invalid").items()}
        bounds = (*BEFORE_ROUTES, "body_too_slow") if "requestBody" in operation else BEFORE_ROUTES
        for status, said in answers(*bounds).items():
            operation["responses"].setdefault(str(status), said)
    for path, (right, domain) in QUERIES.items():
        document["paths"][path]["get"]["description"] = takes(right, domain)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document
