"""One person's way: registered, verified, signed in with a second factor, trusted, distrusted, erased."""

import asyncio
import os
import subprocess
import sys
import time
import uuid

import httpx2
import psycopg
import pyotp
import pytest

from infra.faults.gather import records
from infra.settings import Settings
from schemas import topics
from schemas.domains import DOMAINS
from schemas.journal import Chain, before
from tests.walk.conftest import Running
from tests.walk.somebody import PASSWORD, Somebody, felt, somebody
from tests.walk.traces import backup, found


@pytest.fixture
async def admin(http: httpx2.AsyncClient, running: Running) -> Somebody:
    """Make who runs the service, or be them again: the command says which."""
    root = Somebody(http, "Root", "root@people.example")
    command = [sys.executable, "-m", "infra.cli", "admin", "create", "--address", root.address]
    environment = os.environ | running.settings.environment() | {"ANNAL_ADMIN_PASSWORD": PASSWORD}
    made = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, env=environment
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert "may do everything" in made.stdout or "the role admin" in made.stdout
    await felt(lambda: http.post("/v1/sessions", json={"address": root.address, "password": PASSWORD}), 200)
    await root.sign_in()
    return root


async def test_the_way_of_a_person(http: httpx2.AsyncClient, admin: Somebody) -> None:
    ada, grace = Somebody(http, "Ada"), await somebody(http, "Grace")
    await ada.register()
    assert (await ada.sign_in(403)).json()["code"] == "address_not_verified"
    await ada.ask("account.verify_address", token=await ada.mailed(""))
    await ada.sign_in()

    # A second factor.
    enrolled = await ada.ask("totp.enrol", password=PASSWORD)
    authenticator = pyotp.TOTP(enrolled["secret"])
    codes = (await ada.ask("totp.enable", code=authenticator.now()))["recovery_codes"]
    assert len(codes) == 10
    ada.token = ""
    assert (await ada.sign_in(401)).json()["code"] == "code_required"
    await ada.sign_in(code=codes[0])
    assert (await ada.sign_in(401, code=codes[0])).json()["code"] == "credentials_wrong"
    # The code that it was enabled with is used up; an authenticator whose clock is ahead shows the next one already.
    following = authenticator.at(int(time.time()) + authenticator.interval)
    await ada.sign_in(code=following)
    assert (await ada.sign_in(401, code=following)).json()["code"] == "credentials_wrong"
    await ada.sign_in(code=codes[1])

    # A key, within what it is for.
    made = await ada.ask("apikey.create", name="nightly import", scopes=["resource:read", "kind:read"])
    by_key = {"Authorization": f"Bearer {made['key']}"}
    resource, kind = f"ledger-{uuid.uuid4()}", f"ledger.x{uuid.uuid4().hex}"
    await ada.ask("kind.define", kind=kind, json_schema={"type": "object"})
    written = await ada.ask("resource.register", resource_id=resource, kind=kind, name="Ledger", attributes={})
    least = {"Annal-Min-Position": written["position"]}
    assert (await http.get(f"/v1/resources/{resource}", headers=by_key | least)).status_code == 200
    refused = await http.post("/v1/commands/resource.trash", json={"resource_id": resource}, headers=by_key)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")

    # Shared with another, and no longer.
    path = f"/v1/resources/{resource}"
    shared = await ada.ask("resource.share", resource_id=resource, account=grace.account, role="viewer")
    assert (await grace.get(path, **{"min-position": shared["position"]})).status_code == 200
    unshared = await ada.ask("resource.unshare", resource_id=resource, account=grace.account)
    assert (await grace.get(path, **{"min-position": unshared["position"]})).status_code == 404

    # A right taken away works on the next request.
    assert (await grace.get("/v1/resources")).status_code == 200
    await admin.ask("account.take_role", account_id=grace.account, role="member")
    assert (await grace.get("/v1/resources")).status_code == 403

    # Erased.
    known = await ada.get(f"/v1/accounts/{ada.account}/export")
    assert known.status_code == 200
    assert ada.name in known.text
    assert ada.address in known.text
    await ada.ask("account.erase", account_id=ada.account)
    await felt(lambda: ada.get("/v1/accounts/me"), 401)
    assert (await ada.sign_in(401)).json()["code"] == "credentials_wrong"


async def test_nothing_of_an_erased_person_is_left(http: httpx2.AsyncClient, stack: Settings, running: Running) -> None:
    ada = await somebody(http, f"Ada{uuid.uuid4().hex[:8]}")
    secret = (await ada.ask("totp.enrol", password=PASSWORD))["secret"]
    await ada.ask("account.change_profile", locale="de-AT", traits={"motto": f"motto of {ada.name}"})
    key = (await ada.ask("apikey.create", name="to be found", scopes=["resource:read"]))["key"]
    await ada.sign_in(401, password="not hers")  # noqa: S106 - indeed
    await ada.sign_in()
    told = [ada.name, ada.address, ada.address.partition("@")[0], PASSWORD, secret, key, ada.refresh, ada.token]

    async def inbox() -> httpx2.Response:
        kept = await http.get("/v1/dev/inbox", params={"to": ada.address})
        return kept if kept.json()["items"] else httpx2.Response(404)

    assert (await inbox()).status_code == 200
    kept = backup(stack)
    await ada.ask("account.erase", account_id=ada.account)
    await felt(inbox, 404)
    with psycopg.connect(stack.postgres_url) as database:
        keys = database.execute("SELECT wrapped FROM vault.person_key WHERE account_id = %s", [ada.account]).fetchall()
    assert keys == [(None,)]
    # What is searched holds what is no secret, so that what is not found is not there.
    assert found(stack, running, kept, ada.account)
    assert {each: found(stack, running, kept, each) for each in told} == {each: [] for each in told}
    assert await unbroken(stack, "account") > 0


async def unbroken(stack: Settings, domain: str) -> int:
    """Count the records of the journals of a domain that count, after walking their chains."""
    counted = 0
    for partition in range(next(each.partitions for each in DOMAINS if each.name == domain)):
        chain = Chain()
        for record in await records(stack, topics.facts(domain), partition):
            counted += chain.take(before(record.headers), record.key, record.value)
        assert not chain.void
    return counted
