"""Every leaf of every tree has a path to its root, and nothing else has."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.merkle import EMPTY, Growing, Tree, leads, leaf, node


def leaves(count: int) -> list[bytes]:
    return [sha256(b"%d" % n).digest() for n in range(count)]


def recursive(data: list[bytes]) -> bytes:
    """The root as RFC 9162 §2.1.1 defines it."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return leaf(data[0])
    half = 1 << (len(data) - 1).bit_length() - 1
    return node(recursive(data[:half]), recursive(data[half:]))


@pytest.mark.parametrize("count", [*range(70), 127, 128, 129])
def test_every_leaf_of_every_size_has_a_path_and_no_other_leaf_has_it(count: int) -> None:
    data = leaves(count)
    tree, growing = Tree(data), Growing()
    for each in data:
        growing.add(each)
    assert tree.root == growing.root() == recursive(data)
    for index, each in enumerate(data):
        path = tree.path(index)
        assert leads(each, index, count, path, tree.root)
        assert not any(leads(each, other, count, path, tree.root) for other in range(-1, count + 1) if other != index)
        assert not any(leads(other, index, count, path, tree.root) for other in data if other != each)


@given(st.integers(1, 300), st.data())
def test_no_changed_path_leads_to_the_root(count: int, draw: st.DataObject) -> None:
    data = leaves(count)
    index = draw.draw(st.integers(0, count - 1))
    tree = Tree(data)
    path = tree.path(index)
    changed = draw.draw(
        st.one_of(
            st.just([*path, bytes(32)]),
            st.just(path[:-1] if path else [bytes(32)]),
            st.permutations(path),
            st.lists(st.binary(min_size=32, max_size=32), max_size=9),
        )
    )
    assert leads(data[index], index, count, changed, tree.root) == (changed == path)


def test_of_another_size_there_is_no_path() -> None:
    data = leaves(8)
    tree = Tree(data)
    assert not leads(data[7], 7, 9, tree.path(7), tree.root)
    assert not leads(data[3], 3, 4, tree.path(3), tree.root)


def test_a_node_is_no_leaf() -> None:
    first, second, *_ = data = leaves(4)
    tree = Tree(data)
    inner = leaf(first) + leaf(second)
    assert not leads(inner, 0, 2, tree.path(0)[1:], tree.root)


def test_roots_are_those_that_others_find() -> None:
    """The tree of RFC 6962's own reference implementation."""
    data = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58))]
    data.append(bytes(range(0x60, 0x70)))
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Tree(data).root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert Tree(data[:3]).root.hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
