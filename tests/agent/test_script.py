"""Conversation tests are read as they are written, and a mistake in one is told with its place."""

from pathlib import Path

import pytest

from agent.script import STEP, Confirm, ScriptInvalid, User, filled, read, written

GOOD = """
given:
  - as: keeper
    command: {type: kind.define, payload: {kind: invoice}}
    unless: kind_not_yours
test_cases:
  - test_case: a name
    as: ada
    given:
      - command: {type: resource.register, payload: {resource_id: "invoice-{{id}}"}}
    steps:
      - user: rename invoice-{{id}} to Rossi, says {{bob}}
      - confirm: yes
      - command_posted: {type: resource.rename, payload: {name: Rossi}}
"""


def test_what_is_given_to_a_file_is_given_to_each_test_before_its_own() -> None:
    (case,) = read(GOOD, "good.yaml").cases
    assert [given.command.type for given in case.given] == ["kind.define", "resource.register"]
    assert [type(step) for step in case.steps[:2]] == [User, Confirm]


def test_the_other_people_are_those_who_do_something_or_are_spoken_of() -> None:
    (case,) = read(GOOD, "good.yaml").cases
    assert case.others == {"keeper", "bob"}


def test_what_is_written_is_read_as_the_same() -> None:
    script = read(GOOD, "good.yaml")
    assert read(written(script), "again.yaml") == script


def _with(step: str) -> str:
    return f"test_cases:\n  - test_case: a name\n    as: ada\n    steps:\n      - user: hello\n      - {step}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("test_cases: [}", "x.yaml, line 1: this is no YAML"),
        (_with("intnet: resource.read"), "x.yaml, test case “a name”, step 2: this is no step; begin it with user, "),
        (
            _with("{intent: resource.read, min_confidence: 2}"),
            "x.yaml, test case “a name”, step 2: Input should be less",
        ),
        (
            _with("command_posted: {payload: {}}"),
            "x.yaml, test case “a name”, step 2: Field required at command_posted.type.",
        ),
        (
            _with("{bot: hello, cites: [a]}"),
            "x.yaml, test case “a name”, step 2: Extra inputs are not permitted at cites",
        ),
        (
            "test_cases:\n  - test_case: b\n    as: ada\n    steps: []\n",
            "x.yaml, test case “b”: Tuple should have at least 1",
        ),
        ("test_cases:\n  - test_case: b\n    steps: [{user: hi}]\n", "x.yaml, test case “b”: Field required at as."),
        ("tests: []", "x.yaml: Field required at test_cases."),
        ("", "x.yaml: Input should be"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(ScriptInvalid) as raised:
        read(text, "x.yaml")
    assert str(raised.value).startswith(told), raised.value


def test_placeholders_are_filled_in_wherever_text_stands() -> None:
    step = STEP.validate_python({"command_posted": {"type": "t", "payload": {"a": ["{{id}}", 5], "b": "x-{{ bob }}"}}})
    said = filled(step.model_dump(by_alias=True), {"id": "7", "bob": "b"})
    assert said["command_posted"]["payload"] == {"a": ["7", 5], "b": "x-b"}


def test_a_placeholder_that_stands_for_nothing_is_told() -> None:
    with pytest.raises(ScriptInvalid, match=r"Nothing is called \{\{bob\}\} here; write one of id, last\."):
        filled("{{bob}}", {"last": "x", "id": "7"})


def test_what_is_run_by_hand_can_be_read() -> None:
    by_hand = Path(__file__).parent / "expiring.yaml"
    assert read(by_hand.read_text(), by_hand.name).cases
