"""What clients find out by themselves: who gives access tokens here, and the public keys to check them with."""

from typing import Any

import orjson
from fastapi import APIRouter, Response

from infra.auth import TOKEN_PATH
from infra.auth.signing import PROPAGATION, SigningKeys
from infra.settings import Settings

JWKS_PATH = "/.well-known/jwks.json"


def routes(settings: Settings, keys: SigningKeys) -> APIRouter:
    """Give the routes of discovery (OpenID Connect Discovery 1.0, RFC 8414)."""
    router = APIRouter(tags=["health"])
    # A key is published so long before it signs that whoever kept the list this long has it.
    kept = {"Cache-Control": f"public, max-age={PROPAGATION // 4:.0f}"}

    async def configuration() -> Response:
        return Response(orjson.dumps(_configuration(settings.url)), 200, kept, "application/json")

    async def jwks() -> Response:
        return Response(orjson.dumps(keys.jwks()), 200, kept, "application/jwk-set+json")

    described = {"response_class": Response, "include_in_schema": False}
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        router.add_api_route(path, configuration, **described)  # type: ignore[arg-type]
    router.add_api_route(JWKS_PATH, jwks, **described)  # type: ignore[arg-type]
    return router


def _configuration(url: str) -> dict[str, Any]:
    return {
        "issuer": url,
        "jwks_uri": f"{url}{JWKS_PATH}",
        "token_endpoint": f"{url}{TOKEN_PATH}",
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["password", "refresh_token"],
        "response_types_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["sub", "sid", "roles", "amr", "iat", "exp", "jti"],
        "service_documentation": f"{url}/docs",
    }
