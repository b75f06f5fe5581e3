"""What pages of other origins may ask, and what the documents' own page may load."""

import base64
import hashlib
import re
from functools import cache

import httpx2
import pytest
from fastapi import FastAPI

from infra.api import create
from infra.settings import Settings
from tests.calling import HEADER, inside

NOWHERE = Settings(
    kafka_bootstrap="127.0.0.1:1", postgres_url="postgresql://x@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1"
)
OURS, THEIRS = "https://app.example", "https://app.example.evil.example"


@cache
def app(*origins: str) -> FastAPI:
    return inside(create(NOWHERE.model_copy(update={"cors_origins": origins})))


def client(*origins: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app(*origins)), base_url="http://annal")


def preflight(origin: str, method: str = "POST", headers: str = "authorization,idempotency-key") -> dict[str, str]:
    return {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}


async def test_pages_of_a_named_origin_may_ask() -> None:
    answer = await client(OURS).options("/v1/commands/kind.define", headers=preflight(OURS))
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == OURS
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_pages_of_a_named_origin_see_what_our_headers_say() -> None:
    answer = await client(OURS).get("/v1/resources/r1", headers={"Origin": OURS})
    assert answer.headers["access-control-allow-origin"] == OURS
    seen = set(answer.headers["access-control-expose-headers"].split(", "))
    expected = "Annal-Position ETag Location Retry-After RateLimit RateLimit-Policy Annal-Request"
    assert set(expected.split()) <= seen


@pytest.mark.parametrize(
    "origin", [THEIRS, "http://app.example", "https://app.example:8443", "null", "https://APP.example"]
)
async def test_pages_of_any_other_origin_may_not(origin: str) -> None:
    http = client(OURS)
    for answer in (
        await http.options("/v1/commands/kind.define", headers=preflight(origin)),
        await http.get("/v1/resources/r1", headers={"Origin": origin}),
    ):
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("asked", [{"method": "DELETE"}, {"headers": "x-user"}])
async def test_pages_may_send_only_what_doors_take(asked: dict[str, str]) -> None:
    answer = await client(OURS).options("/v1/commands/kind.define", headers=preflight(OURS, **asked))
    assert answer.status_code == 400


async def test_where_no_origin_is_named_no_page_may_ask() -> None:
    http = client()
    answer = await http.options("/v1/commands/kind.define", headers=preflight(OURS))
    assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_the_documents_page_runs_what_comes_from_here_and_its_own_script() -> None:
    answer = await client().get("/docs")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    inline = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    assert policy["script-src"] == " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    assert len(inline) == 1
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'",) * 3
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", answer.text)


@pytest.mark.parametrize(
    "media_type",
    ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", "application/xml", ""],
)
async def test_forms_that_any_page_can_send_are_no_commands(media_type: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\ninvoice\r\n--x--\r\n'
    headers = {"Content-Type": media_type, HEADER: "alice"}
    for path in ("/v1/commands/kind.define", "/v1/commands"):
        answer = await client().post(path, content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "content_type_unsupported")


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/docs", "/docs/assets/swagger-ui.css"])
async def test_parts_of_an_answer_cost_no_more_than_all_of_it(path: str) -> None:
    http = client()
    whole = await http.get(path)
    shapes = ("0-", "-1", ",".join(f"{n}-" for n in range(2500)), "0-0," * 3000 + "0-0", "0-0,2-2,4-4", "9-1", "x")
    for ranges in shapes:
        part = await http.get(path, headers={"Range": f"bytes={ranges}"})
        assert part.status_code in (200, 206, 400, 416)
        assert len(part.content) <= len(whole.content) + 1000
