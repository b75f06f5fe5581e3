"""An auditor's walk: who changed this, prove it, erase a person, prove it again."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest

from infra.prove.offline import verify
from tests.infra.guarded import annal
from tests.walk.conftest import Running
from tests.walk.somebody import PATIENCE, Somebody, felt, played, somebody

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
async def ada(http: httpx2.AsyncClient) -> Somebody:
    """Somebody with an account, an invoice, and a colleague who changed it."""
    ada, bo = await somebody(http, "Ada"), await somebody(http, "Bo")
    # Whoever defined it first may define it again; that others did is no matter.
    await ada.post(
        "/v1/commands/kind.define",
        {"kind": "ledger", "json_schema": {"type": "object", "properties": {"amount": {"type": "number"}}}},
    )
    name = f"ledger-{ada.account}"
    await ada.ask("resource.register", resource_id=name, kind="ledger", name="Ledger", attributes={"amount": 1200})
    await ada.ask("resource.share", resource_id=name, account=bo.account, role="editor")
    await bo.ask("resource.change", resource_id=name, patch={"amount": 12})
    refused = await bo.ask("resource.change", 422, resource_id=name, patch={"amount": "much"})
    # What was written is read with its position.
    for path in (f"/v1/resources/{name}/changes?field=/name", f"/v1/resources/{name}"):
        assert (await ada.door.get(path, headers=ada.shown | {"Annal-Min-Position": refused["position"]})).is_success
    return ada


@pytest.fixture(scope="module")
async def auditor(http: httpx2.AsyncClient) -> Somebody:
    return await played(http, "auditor", "auditor")


async def told(somebody: Somebody, path: str, **query: Any) -> Any:
    answer = await somebody.get(path, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_who_changed_this_and_what_was_it_before(ada: Somebody) -> None:
    path = f"/v1/resources/ledger-{ada.account}"
    changed, first = (await told(ada, f"{path}/changes", field="/attributes/amount"))["items"]
    assert (changed["before"], changed["after"], first["actor"]["id"]) == (1200, 12, ada.account)
    assert changed["actor"]["id"] != ada.account
    difference = await told(ada, f"{path}/diff", **{"from": "1"})
    assert {each["field"] for each in difference["changes"]} == {"/attributes/amount", "/editors"}
    then = await told(ada, path, as_of=first["time"])
    assert (then["attributes"], then["editors"]) == ({"amount": 1200}, [])
    assert (await told(ada, path, as_of=datetime.now(UTC).isoformat()))["attributes"] == {"amount": 12}


async def test_an_auditor_finds_who_asked_what_and_follows_a_request(ada: Somebody, auditor: Somebody) -> None:
    subject = f"ledger-{ada.account}"
    rejected, changed, *_, registered = (await told(auditor, "/v1/audit", subject=subject))["items"]
    assert (rejected["status"], rejected["code"]) == ("rejected", "attributes_invalid")
    assert (changed["type"], registered["type"]) == ("resource.change", "resource.register")
    assert registered["actor"]["id"] == ada.account
    assert registered["actor"]["address"] == "127.0.0.1"
    (only,) = (await told(auditor, "/v1/audit", subject=subject, status="rejected"))["items"]
    assert only["command_id"] == rejected["command_id"]
    by_type = (await told(auditor, "/v1/audit", subject=subject, type="resource.changed"))["items"]
    assert [each["command_id"] for each in by_type] == [changed["command_id"]]
    from_here = (await told(auditor, "/v1/audit", subject=subject, address="127.0.0.1"))["items"]
    assert len(from_here) == 4
    assert (await told(auditor, "/v1/audit", subject=subject, address="203.0.113.7"))["items"] == []
    followed = await told(auditor, f"/v1/audit/commands/{registered['command_id']}")
    (fact,) = followed["facts"]
    assert (fact["type"], fact["position"]) == ("resource.registered", registered["position"])
    assert followed["asked_time"] <= followed["time"] <= followed["known_time"]
    assert {"resource", "history", "past"} <= {each["read_model"] for each in followed["read_models"] if each["knows"]}


async def test_what_policies_asked_stands_with_what_made_them(ada: Somebody, auditor: Somebody) -> None:
    """Opening an account begins with a claim of its address, whose fact makes a policy open the account."""
    (opened,) = (await told(auditor, "/v1/audit", subject=ada.account, type="account.open"))["items"]
    assert opened["causation_id"]
    (claimed,) = [
        each
        for each in (await told(auditor, "/v1/audit", correlation=opened["correlation_id"]))["items"]
        if each["type"] == "address.claim"
    ]
    followed = await told(auditor, f"/v1/audit/commands/{claimed['command_id']}")
    assert opened["command_id"] in [each["command_id"] for each in followed["because_of_it"]]


async def test_what_auditors_read_is_on_record(ada: Somebody, auditor: Somebody) -> None:
    subject = f"ledger-{ada.account}"
    await told(auditor, "/v1/audit", subject=subject, address="127.0.0.1")
    noted = (await told(auditor, "/v1/audit", domain="audit", actor="auditor", limit=5))["items"]
    assert {(each["type"], *each["facts"]) for each in noted} == {("audit.note_reading", "audit.reading_noted")}
    followed = [(await told(auditor, f"/v1/audit/commands/{each['command_id']}"))["facts"] for each in noted]
    (asked,) = [fact["data"]["asked"] for (fact,) in followed if "address" in fact["data"]["asked"]]
    assert asked["subject"] == [subject]
    # The address that was looked for is personal.
    assert "127.0.0.1" not in str(asked)


async def test_checkpoints_that_auditors_read_are_on_record(http: httpx2.AsyncClient, auditor: Somebody) -> None:
    began, reader = datetime.now(UTC), await played(http, f"reader{uuid4().hex[:8]}", "auditor")
    newest, *_ = (await told(reader, "/v1/checkpoints", limit=3))["items"]
    await told(reader, f"/v1/checkpoints/{newest['number']}")
    one, listed = await noted_of(auditor, reader.account, began, 2)
    assert (listed["path"], listed["asked"]) == ("/v1/checkpoints", {"limit": ["3"]})
    assert (one["path"], one["asked"]) == (f"/v1/checkpoints/{newest['number']}", {})


async def test_what_is_read_at_the_machine_is_on_record(auditor: Somebody, running: Running, tmp_path: Path) -> None:
    began, file = datetime.now(UTC), tmp_path / "roles.ndjson"
    for code, said, *words in (
        (0, "nobody", "audit", "search", "--actor", "nobody"),
        (0, "Nothing of this range is as it was asked for.", "replay", "role", "--subject", "nobody"),
        (0, "none: nothing is as it was asked for", "export", "--subject", "nobody", "--out", str(file)),
        (0, "All is as it must be.", "verify", "--journal", "role"),
        (0, "all", "replay", "role", "--dry-run"),
        (0, "each as it was exported", "verify", str(file)),
    ):
        done = await asyncio.to_thread(annal, running.settings, *words)
        assert (done.returncode, said.lower() in (done.stdout + done.stderr).lower()) == (code, True), done
    noted = await noted_of(auditor, "machine", began, 4)
    by = noted[0]["asked"]["by"]
    assert [(each["path"], each["asked"]) for each in reversed(noted)] == [
        ("/annal/audit/search", {"actor": ["nobody"], "by": by}),
        ("/annal/replay", {"topics": ["role"], "subject": ["nobody"], "by": by}),
        ("/annal/export", {"subject": ["nobody"], "out": [str(file)], "by": by}),
        ("/annal/verify", {"journal": ["role"], "by": by}),
    ]


async def noted_of(auditor: Somebody, reader: str, since: datetime, count: int) -> list[dict[str, Any]]:
    """Give what is on record of a reader, the newest first, once the read model knows so many."""
    last: list[Any] = []
    until = time.monotonic() + PATIENCE
    while len(last) < count:
        assert time.monotonic() < until
        asked = {"domain": "audit", "actor": reader, "since": since.isoformat()}
        last = (await told(auditor, "/v1/audit", **asked))["items"]
    followed = [(await told(auditor, f"/v1/audit/commands/{each['command_id']}"))["facts"] for each in last]
    return [fact["data"] for (fact,) in followed]


async def test_only_auditors_are_told_and_what_they_cannot_mean_is_refused(ada: Somebody, auditor: Somebody) -> None:
    for path in ("/v1/audit", "/v1/audit/export", f"/v1/audit/subjects/account/{ada.account}"):
        answer = await ada.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    later = {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    for path, query in (
        ("/v1/audit", later),
        ("/v1/audit", {"status": "lost"}),
        ("/v1/audit", {"colour": "red"}),
        ("/v1/audit/subjects/nothing/x", {}),
    ):
        answer = await auditor.get(path, **query)
        assert answer.status_code == 422, answer.text
    assert (await told(auditor, "/v1/audit", subject="nobody-ever"))["items"] == []
    assert (await auditor.get("/v1/audit/commands/nothing")).status_code == 404


async def test_any_subject_is_looked_back_at_with_what_is_personal_sealed(ada: Somebody, auditor: Somebody) -> None:
    path = f"/v1/audit/subjects/account/{ada.account}"
    now = await told(auditor, path)
    assert (now["state"]["verified"], "Ada" in str(now)) == (True, False)
    (verified,) = (await told(auditor, f"{path}/changes", field="/verified", limit=1))["items"]
    assert (verified["before"], verified["after"]) == (False, True)
    then = await told(auditor, path, as_of=f"{verified['position'].rpartition(':')[0]}:{_before(verified)}")
    assert then["state"]["verified"] is False
    fields = {each["field"] for each in (await told(auditor, f"{path}/diff", **{"from": "1"}))["changes"]}
    assert "/verified" in fields


def _before(change: dict[str, Any]) -> int:
    return int(change["position"].rpartition(":")[2]) - 1


async def asked_by(auditor: Somebody, somebody: Somebody) -> Any:
    """Give the one change of a profile that somebody asked for."""
    until = time.monotonic() + PATIENCE
    while not (
        found := (await told(auditor, "/v1/audit", actor=somebody.account, type="account.change_profile"))["items"]
    ):
        assert time.monotonic() < until
        await asyncio.sleep(0.1)
    (only,) = found
    return only


def kept(answer: httpx2.Response, file: Path) -> list[str]:
    """Keep an export in a file; give the values of its records, which are as on Kafka."""
    assert answer.status_code == 200, answer.text
    file.write_bytes(answer.content)
    *lines, manifest = map(orjson.loads, answer.content.splitlines())
    assert manifest["manifest"]["count"] == len(lines)
    return [line["value"] for line in lines]


async def test_who_was_erased_asked_from_nowhere_any_more_and_what_they_did_is_proved_as_before(
    http: httpx2.AsyncClient, auditor: Somebody, tmp_path: Path
) -> None:
    cy = await somebody(http, "Cy")
    await cy.ask("account.change_profile", locale="de")
    assert (await asked_by(auditor, cy))["actor"]["address"] == "127.0.0.1"
    key = (await http.get("/v1/checkpoints/key")).json()["key"]
    before, after = tmp_path / "before.ndjson", tmp_path / "after.ndjson"
    values = kept(await auditor.get("/v1/audit/export", actor=cy.account), before)
    assert verify(before, [], key).findings == []
    await cy.ask("account.erase", account_id=cy.account)

    until = time.monotonic() + PATIENCE
    while (await asked_by(auditor, cy))["actor"]["address"] is not None:
        assert time.monotonic() < until
        await asyncio.sleep(0.2)
    answer = await felt(lambda: auditor.get(f"/v1/audit/subjects/account/{cy.account}"), 200)
    assert answer.json()["state"]["status"] == "erased"
    assert set(values) <= set(kept(await auditor.get("/v1/audit/export", actor=cy.account), after))
    for file in (before, after):
        assert verify(file, [], key).findings == []
    forged = after.read_bytes().replace(b'"locale"', b'"avatar"', 1)
    after.write_bytes(forged)
    assert [each.line for each in verify(after, [], key).findings if each.line]
