"""The page of what the standard asks leaves nothing out, and names only tests that there are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path("docs/security.md").read_text()
TESTS = Path("tests")

CHAPTERS = {
    "6.1": "1 2 3",
    "6.2": "1 2 3 4 5 6 7 8 9 10 11 12",
    "6.3": "1 2 3 4",
    "6.4": "1 2 3 4",
    "6.5": "1 2 3 4 5",
    "6.6": "1 2 3",
    "6.8": "1 2 3 4",
    "7.1": "1 2 3",
    "7.2": "1 2 3 4",
    "7.3": "1 2",
    "7.4": "1 2 3 4 5",
    "7.5": "1 2",
    "7.6": "1 2",
    "8.1": "1 2",
    "8.2": "1 2 3",
    "8.3": "1",
    "8.4": "1",
    "9.1": "1 2 3",
    "9.2": "1 2 3 4",
}
"""The requirements of levels 1 and 2 in ASVS 5.0."""


def test_every_requirement_has_its_row_in_order() -> None:
    rows = [row for row in re.findall(r"^\| ([\d.]+) \|", PAGE, re.MULTILINE) if not row.startswith("10.")]
    assert rows == [f"{section}.{number}" for section, numbers in CHAPTERS.items() for number in numbers.split()]


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`([\w/]+\.py::[\w:]+)`", PAGE))))
def test_every_test_that_is_named_is_there(named: str) -> None:
    path, _, name = named.partition("::")
    assert name in _names(ast.parse((TESTS / path).read_text()))


def _names(found: ast.Module | ast.ClassDef, within: str = "") -> Iterator[str]:
    for each in found.body:
        if isinstance(each, ast.ClassDef):
            yield from _names(each, f"{each.name}::")
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{within}{each.name}"
