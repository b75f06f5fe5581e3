"""Of what a client of AG-UI sends, the last that its user said is said, or what they answer to an interrupt."""

from typing import Any

import orjson
import pytest

from agent.channels import Words
from agent.runs import _read, _words
from schemas.conversation import Consent
from schemas.problems import Problem

DIGEST = "a" * 64


def words(**sent: Any) -> Words:
    return _words(_read(orjson.dumps({"threadId": "t", "runId": "r", "messages": [], **sent}), "t"))


def of_user(content: Any, role: str = "user") -> dict[str, Any]:
    return {"id": "1", "role": role, "content": content}


def resume(status: str = "resolved", **more: Any) -> list[dict[str, Any]]:
    return [{"interruptId": "p", "status": status, **more}]


def test_the_last_message_of_the_user_is_said() -> None:
    assert words(messages=[of_user("hello"), of_user("Hello.", "assistant"), of_user("list my resources")]) == Words(
        "list my resources", "http", "r"
    )


def test_parts_of_text_are_said_together() -> None:
    parts = [{"type": "text", "text": "hello"}, {"type": "text", "text": "there"}]
    assert words(messages=[of_user(parts)]).text == "hello\nthere"


def test_a_client_that_stands_for_more_says_so() -> None:
    assert words(messages=[of_user("hello")], forwardedProps={"channel": "cli"}).channel == "cli"
    assert words(messages=[of_user("hello")], forwardedProps={"theme": "dark"}).channel == "http"


@pytest.mark.parametrize("approved", [True, False])
def test_an_interrupt_is_answered(approved: bool) -> None:  # noqa: FBT001 - what pytest passes
    said = words(resume=resume(payload={"approved": approved, "digest": DIGEST}))
    assert said.consent == Consent(proposal_id="p", digest=DIGEST, approved=approved)
    assert said.text == ("yes" if approved else "no")


def test_the_digest_may_stand_in_the_metadata() -> None:
    said = words(resume=resume(payload={"approved": True}, metadata={"digest": DIGEST}))
    assert said.consent is not None
    assert said.consent.approved


def test_who_gives_an_interrupt_up_does_not_want_it() -> None:
    said = words(resume=resume("cancelled", payload={"approved": True}, metadata={"digest": DIGEST}))
    assert said.consent is not None
    assert not said.consent.approved


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"threadId": "another"}, "#/threadId"),
        ({"runId": ""}, "#/runId"),
        ({"runId": "with a blank"}, "#/runId"),
        ({"runId": "x" * 201}, "#/runId"),
        ({"messages": None}, "#/messages"),
        ({"messages": []}, "#/messages"),
        ({"messages": [of_user("  ")]}, "#/messages"),
        ({"messages": [of_user("hello", "system")]}, "#/messages"),
        ({"resume": resume(payload=True)}, "#/resume/0/payload"),
        ({"resume": resume(payload={"approved": "yes", "digest": DIGEST})}, "#/resume/0/payload"),
        ({"resume": resume(payload={"approved": True})}, "#/resume/0"),
        ({"resume": [*resume("cancelled"), *resume("cancelled")]}, "#/resume"),
        ({"messages": [of_user("hello")], "forwardedProps": {"channel": "pigeon"}}, "#/forwardedProps/channel"),
    ],
)
def test_what_says_nothing_is_refused(sent: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Problem) as refused:
        words(**sent)
    assert refused.value.members["errors"][0]["pointer"] == pointer
