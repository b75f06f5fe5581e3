"""People at the doors: with names and addresses that nobody else has, and mail that they read."""

import re
import time
import uuid
from typing import Any

import httpx2

PASSWORD = "seven lamps over the quiet harbour"  # noqa: S105 - of people who are made up
WAIT = {"Prefer": "wait=20"}


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
        self.account = self.ask("account.open", address=self.address, password=PASSWORD, display_name=self.name)[
            "account_id"
        ]

    def mailed(self, subject: str = "") -> str:
        """Give the token of the newest mail; it is there a moment after what it tells of."""
        until = time.monotonic() + 60
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


def person(http: httpx2.Client, name: str) -> Person:
    somebody = Person(http, name)
    somebody.register()
    somebody.verify()
    somebody.sign_in()
    return somebody
