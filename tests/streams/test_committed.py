"""A place in a journal survives being committed, and what nobody of ours committed is the beginning."""

import pytest
from aiokafka.structs import OffsetAndMetadata
from hypothesis import given
from hypothesis import strategies as st

from streams.committed import Reached


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_place_is_read_as_it_was_committed(offset: int, head: bytes) -> None:
    assert Reached.read(Reached(offset, head).commit()) == Reached(offset, head)


@pytest.mark.parametrize("metadata", ["", "by hand", "ab" * 31, "AB" * 32, "ab" * 33])
def test_an_offset_that_was_set_by_hand_is_the_beginning(metadata: str) -> None:
    assert Reached.read(OffsetAndMetadata(7, metadata)) == Reached()


def test_where_nothing_was_committed_is_the_beginning() -> None:
    assert Reached.read(None) == Reached()
    assert Reached.read(OffsetAndMetadata(-1, "")) == Reached()
