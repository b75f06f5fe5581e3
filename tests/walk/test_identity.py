"""One person's way: registered, verified, signed in with a second factor, trusted, distrusted, erased."""

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import pyotp
import pytest
import redis

from infra.embedded.postgres import program
from infra.faults.gather import records
from infra.settings import Settings
from schemas import topics
from schemas.domains import DOMAINS
from schemas.journal import Chain, before
from tests.calling import Playing
from tests.walk.conftest import Running
from tests.walk.people import PASSWORD, WAIT, Person, person

KIND = {"kind": "ledger", "json_schema": {"type": "object"}}


@pytest.fixture(scope="module")
def http(running: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=running.url, timeout=60, auth=Playing()) as client:
        yield client


@pytest.fixture(scope="module")
def admin(http: httpx2.Client, running: Running) -> Person:
    """Make who runs the service, or be them again: the command says which."""
    root = Person(http, "Root")
    root.address = "root@people.example"
    command = [sys.executable, "-m", "infra.cli", "admin", "create", "--address", root.address]
    environment = os.environ | {"ANNAL_ADMIN_PASSWORD": PASSWORD, "ANNAL_DATA_DIR": str(running.settings.data_dir)}
    environment |= running.settings.environment()
    made = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - our own
    assert made.returncode == 0, made.stdout + made.stderr
    assert "may do everything" in made.stdout or "the role admin" in made.stdout
    return root


def felt(ask: Any, status: int, within: float = 5.0) -> None:
    """Wait until a door answers with this status."""
    until = time.monotonic() + within
    while (answer := ask()).status_code != status:
        assert time.monotonic() < until, answer.text
        time.sleep(0.02)


def test_the_way_of_a_person(http: httpx2.Client, admin: Person) -> None:
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
    root = http.post("/v1/dev/login", json={"account": "root", "roles": ["admin"]}).json()["access_token"]
    taken = {"account_id": grace.account, "role": "member"}
    answer = http.post("/v1/commands/account.take_role", json=taken, headers=WAIT | {"Authorization": f"Bearer {root}"})
    assert answer.status_code == 200, answer.text
    felt(lambda: grace.get("/v1/resources"), 403)

    # Erased.
    known = ada.get(f"/v1/accounts/{ada.account}/export")
    assert known.status_code == 200
    assert ada.name in known.text
    assert ada.address in known.text
    ada.ask("account.erase", account_id=ada.account)
    felt(lambda: ada.get("/v1/accounts/me"), 401)
    assert ada.sign_in(401)["code"] == "credentials_wrong"


@pytest.mark.usefixtures("admin")
def test_nothing_of_an_erased_person_is_left(http: httpx2.Client, stack: Settings, running: Running) -> None:
    ada = person(http, f"Ada{uuid.uuid4().hex[:8]}")
    secret = ada.ask("totp.enrol", password=PASSWORD)["secret"]
    ada.ask("account.change_profile", locale="de-AT", traits={"motto": f"motto of {ada.name}"})
    key = ada.ask("apikey.create", name="to be found", scopes=["resource:read"])["key"]
    ada.sign_in(401, password="not hers")  # noqa: S106 - indeed
    ada.sign_in()
    told = [ada.name, ada.address, ada.address.partition("@")[0], PASSWORD, secret, key, ada.refresh, ada.token]
    account = ada.account
    assert http.get("/v1/dev/inbox", params={"to": ada.address}).json()["items"]
    kept = backup(stack)
    ada.ask("account.erase", account_id=account)
    until = time.monotonic() + 60
    while http.get("/v1/dev/inbox", params={"to": ada.address}).json()["items"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    # What is searched holds what is no secret, so that what is not found is not there.
    assert found(stack, running, kept, account)
    assert {each: found(stack, running, kept, each) for each in told} == {each: [] for each in told}
    assert unbroken(stack, "account") > 0


def backup(stack: Settings) -> bytes:
    """Give a dump of all of PostgreSQL."""
    command = [program("pg_dump"), "--dbname", stack.postgres_url]
    return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - our own command


def found(stack: Settings, running: Running, kept: bytes, text: str) -> list[str]:
    """Say in which files a text stands: of Kafka, PostgreSQL and Redis, in logs, and in a backup."""
    with redis.Redis.from_url(stack.redis_url) as cache:
        cache.save()
    sought = text.encode()
    directories = (stack.data_dir, running.settings.data_dir)
    files = [path for directory in directories for path in directory.rglob("*") if path.is_file()]
    hits = [str(path) for path in files if sought in path.read_bytes()]
    return hits + ["a backup"] * (sought in kept)


def unbroken(stack: Settings, domain: str) -> int:
    """Count the records of the journals of a domain that count, after walking their chains."""

    async def walked() -> int:
        counted = 0
        for partition in range(next(each.partitions for each in DOMAINS if each.name == domain)):
            chain = Chain()
            for record in await records(stack, topics.facts(domain), partition):
                counted += chain.take(before(record.headers), record.key, record.value)
            assert not chain.void
        return counted

    return asyncio.run(walked())
