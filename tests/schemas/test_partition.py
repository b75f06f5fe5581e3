"""A key's partition is the one that other clients choose."""

from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from schemas.partition import partition_of


@given(st.binary(max_size=300), st.integers(1, 1000))
def test_it_is_the_one_that_aiokafka_chooses(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions
