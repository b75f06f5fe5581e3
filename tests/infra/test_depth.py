"""How deep JSON nests is told from its bytes as a parser would tell it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.depth import DEEPEST, depth, require_shallow
from schemas.problems import Problem

TEXT = st.text(st.sampled_from('{}[]"\\,:aé'))
JSON = st.recursive(
    st.none() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=30
)


def levels(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    return 1 + max(map(levels, value), default=0) if isinstance(value, list) else 0


@given(JSON, st.booleans())
def test_the_depth_of_bytes_is_that_of_the_value(value: Any, ascii_only: bool) -> None:  # noqa: FBT001 - of JSON
    assert depth(json.dumps(value, ensure_ascii=ascii_only).encode()) == levels(value)


def nested(times: int) -> bytes:
    return b'{"a":[' * (times // 2) + b"[]" * (times % 2) + b"]}" * (times // 2)


def test_so_many_levels_are_allowed_and_no_more() -> None:
    require_shallow(nested(DEEPEST))
    with pytest.raises(Problem) as told:
        require_shallow(nested(DEEPEST + 1))
    assert told.value.code == "body_invalid"


def test_many_brackets_beside_one_another_are_not_deep() -> None:
    require_shallow(b"[" + b"[],{}," * 10_000 + b"[]]")


def test_brackets_in_text_are_text() -> None:
    require_shallow(json.dumps({"a": "[" * 1000, 'b"\\': '\\"' + "{" * 1000}).encode())


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"]" * 100 + b"[" * 200])
def test_what_never_closes_is_deep_all_the_same(body: bytes) -> None:
    with pytest.raises(Problem):
        require_shallow(body)
