"""Every code that anything of ours says has a status, and every problem is told as RFC 9457 wants it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.domains import DOMAINS
from schemas.problems import STATUS, Problem, answers, pointer

HERE = Path(__file__).parents[2]
SAYING = {"Problem", "Refused", "CommandRejected"}


def said() -> Iterator[tuple[str, str]]:
    """Give every code that stands in a call, with the file that says it."""
    for path in (
        path for package in ("commands", "infra", "projections", "streams") for path in (HERE / package).rglob("*.py")
    ):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id in SAYING:
                given = call.args[:1] or [word.value for word in call.keywords if word.arg == "code"]
                for code in given:
                    if isinstance(code, ast.Constant):
                        yield str(code.value), path.name


def test_every_code_has_a_status() -> None:
    codes = list(said())
    assert len(codes) > 30
    assert [each for each in codes if each[0] not in STATUS] == []


def test_no_two_domains_mean_different_things_by_one_code() -> None:
    refusals = [refusal for domain in DOMAINS for refusal in domain.refusals.items()]
    assert all(STATUS[code] == status for code, status in refusals)


def test_a_problem_says_all_that_the_standard_asks_for() -> None:
    body = Problem("resource_unknown", "Look elsewhere.", command_id="c1").body("t1")
    assert body == {
        "type": "urn:annal:problem:resource_unknown",
        "title": "Resource unknown",
        "status": 404,
        "detail": "Look elsewhere.",
        "code": "resource_unknown",
        "trace_id": "t1",
        "command_id": "c1",
    }


def test_a_refusal_that_is_newer_than_the_door_is_told_all_the_same() -> None:
    assert Problem("of_tomorrow", "No.").status == 422


def test_routes_name_their_problems_by_status() -> None:
    assert {
        status: each["description"] for status, each in answers("body_invalid", "kind_unknown", "not_found").items()
    } == {
        404: "Problem: `not_found`",
        422: "Problem: `body_invalid`, `kind_unknown`",
    }


@pytest.mark.parametrize(("place", "text"), [((), "#"), (("a", 0), "#/a/0"), (("a/b~c",), "#/a~1b~0c")])
def test_places_are_json_pointers(place: tuple[str | int, ...], text: str) -> None:
    assert pointer(place) == text
