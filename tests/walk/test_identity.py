"""One person's way: registered, verified, signed in with a second factor, trusted, distrusted, erased."""

import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import pytest

from tests.calling import Playing
from tests.walk.conftest import Running

PASSWORD = "seven lamps over the quiet harbour"
WAIT = {"Prefer": "wait=20"}
KIND = {"kind": "ledger", "json_schema": {"type": "object"}}


class Person:
    """Somebody with a name and an address that nobody else has, at the doors."""

    def __init__(self, client: httpx2.Client, name: str) -> None:
        self.client = client
        self.name = f"{name} {uuid.uuid4().hex[:12]}"
        self.address = f"{name.lower()}.{uuid.uuid4().hex[:12]}@people.example"
        self.account = ""
        self.token = ""
        self.refresh = ""

    def ask(self, command: str, expect: int = 200, **body: Any) -> dict[str, Any]:
        answer = self.client.post(f"/v1/commands/{command}", json=body, headers=WAIT | self.shown())
        assert answer.status_code == expect, (command, answer.text)
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def get(self, path: str, position: str | None = None) -> httpx2.Response:
        at = {"Annal-Min-Position": position} if position else {}
        return self.client.get(path, headers=self.shown() | at)

    def shown(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def register(self) -> None:
        sent = {"address": self.address, "password": PASSWORD, "display_name": self.name}
        self.account = self.ask("account.open", **sent)["account_id"]

    def mailed(self, subject: str = "") -> str:
        """Give the token of the newest mail; it is there a moment after what it tells of."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            kept = self.client.get("/v1/dev/inbox", params={"to": self.address}).json()["items"]
            found = [re.search(r'"token": "([^"]+)"', mail["text"]) for mail in kept if subject in mail["subject"]]
            if found and found[-1]:
                return found[-1][1]
            time.sleep(0.1)
        raise AssertionError(f"no mail came to {self.address}")

    def verify(self) -> None:
        self.ask("account.verify_address", token=self.mailed())

    def sign_in(self, expect: int = 200, **more: Any) -> dict[str, Any]:
        self.token = ""
        sent = {"address": self.address, "password": PASSWORD, **more}
        answer = self.client.post("/v1/sessions", json=sent)
        assert answer.status_code == expect, answer.text
        found: dict[str, Any] = answer.json()
        if expect == 200:
            self.token, self.refresh = found["access_token"], found["refresh_token"]
        return found


@pytest.fixture
def http(running: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=running.url, timeout=60, auth=Playing()) as client:
        yield client


def person(http: httpx2.Client, name: str) -> Person:
    somebody = Person(http, name)
    somebody.register()
    somebody.verify()
    until = time.monotonic() + 20
    while somebody.client.post("/v1/sessions", json={"address": somebody.address, "password": "x"}).status_code == 403:
        assert time.monotonic() < until
    somebody.sign_in()
    return somebody


def felt(ask: Any, status: int, within: float = 5.0) -> None:
    """Wait until a door answers with this status."""
    until = time.monotonic() + within
    while (answer := ask()).status_code != status:
        assert time.monotonic() < until, answer.text
        time.sleep(0.02)


def test_the_way_of_a_person(http: httpx2.Client, running: Running) -> None:
    ada, grace = Person(http, "Ada"), person(http, "Grace")
    ada.register()
    assert ada.sign_in(403)["code"] == "address_not_verified"
    ada.verify()
    ada.sign_in()

    # A second factor.
    enrolled = ada.ask("totp.enrol", password=PASSWORD)
    authenticator = pyotp.TOTP(enrolled["secret"])
    codes = ada.ask("totp.enable", code=authenticator.now())["recovery_codes"]
    assert len(codes) == 10
    assert ada.sign_in(401)["code"] == "code_required"
    ada.sign_in(code=codes[0])
    assert ada.sign_in(401, code=codes[0])["code"] == "credentials_wrong"
    ada.sign_in(code=codes[1])

    # A key, within what it is for.
    made = ada.ask("apikey.create", name="nightly import", scopes=["resource:read", "kind:read"])
    by_key = {"Authorization": f"Bearer {made['key']}"}
    ada.client.post("/v1/commands/kind.define", json=KIND, headers=WAIT | ada.shown())
    resource = f"ledger-{uuid.uuid4()}"
    written = ada.ask("resource.register", resource_id=resource, kind="ledger", name="Ledger", attributes={})
    least = {"Annal-Min-Position": written["position"]}
    assert http.get(f"/v1/resources/{resource}", headers=by_key | least).status_code == 200
    refused = http.post("/v1/commands/resource.trash", json={"resource_id": resource}, headers=by_key)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")

    # Shared with another, and no longer.
    shared = ada.ask("resource.share", resource_id=resource, account=grace.account, role="viewer")
    assert grace.get(f"/v1/resources/{resource}", shared["position"]).status_code == 200
    unshared = ada.ask("resource.unshare", resource_id=resource, account=grace.account)
    assert grace.get(f"/v1/resources/{resource}", unshared["position"]).status_code == 404

    # A right taken away works on the next request.
    admin = {"As": "root"}
    http.post("/v1/dev/login", json={"account": "root", "roles": ["admin"]})
    root = http.post("/v1/dev/login", json={"account": "root", "roles": ["admin"]}).json()["access_token"]
    taken = {"account_id": grace.account, "role": "member"}
    answer = http.post(
        "/v1/commands/account.take_role", json=taken, headers=WAIT | {"Authorization": f"Bearer {root}"}
    )
    assert answer.status_code == 200, answer.text
    felt(lambda: grace.get("/v1/resources"), 403)
    assert admin

    # Erased.
    known = ada.get(f"/v1/accounts/{ada.account}/export")
    assert known.status_code == 200
    assert ada.name in known.text
    assert ada.address in known.text
    ada.ask("account.erase", account_id=ada.account)
    felt(lambda: ada.get("/v1/accounts/me"), 401)
    assert ada.sign_in(401)["code"] == "credentials_wrong"
