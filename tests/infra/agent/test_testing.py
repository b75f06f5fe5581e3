"""Conversation tests are run as clients talk; the doors here answer each message with its own words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.script import Case
from infra.agent.people import Answer, players
from infra.agent.rounds import cases
from infra.agent.testing import run
from infra.settings import Unusable


class Echo:
    """Doors behind which an agent says back what it is told; `twice` takes one message for two if it comes again.

    Of accounts it knows that those who left are not let in.
    """

    def __init__(self, *, twice: bool = False) -> None:
        self._twice = twice
        self._left: set[str] = set()
        self._tokens = 0
        self.asked: list[tuple[str, Any, Mapping[str, str]]] = []
        self._said: list[str] = []
        self._keys: set[str] = set()

    async def __call__(
        self, method: str, path: str, token: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        if (entered := self._entered(path, body)) is not None:
            return Answer(200, entered)
        if path == "/v1/sessions/leave":
            self._left.add(token)
        if token in self._left:
            return Answer(401, {"code": "session_ended", "detail": "Sign in again."})
        assert token.startswith("token of ")
        if method == "POST":
            self.asked.append((path.rpartition("/")[2], body, headers or {}))
            return self._command(path, body, headers or {})
        if "/turns/" in path:
            return Answer(200, self._turn(int(path.rpartition("/")[2])))
        counted = {"turn": len(self._said), "answered": len(self._said)}
        return Answer(200, {**counted, "wanted": False, "proposal": None, "dialogue": None})

    def _entered(self, path: str, body: Any) -> Any:
        if path == "/v1/dev/login":
            return {"account_id": body["account"], "access_token": f"token of {body['account']}"}
        if path == "/v1/sessions":
            self._tokens += 1
            return {"access_token": f"token of {body['address']}, {self._tokens}"}
        if path.startswith("/v1/dev/inbox"):
            return {"items": [{"text": '{"token": "proof"}'}]}
        opens = path.endswith(("account.open", "account.verify_address"))
        return {"status": "accepted", "account_id": "a-1"} if opens else None

    def _command(self, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        if path.endswith("kind.define"):
            return Answer(409, {"code": "kind_not_yours", "detail": "Another account defined this kind."})
        key = headers.get("Idempotency-Key", "")
        if path.endswith("say") and (key not in self._keys or self._twice):
            self._keys.add(key)
            self._said.append(body["text"])
        return Answer(200, {"status": "accepted"})

    def _turn(self, number: int) -> Any:
        told: dict[str, Any] = {
            "intent": "talk.echo",
            "tier": "lexical",
            "ranking": [],
            "slots": [],
            "proposal": None,
            "posted": [],
            "receipts": [],
        }
        return {
            **told,
            "citations": [],
            "replied": True,
            "reply": self._said[number - 1],
            "position": "conversation:0:1",
        }


def case(*steps: Any, **more: Any) -> Case:
    return Case.model_validate({"test_case": "a name", "as": "ada", "steps": list(steps), **more})


async def failed(doors: Echo, each: Case) -> str | None:
    return (await run(each, doors, players(doors, ""))).failed


async def test_a_case_of_which_all_steps_hold_passes() -> None:
    doors = Echo()
    assert (
        await failed(doors, case({"user": "I am {{ada}}"}, {"bot": "I am {{ada}}"}, {"nothing_posted": True})) is None
    )
    opened, said = doors.asked
    assert opened[0] == "conversation.open"
    assert said[1]["text"].startswith("I am ada-")


async def test_the_first_step_that_does_not_hold_is_told() -> None:
    told = await failed(Echo(), case({"user": "hello"}, {"intent": "talk.greet"}, {"bot": "never seen"}))
    assert told == "step 2 (intent): the intent is talk.echo, not talk.greet"


async def test_each_run_has_people_and_numbers_of_its_own() -> None:
    doors = Echo()
    for _ in range(2):
        await failed(doors, case({"user": "{{id}} {{bob}}"}))
    first, second = (body["text"] for type_, body, _ in doors.asked if type_ == "conversation.say")
    assert first != second


async def test_a_message_that_comes_again_is_sent_with_its_key_and_is_one_turn() -> None:
    doors = Echo()
    assert await failed(doors, case({"user": "hello"}, {"again": True})) is None
    keys = [headers["Idempotency-Key"] for type_, _, headers in doors.asked if type_ == "conversation.say"]
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_a_message_that_is_taken_twice_fails() -> None:
    told = await failed(Echo(twice=True), case({"user": "hello"}, {"again": True}))
    assert told == "step 2 (again): the message was taken 2 times"


async def test_a_long_message_is_said_in_one() -> None:
    doors = Echo()
    await failed(doors, case({"user": "ab ", "times": 3}))
    assert doors.asked[-1][1]["text"] == "ab ab ab "


async def test_what_is_given_is_done_first_and_a_refusal_may_do_as_well() -> None:
    given = {"command": {"type": "kind.define", "payload": {"kind": "invoice"}}}
    assert await failed(Echo(), case({"user": "hi"}, given=[given | {"unless": "kind_not_yours"}])) is None
    told = await failed(Echo(), case({"user": "hi"}, given=[given]))
    assert told == "given: kind.define was not done: Another account defined this kind."


async def test_who_has_roles_is_the_account_of_a_token() -> None:
    told = await failed(Echo(), case({"user": "hi"}, roles=["admin"]))
    assert told is not None
    assert "give --token of an account that has them" in told


async def test_a_confirmation_of_nothing_fails() -> None:
    assert await failed(Echo(), case({"confirm": True})) == "step 1 (confirm): nothing waits to be confirmed"


async def test_who_gave_up_what_they_show_is_not_let_in_until_they_sign_in_again() -> None:
    left = [{"user": "hello"}, {"given_up": True}, {"user": "are you there?"}, {"refused": "session_ended"}]
    doors = Echo()
    assert await failed(doors, case(*left, shows="session")) is None
    said = [body["text"] for type_, body, _ in doors.asked if type_ == "conversation.say"]
    assert said == ["hello"]
    again = case(*left, {"signed_in": True}, {"user": "hello again"}, {"bot": "hello again"}, shows="session")
    assert await failed(Echo(), again) is None


async def test_a_refusal_that_no_step_wants_fails() -> None:
    told = await failed(Echo(), case({"user": "hi"}, {"given_up": True}, {"user": "hi"}, shows="session"))
    assert told == "step 3 (user): conversation.say was not done: Sign in again."
    told = await failed(Echo(), case({"user": "hi"}, {"refused": "session_ended"}))
    assert told == "step 2 (refused): the message was let in, not refused as session_ended"


async def test_who_is_signed_in_for_play_cannot_give_that_up() -> None:
    told = await failed(Echo(), case({"user": "hi"}, {"given_up": True}))
    assert told is not None
    assert "say `shows: session`" in told


async def test_a_question_is_asked_again_until_it_is_answered() -> None:
    doors = Echo()
    assert await failed(doors, case({"user": "hello", "until": "hello"})) is None
    assert [type_ for type_, *_ in doors.asked].count("conversation.say") == 1


async def test_a_placeholder_that_nobody_has_is_told() -> None:
    told = await failed(Echo(), case({"user": "{{last}}"}))
    assert told == "step 1 (user): Nothing is called {{last}} here; write one of ada, id."


def test_tests_are_read_from_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "a.yaml").write_text("test_cases: [{test_case: a, as: ada, steps: [{user: hi}]}]")
    assert [each.test_case for each in cases([tmp_path])["a.yaml"]] == ["a"]
    with pytest.raises(Unusable, match=r"There is no \.yaml in"):
        cases([tmp_path / "none"])
    (tmp_path / "b.yaml").write_text("tests: []")
    with pytest.raises(Unusable, match=r"b\.yaml: Field required at test_cases"):
        cases([tmp_path])
